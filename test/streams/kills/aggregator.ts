/** A process that folds until it is killed: `aggregator.ts <settings as JSON>`. */
import { Effect } from "effect"
import { MetricsStream } from "mvx-metrics/MetricsStream"
import { KillsMetrics } from "./kills.metrics.ts"
import { type AggregatorSettings, aggregatorOptions } from "./settings.ts"

const { store } = JSON.parse(process.argv[2]!) as AggregatorSettings

const program = Effect.andThen(
  MetricsStream.make({ ...aggregatorOptions, metrics: [KillsMetrics], store }),
  Effect.never
)

const alive = setInterval(() => {}, 1000)
await Effect.runPromise(Effect.scoped(program))
clearInterval(alive)
