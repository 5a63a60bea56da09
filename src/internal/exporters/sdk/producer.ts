/**
 * A runtime as a producer of metrics for a reader of OpenTelemetry's SDK.
 */
import type { CollectionResult, MetricProducer, ResourceMetrics } from "@opentelemetry/sdk-metrics"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { internalsOf } from "../../runtime/internals.ts"
import type { RuntimeService } from "../../runtime/service.ts"
import { within } from "../../util/liveClock.ts"
import { allSteps } from "../../util/steps.ts"
import { Version } from "../../util/version.ts"
import { collect, collectSource } from "../collect.ts"
import { Batches, type Told } from "../otlp/batches.ts"
import { sdkMetrics } from "./sdkMetrics.ts"

/** As long as a read may take where the reader does not say. */
const Longest = 10_000

const scope = { name: "mvx-metrics", version: Version }

export const makeProducer = (runtime: RuntimeService): MetricProducer => {
  const { beforeRemoval, context } = internalsOf(runtime)
  const run = Effect.runPromiseWith(context)
  const clock = Effect.runSyncWith(context)(Clock.Clock)
  const batches = new Batches<{ readonly told: Told }>("cumulative", clock.currentTimeNanosUnsafe())
  beforeRemoval((source) =>
    Effect.map(collectSource(runtime.namespace, source), (last) => {
      const until = clock.currentTimeNanosUnsafe()
      batches.left(last.map((each) => ({ ...each, until })))
    })
  )

  const read = Effect.map(collect(runtime), (collected) => {
    // At once: readers may ask at the same time.
    batches.read(collected)
    const { data, told } = allSteps(batches.next(clock.currentTimeNanosUnsafe(), false))
    batches.delivered({ told })
    batches.forget()
    return sdkMetrics(data)
  })

  return {
    collect: async ({ timeoutMillis = Longest } = {}) => {
      let metrics: ReturnType<typeof sdkMetrics> = []
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

/** A reader takes that of the SDK instead. */
const resource: ResourceMetrics["resource"] = {
  attributes: {},
  merge: (other) => other ?? resource,
  getRawAttributes: () => []
}
