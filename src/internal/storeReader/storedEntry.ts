/** An entry of a store with merged states. */
import { StateWriter } from "../durable/format.ts"
import { stateBytes } from "../fold/endedStates.ts"
import type { MeasuredParts, PackedMetric } from "../fold/packedMetric.ts"
import type { Known } from "../merging/mergedParts.ts"
import { measuredBy, nameAndMeasured } from "../metric/definition/measured.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { shapeOf } from "../metric/definition/stateShape.ts"

interface EntryOptions {
  readonly namespace: string
  readonly savedAt: number
  readonly recorderId: string
  readonly metrics: ReadonlyArray<Metric.Any>
  readonly states: Known
  /** The accounting, as a row of `packStats`. */
  readonly stats: Float64Array
  /** States that the writer does not know, and their shapes by hash. */
  readonly rest?: { readonly states: ReadonlyArray<PackedMetric>; readonly shapes: MeasuredParts } | undefined
}

/** `undefined`: there are no states. Throws if one cannot be written. */
export const storedEntry = (options: EntryOptions): Uint8Array | undefined => {
  const { metrics, namespace, recorderId, rest, savedAt, states, stats } = options
  const own = metrics.flatMap((metric): ReadonlyArray<PackedMetric> => {
    if (!Object.hasOwn(states, metric.name)) return []
    const bytes = stateBytes(metric, states[metric.name])
    return [{ recorderId, ...nameAndMeasured(metric), goneSince: undefined, bytes }]
  })
  const all = [...own, ...(rest?.states ?? [])]
  if (all.length === 0) return undefined
  const shapes = metrics.map((metric) => [measuredBy(metric).hash, shapeOf(metric)] as const)
  const measured = new Map([...(rest?.shapes ?? []), ...shapes])
  const kept = { namespace, savedAt, measured, shapes: new Map(), metrics: all, stats: [...stats] }
  const writer = new StateWriter(kept)
  while (writer.goOn(Number.POSITIVE_INFINITY));
  return writer.bytes
}
