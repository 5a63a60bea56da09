/** For exporters that must announce their data in advance: the data of all metrics of a runtime, without its points. */

import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { emptySelfData } from "../formats/accounting.ts"
import { emptyData } from "../formats/fromMetric.ts"
import type { MetricData } from "../formats/metricData.ts"
import { internalsOf } from "../runtime/internals.ts"
import type { RuntimeService } from "../runtime/service.ts"
import { giveUpAfter } from "../util/liveClock.ts"
import { collectData } from "./collect.ts"

/** Reports existing metrics, new ones, and removed ones. Returns the function that undoes this. */
export const watchFamilies = (
  runtime: RuntimeService,
  watch: (data: MetricData, isThere: boolean) => void
): (() => void) => {
  for (const data of emptySelfData) watch(data, true)
  return internalsOf(runtime).watchMetrics((metric, isThere) => {
    for (const data of emptyData(metric)) watch(data, isThere)
  })
}

/** Data by the key that a reader needs. A removed recorder may have left data of the same key and another shape. */
type Collection = ReadonlyMap<string, ReadonlyArray<MetricData>>

/** Reads a runtime once for all requests in one turn. Later requests must see later changes. */
export const sharedCollection = (
  runtime: RuntimeService,
  keyOf: (data: MetricData) => string,
  read: Effect.Effect<ReadonlyArray<MetricData>> = collectData(runtime)
): (() => Promise<Collection>) => {
  let current: Promise<Collection> | undefined
  return () => {
    if (current === undefined) {
      current = collectWithin(internalsOf(runtime).context, keyOf, read)
      queueMicrotask(() => {
        current = undefined
      })
    }
    return current
  }
}

/** A fold that does not answer must not block an exporter for ever. */
const Longest = "10 seconds"

const collectWithin = async (
  context: Context.Context<never>,
  keyOf: (data: MetricData) => string,
  read: Effect.Effect<ReadonlyArray<MetricData>>
): Promise<Collection> => {
  let collected: ReadonlyArray<MetricData> | undefined
  await Effect.runPromiseWith(context)(
    giveUpAfter(Longest)(
      Effect.map(read, (data) => {
        collected = data
      })
    )
  )
  if (collected === undefined) throw new Error(`mvx-metrics: the metrics could not be read within ${Longest}`)
  return Map.groupBy(collected, keyOf)
}
