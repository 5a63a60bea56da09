/** What is saved of a fold in place, as plain data. Indexes and caches are not included. They are rebuilt. */
import type { Packed } from "../../metric/instruments/packing.ts"
import type { Steps } from "../../util/steps.ts"
import type { KeptState } from "./keptState.ts"

/** For an instrument, or for the sources of a derived metric. */
export type SavedKernel = SavedInstrument | SavedDerived

export interface SavedInstrument {
  readonly table: SavedTable
  /** In the order of their indexes, some series each. */
  readonly series: ReadonlyArray<SavedSeries>
  readonly rejected: number
  readonly idle: SavedIdle | undefined
}

export interface SavedSeries {
  /** In the form that the points save. */
  readonly points: unknown
  readonly exemplars: Packed | undefined
  /** Present if they expire. */
  readonly times: Float64Array | undefined
}

/** In the order of the sources. */
export interface SavedDerived {
  readonly parts: ReadonlyArray<SavedKernel | KeptState>
}

export interface SavedTable {
  /** The keys by index, joined by line feeds: full chunks of them as UTF-8. They include the keys of free indexes. */
  readonly keys: ReadonlyArray<Uint8Array>
  /** The keys after the full chunks. */
  readonly last: string
  /** Keys that have been replaced: their indexes, and the new keys joined by line feeds. */
  readonly changed: readonly [indexes: Int32Array, keys: string] | undefined
  /** The free indexes, in the order in which they became free. Absent: none ever was. */
  readonly free: Int32Array | undefined
  /** The indexes of the series in the order of their creation, if that is not the order of the indexes. */
  readonly order: Int32Array | undefined
}

export interface SavedIdle {
  readonly expiries: number
  readonly expired: unknown
  /** The part of it that is not kept by series. Absent: all of it. */
  readonly unkept?: unknown
  readonly sweptAt: number | null
  readonly latest: number
}

/** The number of series saved in a step, in less than a millisecond. */
export const SavedAtOnce = 512

/** What is saved in this way. */
interface SavedInSteps {
  readonly isStale: boolean
  readonly prepare: () => Steps<void>
  readonly saveTable: () => Omit<SavedInstrument, "series">
  readonly indexCount: number
  readonly saveSeries: (from: number) => SavedSeries
}

/** `cut`: refers to another kernel once its own has changed. */
export function* savingSteps(cut: { readonly kernel: SavedInSteps }): Steps<SavedInstrument> {
  while (cut.kernel.isStale) yield* cut.kernel.prepare()
  const table = cut.kernel.saveTable()
  const series: Array<SavedSeries> = []
  for (let from = 0; from < cut.kernel.indexCount; from += SavedAtOnce) {
    if (from > 0) yield
    series.push(cut.kernel.saveSeries(from))
  }
  return { ...table, series }
}
