/** A runtime as a producer of metrics for a reader of OpenTelemetry's SDK. */
import type { CollectionResult, MetricData, MetricProducer, ResourceMetrics } from "@opentelemetry/sdk-metrics"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { Streamed } from "../../formats/otlp/streamed.ts"
import { internalsOf } from "../../runtime/internals.ts"
import type { RuntimeService } from "../../runtime/service.ts"
import { inSlices } from "../../util/inSlices.ts"
import { within } from "../../util/liveClock.ts"
import type { Steps } from "../../util/steps.ts"
import { Version } from "../../util/version.ts"
import { type Collected, collect, collectLast } from "../collect.ts"
import { Batches, type Told } from "../otlp/batches.ts"
import { sdkMetrics } from "./sdkMetrics.ts"

/** The time limit of a read, unless the reader sets one. */
const Longest = 10_000

const scope = { name: "mvx-metrics", version: Version }

export const makeProducer = (runtime: RuntimeService): MetricProducer => {
  const { beforeRemoval, context } = internalsOf(runtime)
  const run = Effect.runPromiseWith(context)
  const clock = Effect.runSyncWith(context)(Clock.Clock)
  const batches = new Batches<{ readonly told: Told }>("cumulative", clock.currentTimeNanosUnsafe())
  beforeRemoval((source) =>
    Effect.map(collectLast(runtime, source), ({ all }) => {
      const until = clock.currentTimeNanosUnsafe()
      batches.left(all.map((each) => ({ ...each, until })))
    })
  )

  const convert = function* (collected: Collected): Steps<Array<MetricData>> {
    batches.read(collected)
    const data: Array<Streamed> = []
    const { told } = yield* batches.next(clock.currentTimeNanosUnsafe(), false, (metric) => data.push(metric))
    const metrics = yield* sdkMetrics(data)
    batches.delivered({ told })
    batches.forget()
    return metrics
  }
  // Readers may read at the same time, and each read continues from the previous one.
  const read = Semaphore.makeUnsafe(1).withPermit(
    Effect.flatMap(collect(runtime), (collected) => inSlices(convert(collected)))
  )

  return {
    collect: async ({ timeoutMillis = Longest } = {}) => {
      let metrics: Array<MetricData> = []
      const reading = Effect.map(read, (all) => {
        metrics = all
      })
      const late = () => Effect.fail(new Error(`the metrics could not be read within ${timeoutMillis} ms`))
      const errors: Array<unknown> = []
      await run(within(timeoutMillis, late)(reading)).catch((error: unknown) => errors.push(error))
      return { resourceMetrics: { resource, scopeMetrics: [{ scope, metrics }] }, errors } satisfies CollectionResult
    }
  }
}

/** A reader uses the SDK's own resource instead. */
const resource: ResourceMetrics["resource"] = {
  attributes: {},
  merge: (other) => other ?? resource,
  getRawAttributes: () => []
}
