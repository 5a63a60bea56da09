/**
 * What is saved of a fold in place, as plain data. Indexes and caches are not part of it: they are made again.
 */
import type { Packed } from "../../metric/instruments/packing.ts"
import type { Steps } from "../../util/steps.ts"
import type { KeptState } from "./keptState.ts"

/** That of an instrument, or of the sources of a derived metric. */
export type SavedKernel = SavedInstrument | SavedDerived

export interface SavedInstrument {
  readonly table: SavedTable
  /** In the order of their indexes, some series each. */
  readonly series: ReadonlyArray<SavedSeries>
  readonly rejected: number
  readonly idle: SavedIdle | undefined
}

export interface SavedSeries {
  /** Whatever the points save of them. */
  readonly points: unknown
  readonly exemplars: Packed | undefined
  /** Where they expire. */
  readonly times: Float64Array | undefined
}

/** In the order of the sources. */
export interface SavedDerived {
  readonly parts: ReadonlyArray<SavedKernel | KeptState>
}

export interface SavedTable {
  /** The keys by index, joined by line feeds: full chunks of them as UTF-8. Those of free indexes are among them. */
  readonly keys: ReadonlyArray<Uint8Array>
  /** Those behind full chunks. */
  readonly last: string
  /** Keys that have others in their place: their indexes, and the keys joined by line feeds. */
  readonly changed: readonly [indexes: Int32Array, keys: string] | undefined
  /** The indexes that are free, in the order in which they became so. Without it none ever was. */
  readonly free: Int32Array | undefined
  /** The indexes of the series in the order in which those came, where it is not that of the indexes. */
  readonly order: Int32Array | undefined
}

export interface SavedIdle {
  readonly expiries: number
  readonly expired: unknown
  /** What of that is not kept by its series. Absent: all of it. */
  readonly unkept?: unknown
  readonly sweptAt: number | null
  readonly latest: number
}

/** Series that are saved in a step, in less than a millisecond. */
export const SavedAtOnce = 512

/** What is saved so. */
interface SavedInSteps {
  readonly isStale: boolean
  readonly prepare: () => Steps<void>
  readonly saveTable: () => Omit<SavedInstrument, "series">
  readonly indexCount: number
  readonly saveSeries: (from: number) => SavedSeries
}

/** `cut`: has another kernel when that one has changed. */
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
