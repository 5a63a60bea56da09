/**
 * Effect's `Metric`, the fastest way there is: an instance for each label value, made before, and the synchronous update
 * in a context that has the registry.
 */
import * as Context from "effect/Context"
import * as Metric from "effect/Metric"
import type { Contender } from "../contender.ts"
import { boundaries } from "../document.metrics.ts"
import { bytesOf, durationOf, outcomeOf } from "../documentSave.ts"

export const effectMetric = (): Contender => {
  const context: Context.Context<never> = Context.make(Metric.MetricRegistry, new Map())
  const boundTo = (outcome: string) => ({
    saves: Metric.counter("saves", { attributes: { outcome } }),
    durations: Metric.histogram("durations", { attributes: { outcome }, boundaries })
  })
  const success = boundTo("SUCCESS")
  const failure = boundTo("FAILURE")
  const bytes = Metric.gauge("bytes")
  return {
    name: "Effect Metric, three metrics",
    work: (events) => {
      for (let i = 0; i < events; i++) {
        const { durations, saves } = outcomeOf(i) === "SUCCESS" ? success : failure
        saves.updateUnsafe(1, context)
        durations.updateUnsafe(durationOf(i), context)
        bytes.updateUnsafe(bytesOf(i), context)
      }
    },
    counted: async () => success.saves.valueUnsafe(context).count + failure.saves.valueUnsafe(context).count
  }
}
