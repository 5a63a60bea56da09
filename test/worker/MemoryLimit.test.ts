/** Memory that a runtime is allowed to use, but that its system does not have. */
import { afterEach, expect, it, vi } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { MetricsLayer } from "mvx-metrics"

afterEach(() => {
  vi.unstubAllGlobals()
})

it.effect("a memoryLimit that the machine cannot allocate fails the start, and ends the worker", () =>
  Effect.gen(function* () {
    const memoryLimit = 2 ** 28
    class Refusing extends SharedArrayBuffer {
      constructor(bytes: number) {
        if (bytes >= memoryLimit) throw new RangeError("Array buffer allocation failed")
        super(bytes)
      }
    }
    vi.stubGlobal("SharedArrayBuffer", Refusing)
    const metrics = new URL("../support/probe.metrics.ts", import.meta.url)
    const layer = MetricsLayer.layerWorker({ namespace: "test.memory", metrics, memoryLimit, logging: "silent" })
    // Its scope closes before the error comes out: the test would hang were the worker not to end.
    expect(yield* Effect.flip(Effect.scoped(Layer.build(layer)))).toMatchObject({
      _tag: "mvx-metrics/RuntimeFailed",
      namespace: "test.memory",
      cause: {
        message:
          "memoryLimit: could not be allocated: 268435456 bytes (RangeError: Array buffer allocation failed). Use a smaller memoryLimit"
      },
      message: expect.stringContaining("Use a smaller memoryLimit")
    })
  })
)
