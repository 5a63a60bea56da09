/** Merges the counts of ended sources into the entries of their total. */
import { addEndedRow, packStats, Width } from "../formats/packedStats.ts"
import type { Known } from "../merging/mergedParts.ts"
import type { Merger } from "../merging/merger.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { type AboutSource, aboutKey, endedKey, othersKey, storedKey } from "../store/entries.ts"
import type { StoredSource } from "../store/stateStore.ts"
import { describeError } from "../util/describeError.ts"
import type { RecorderStates, SourceStates } from "./sourceStates.ts"
import { storedEntry } from "./storedEntry.ts"

/**
 * How long a source is kept if its next process may continue it, or if this reader does not know all of it: 30 days.
 */
const LongestMillis = 30 * 24 * 60 * 60 * 1000

/** Whether a source will write no more, and can be added up completely. `isSilent`: for this many milliseconds. */
export const isRetirable = (
  { hasEnded, isLasting, source }: StoredSource,
  { rest, unreadable }: SourceStates,
  isSilent: (millis: number) => boolean,
  retireAfter: number
): boolean => {
  if (source === "") return false
  if (isLasting || unreadable.length > 0 || rest.size > 0) return isSilent(LongestMillis)
  return hasEnded || isSilent(retireAfter)
}

type Part = Omit<RecorderStates, "recorderId">

interface RetiringOptions {
  readonly merger: Merger
  readonly metrics: ReadonlyArray<Metric.Any>
  readonly namespace: string
  /** What was retired before. */
  readonly total: SourceStates | undefined
  readonly sources: ReadonlyArray<SourceStates>
  /** The maximum number of ids that are kept separately. The others are merged. */
  readonly maxEnded: number
  readonly now: number
}

/** The entries of the total including these sources; `undefined`: they cannot be made. */
export const retired = (options: RetiringOptions): ReadonlyMap<string, Uint8Array> | undefined => {
  const { maxEnded, merger, namespace, now, sources, total } = options
  if (total !== undefined && total.unreadable.length > 0) return undefined
  const all = total === undefined ? sources : [total, ...sources]
  // The ids of sources that have ended last come last.
  const byId = new Map<string, Array<Part>>()
  for (const { ended, live } of all) {
    for (const { recorderId, states, stats } of [...ended, ...live]) {
      const parts = byId.get(recorderId) ?? []
      byId.delete(recorderId)
      byId.set(recorderId, [...parts, { states: merger.remains(states), stats }])
    }
  }
  for (const id of total?.rest.keys() ?? []) if (id !== "" && !byId.has(id)) byId.set(id, [])
  const ids = [...byId.keys()]
  const forgotten = ids.slice(0, Math.max(0, ids.length - maxEnded))
  const others = [...all.flatMap(({ others }) => others), ...forgotten.flatMap((id) => byId.get(id)!)]
  const about: AboutSource = {
    others: all.reduce((sum, { about }) => sum + about.others, 0) + forgotten.length,
    retired: (total?.about.retired ?? 0) + sources.length
  }
  const merged = (parts: ReadonlyArray<Part>): Known =>
    merger.merge(
      parts.map(({ states }) => states),
      now
    )
  try {
    const entries = new Map<string, Uint8Array>([[aboutKey, Buffer.from(JSON.stringify(about))]])
    const put = (key: string, recorderId: string, parts: ReadonlyArray<Part>): void => {
      const rows = parts.map(({ stats }) => packStats([stats]))
      const stats = rows.reduce<Float64Array>((sum, row) => addEndedRow(sum, row), new Float64Array(Width))
      // What this reader does not know stays as it is.
      const rest = total && { states: total.rest.get(recorderId) ?? [], shapes: total.shapes }
      const of = { namespace, savedAt: now, recorderId, metrics: options.metrics, stats, rest }
      const bytes = storedEntry({ ...of, states: merged(parts) })
      if (bytes !== undefined) entries.set(storedKey(key), bytes)
    }
    for (const id of ids.slice(forgotten.length)) put(endedKey(id), id, byId.get(id)!)
    put(othersKey, "", others)
    return entries
  } catch (error) {
    merger.problem(`the counts of ended processes cannot be merged: ${describeError(error)}`)
    return undefined
  }
}
