/**
 * For exporters that have to say beforehand what there will be: the data of all metrics of a runtime, without its points.
 */

import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { emptySelfData } from "../formats/accounting.ts"
import { emptyData } from "../formats/fromMetric.ts"
import type { MetricData } from "../formats/metricData.ts"
import { internalsOf } from "../runtime/internals.ts"
import type { RuntimeService } from "../runtime/service.ts"
import { giveUpAfter } from "../util/liveClock.ts"
import { collectData } from "./collect.ts"

/** Tells of what is there, of what comes, and of what is there no more. It gives what undoes this. */
export const watchFamilies = (
  runtime: RuntimeService,
  watch: (data: MetricData, isThere: boolean) => void
): (() => void) => {
  for (const data of emptySelfData) watch(data, true)
  return internalsOf(runtime).watchMetrics((metric, isThere) => {
    for (const data of emptyData(metric)) watch(data, isThere)
  })
}

/** Data by name: in one runtime, metrics of one name have one shape. */
type Collection = ReadonlyMap<string, MetricData>

/**
 * Reads a runtime once for all that ask in one turn, and no later: who asks then wants to see what has happened since.
 */
export const sharedCollection = (
  runtime: RuntimeService,
  read: Effect.Effect<ReadonlyArray<MetricData>> = collectData(runtime)
): (() => Promise<Collection>) => {
  let current: Promise<Collection> | undefined
  return () => {
    if (current === undefined) {
      current = collectWithin(internalsOf(runtime).context, read)
      queueMicrotask(() => {
        current = undefined
      })
    }
    return current
  }
}

/** A fold that does not answer must not keep an exporter waiting for ever. */
const Longest = "10 seconds"

const collectWithin = async (
  context: Context.Context<never>,
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
  return new Map(collected.map((data) => [data.name, data]))
}
