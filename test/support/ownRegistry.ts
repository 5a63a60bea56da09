import { Effect, Metric } from "effect"

/** Runs an effect with a registry of Effect's metrics of its own. */
export const alone = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.provideService(effect, Metric.MetricRegistry, new Map())
