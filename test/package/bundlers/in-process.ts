// Runs without a thread, so there is nothing to be found beside it.
import { Console, Effect, Layer } from "effect"
import { MetricsLayer, Recorder } from "mvx-metrics"
import { SaveMetrics } from "./save.metrics.ts"

const Metrics = Recorder.layer("documents").pipe(
  Layer.provideMerge(MetricsLayer.layerInProcess({ namespace: "example.metrics" }))
)

const program = Effect.gen(function* () {
  const metrics = yield* Recorder.register(SaveMetrics)
  for (const outcome of ["SUCCESS", "SUCCESS", "FAILURE"] as const) {
    yield* metrics.emit({ _tag: "document.save", outcome })
  }
  yield* Console.log(JSON.stringify(yield* Recorder.snapshots))
})

void Effect.runPromise(Effect.provide(program, Metrics))
