// An effect is a description: it acts when it is run, and not when it is created or inspected.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { MetricsLayer, MetricsRuntime, type RuntimeService } from "mvx-metrics"
import { onBothRuntimes } from "../support/bothRuntimes.ts"
import { recordLogs } from "../support/logs.ts"
import { lookAt } from "../support/lookAt.ts"

/** Everything of a runtime that is to be run, made anew. */
const effectsOf = (runtime: RuntimeService): { readonly [name: string]: object } => {
  const { recorderIds, shutdown, start, state, stats } = runtime
  return {
    recorderIds,
    shutdown,
    start,
    state,
    stats,
    recorder: runtime.recorder("shared"),
    createRecorder: runtime.createRecorder("own"),
    getRecorder: runtime.getRecorder("first"),
    findRecorder: runtime.findRecorder("first"),
    stopRecorder: runtime.stopRecorder("first"),
    stopAndRemoveRecorder: runtime.stopAndRemoveRecorder("first"),
    flush: runtime.flush(),
    beforeRemoval: runtime.beforeRemoval(() => Effect.void),
    "MetricsRuntime.makeInProcess": MetricsRuntime.makeInProcess({ namespace: "another" }),
    "MetricsRuntime.makeWorker": MetricsRuntime.makeWorker({ namespace: "another" }),
    "MetricsLayer.layerInProcess": MetricsLayer.layerInProcess({ namespace: "another" }),
    "MetricsLayer.layerWorker": MetricsLayer.layerWorker({ namespace: "another" }),
    "MetricsLayer.layerWorkerConfig": MetricsLayer.layerWorkerConfig(),
    "MetricsLayer.config": MetricsLayer.config()
  }
}

const lookedAt = Effect.fnUntraced(function* (runtime: RuntimeService, lines: ReadonlyArray<unknown>) {
  const said = lines.length
  const [one, other] = [effectsOf(runtime), effectsOf(runtime)]
  for (const name of Object.keys(one)) lookAt(one[name]!, other[name]!)
  lookAt(runtime, { ...runtime })
  expect(lines.slice(said)).toEqual([])
  return { state: yield* runtime.state, recorderIds: yield* runtime.recorderIds }
})

onBothRuntimes("an effect of a runtime", (make) => {
  it.effect("does nothing when it is created and inspected", () => {
    const { layer, lines } = recordLogs()
    return Effect.gen(function* () {
      const runtime = yield* make({ logging: "inspection" })
      expect(yield* lookedAt(runtime, lines)).toEqual({ state: "Idle", recorderIds: [] })
      yield* runtime.start
      const recorder = yield* runtime.createRecorder("first")
      expect(yield* lookedAt(runtime, lines)).toEqual({ state: "Running", recorderIds: ["first"] })
      expect(yield* recorder.state).toBe("Running")
    }).pipe(Effect.provide(layer))
  })
})

it.effect("a runtime is printed without the context in which it was created", () =>
  Effect.gen(function* () {
    const runtime = yield* MetricsRuntime.makeInProcess({ namespace: "printed", logging: "silent" })
    expect(JSON.stringify(runtime)).toMatch(/"namespace":"printed"/)
    expect(JSON.stringify(runtime)).not.toMatch(/context|services/)
  })
)
