// Emitting retains nothing of the fiber that emitted: its context, with the services of the application, can be
// collected.

import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { expect } from "@effect/vitest"
import { Context, Effect } from "effect"
import { Recorder } from "mvx-metrics"
import { nextTurn } from "../../src/internal/util/eventLoopTurn.ts"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"

setFlagsFromString("--expose-gc")
const collectGarbage = runInNewContext("gc") as () => void

class Request extends Context.Service<Request, { readonly body: Uint8Array }>()("test/Request") {}

onBothLayers("the context of a fiber that emitted", (it) => {
  it.effect("is released after the turn of the event loop", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const metrics = yield* recorder.register(Ticks)
      const emissions = [
        () => metrics.emit(tick()),
        () => metrics.onExit(Effect.void, () => tick()),
        () => metrics.track(Effect.void, () => tick()),
        () => Effect.provideService(Recorder.emit(tick()), Recorder, recorder),
        () => Effect.ignore(recorder.emit(tick()))
      ]
      const bodies: Array<WeakRef<object>> = []
      const request = (emission: () => Effect.Effect<void>) => {
        const service = { body: new Uint8Array(1000) }
        bodies.push(new WeakRef(service))
        return Effect.runPromise(Effect.provideService(emission(), Request, service))
      }
      for (const emission of emissions) yield* Effect.promise(() => request(emission))
      for (let i = 0; i < 3; i++) {
        yield* nextTurn
        collectGarbage()
      }
      expect((yield* recorder.stats).accepted).toBe(emissions.length)
      expect(bodies.map((body) => body.deref() === undefined)).toEqual(emissions.map(() => true))
    })
  )
})
