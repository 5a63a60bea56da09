// The component of the first example counts wherever its recorder is provided, and runs without one.
import { expect, it } from "@effect/vitest"
import { Console, Effect, Exit, Layer } from "effect"
import { MetricsLayer, MetricsRuntime, Recorder } from "mvx-metrics"
import { DocumentStorage } from "../../examples/01_document-storage/document-storage.ts"
import { program } from "../../examples/01_document-storage/program.ts"
import { onConsole } from "../support/onConsole.ts"

const namespace = "example.metrics"

const runtimes = {
  "in process": MetricsLayer.layerInProcess({ namespace, logging: "silent" }),
  "on the worker": MetricsLayer.layerWorker({ namespace, logging: "silent" })
}

const printed =
  '{"document_storage.save.attempts":{"name":"document_storage.save.attempts","dimensions":{"total":3,"success_total":2,"failure_total":1}}}'

for (const [where, Runtime] of Object.entries(runtimes)) {
  const Metrics = Recorder.layer("document_storage").pipe(Layer.provideMerge(Runtime))

  it.effect(`the document storage prints its metrics with one recorder for everything, ${where}`, () =>
    Effect.gen(function* () {
      const lines = yield* onConsole(Effect.provide(program, DocumentStorage.layer.pipe(Layer.provideMerge(Metrics))))
      expect(lines).toEqual([printed])
    })
  )

  it.effect(`the document storage prints the same with a recorder for the component only, ${where}`, () =>
    Effect.gen(function* () {
      const App = Layer.merge(DocumentStorage.layer.pipe(Layer.provide(Metrics)), Metrics)
      // The recorder that the program reads is found by its id: what emits has none.
      const unrecorded = Effect.gen(function* () {
        const storage = yield* DocumentStorage
        yield* storage.save("a", "the first document")
        yield* storage.save("b", "the second document")
        yield* Effect.ignore(storage.save("c", ""))
      })
      const read = Effect.gen(function* () {
        const recorder = yield* (yield* MetricsRuntime).getRecorder("document_storage")
        yield* Console.log(JSON.stringify(yield* recorder.snapshots))
      })
      const lines = yield* onConsole(
        Effect.gen(function* () {
          const context = yield* Layer.build(App)
          const storage = yield* Effect.provide(DocumentStorage, context)
          yield* Effect.provideService(unrecorded, DocumentStorage, storage)
          yield* Effect.provide(read, context)
        }).pipe(Effect.scoped)
      )
      expect(lines).toEqual([printed])
    })
  )
}

it.effect("the document storage saves and rejects the same without a recorder", () =>
  Effect.gen(function* () {
    const storage = yield* DocumentStorage
    yield* storage.save("a", "the first document")
    const refused = yield* Effect.exit(storage.save("c", ""))
    expect(Exit.findErrorOption(refused)).toMatchObject({ value: { _tag: "EmptyDocument", id: "c" } })
  }).pipe(Effect.provide(DocumentStorage.layer))
)
