/**
 * Lets metrics catch up that another aggregator has not folded, from their own states and from the batches that it has
 * kept. Afterwards they are as if this aggregator had folded everything.
 */

import { Evicted } from "../shipping/batchFormat.ts"
import { BatchReader } from "./batchReader.ts"
import { noEventCounts } from "./eventCounts.ts"
import { type FoldedMetrics, isFolded } from "./foldedMetrics.ts"
import { FoldedRecorder } from "./foldedRecorder.ts"
import type { StoredMetric, StoredRecorder } from "./storedRecorder.ts"

/** Metrics of a recorder that have reached the same event. */
interface Behind {
  readonly recorder: FoldedRecorder
  readonly names: ReadonlySet<string>
}

/**
 * `recorders`: by life, as stored. Returns those that have caught up. The batches are those that the store had;
 * whatever was unreadable was left out when they were folded.
 */
export const caughtUp = (
  recorders: ReadonlyMap<number, StoredRecorder>,
  batches: ReadonlyArray<Uint8Array>,
  of: FoldedMetrics
): ReadonlyMap<number, StoredRecorder> => {
  const all = new Map<number, ReadonlyArray<Behind>>()
  for (const [life, stored] of recorders) {
    const behind = behindIn(stored, of)
    if (behind.length > 0) all.set(life, behind)
  }
  if (all.size === 0 || batches.length === 0) return new Map()
  const lanes = new Map<number, ReadonlyArray<Behind>>()
  const each = (lane: number, run: (recorder: FoldedRecorder) => void): void => {
    for (const { recorder } of lanes.get(lane) ?? []) run(recorder)
  }
  const reader = new BatchReader({
    recorder: ({ lane, life, metrics }) => {
      const behind = all.get(life) ?? []
      lanes.set(lane, behind)
      for (const { names, recorder } of behind) recorder.declare(metrics.filter(([name]) => names.has(name)))
    },
    rows: (lane, ...rows) => each(lane, (recorder) => recorder.rows(...rows)),
    event: (lane, ...event) => each(lane, (recorder) => recorder.event(...event)),
    gap: (lane, kind, from, to) =>
      each(lane, (recorder) => recorder.skip(from, to, kind === Evicted ? "evicted" : "ignored")),
    closed: () => {}
  })
  for (const bytes of batches) {
    lanes.clear()
    reader.read(bytes)
  }
  return new Map(Array.from(all, ([life, behind]) => [life, together(recorders.get(life)!, behind, of)]))
}

/** Metrics that have reached the same event are folded together. */
const behindIn = (stored: StoredRecorder, of: FoldedMetrics): ReadonlyArray<Behind> => {
  // What they miss is determined when they are compared with their recorder.
  const quiet = { ...of, onProblem: () => {} }
  const late = stored.metrics.filter((each) => each.sequence !== undefined && each.sequence < stored.sequence)
  const bySequence = new Map<number, Array<StoredMetric>>()
  for (const each of late.filter((each) => isFolded(each.name, each.measured, of))) {
    bySequence.set(each.sequence!, [...(bySequence.get(each.sequence!) ?? []), each])
  }
  return Array.from(bySequence, ([sequence, metrics]) => ({
    names: new Set(metrics.map(({ name }) => name)),
    // What remains to be folded came before the latest event.
    recorder: FoldedRecorder.load(
      { ...stored, sequence, metrics, counts: noEventCounts, latest: Number.NEGATIVE_INFINITY },
      quiet
    )
  }))
}

const together = (stored: StoredRecorder, behind: ReadonlyArray<Behind>, of: FoldedMetrics): StoredRecorder => {
  const found = behind.flatMap(({ recorder: { counts, stored } }) =>
    stored.metrics
      .filter(({ measured, name }) => isFolded(name, measured, of))
      .map((each) => [each.name, { ...each, missed: each.missed + counts.missed }] as const)
  )
  const byName = new Map(found)
  const others = stored.metrics.filter(({ measured, name }) => byName.get(name)?.measured !== measured)
  return { ...stored, metrics: [...others, ...byName.values()] }
}
