// Invalid store modules: the error for opening one names the module and the reason.
import { expect, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { MetricsRuntime } from "mvx-metrics"
import { MetricsStore, StateStore, type StoreModule } from "mvx-metrics/MetricsStore"
import { writeTo } from "../../src/internal/runtime/storeOptions.ts"
import { openStates } from "../../src/internal/store/openStore.ts"
import { ShopMetrics } from "../cluster/fixtures/shop.metrics.ts"
import { namespace } from "./support.ts"

const moduleOf = (name: string, settings?: unknown) =>
  MetricsStore.module(new URL(`./fixtures/odd/${name}.ts`, import.meta.url), settings)

const odd: ReadonlyArray<readonly [StoreModule, string]> = [
  [moduleOf("missing"), "could not be imported"],
  [moduleOf("throws"), "could not be imported: it throws"],
  [moduleOf("nothing"), "does not export a function `layer`"],
  [moduleOf("layers", "throws"), "no settings"],
  [moduleOf("layers", "none"), "did not return a Layer"],
  [moduleOf("layers", "another"), "does not provide mvx-metrics/StateStore"],
  [moduleOf("starts"), "starts a metrics runtime itself"],
  [MetricsStore.module(new URL(`file://${process.argv[1]}`)), "is the program itself"]
]

it.live("a reader, and a worker that writes, fail with the module and its problem", () =>
  Effect.gen(function* () {
    const runtime = yield* MetricsRuntime.makeWorker({ namespace, logging: "silent" })
    yield* runtime.start
    for (const [store, reason] of odd) {
      const reading = Effect.asVoid(MetricsStore.makeReader({ store, namespace, metrics: [ShopMetrics] }))
      const openings: ReadonlyArray<Effect.Effect<void, { readonly _tag: string; readonly message: string }>> = [
        Effect.scoped(reading),
        writeTo(runtime, { store })
      ]
      for (const opening of openings) {
        const error = yield* Effect.flip(opening)
        expect(error._tag).toBe("mvx-metrics/MetricsStoreError")
        expect(error.message).toContain(reason)
        expect(error.message).toContain(store.url.split("/").at(-1))
      }
    }
  })
)

const ofSomebodyElse = (read: StateStore["Service"]["read"]) =>
  Effect.gen(function* () {
    const memory = Context.get(yield* Layer.build(Layer.fresh(MetricsStore.layerMemory)), StateStore)
    const store = Layer.succeed(StateStore, { ...memory, place: "of somebody else", read })
    return yield* MetricsStore.makeReader({ store, namespace, metrics: [ShopMetrics] })
  })

it.effect.each<readonly [string, StateStore["Service"]["read"], string]>([
  [
    "throws",
    () => {
      throw new Error("not connected")
    },
    "not connected"
  ],
  ["returns nonsense", () => Effect.succeed("what" as never), "its answer is not a valid list of sources"],
  ["returns invalid sources", () => Effect.succeed([{ source: 1 }] as never), "its answer is not a valid list"]
])("a third-party store that %s fails a report with an error that names it", ([_, read, reason]) =>
  Effect.gen(function* () {
    const reader = yield* ofSomebodyElse(read)
    const error = yield* Effect.flip(reader.report)
    expect(error).toMatchObject({ _tag: "mvx-metrics/MetricsStoreError", store: "of somebody else", operation: "read" })
    expect(error.message).toContain(reason)
  })
)

it.effect("a store whose layer is never built fails every open", () =>
  Effect.gen(function* () {
    const never = Layer.effectContext(Effect.never) as Layer.Layer<StateStore>
    const error = yield* Effect.flip(openStates(never, "20 millis"))
    expect(error).toMatchObject({ _tag: "mvx-metrics/MetricsStoreError", operation: "open" })
    expect(error.message).toContain("it was not built within 20ms")
  })
)
