// The production component: it registers its metric and reports facts. It runs the same with no recorder.
import { Context, Effect, Exit, Layer, Schema } from "effect"
import { Recorder } from "mvx-metrics"
import { SaveAttempts } from "./document-storage.metrics.ts"

export class EmptyDocument extends Schema.TaggedError<EmptyDocument>()("EmptyDocument", { id: Schema.String }) {}

export class DocumentStorage extends Context.Service<
  DocumentStorage,
  { readonly save: (id: string, content: string) => Effect.Effect<void, EmptyDocument> }
>()("example/DocumentStorage") {
  static readonly layer = Layer.effect(
    DocumentStorage,
    Effect.gen(function* () {
      yield* Recorder.register(SaveAttempts)
      const documents = new Map<string, string>()
      return DocumentStorage.of({
        save: Effect.fn("DocumentStorage.save")(
          function* (id: string, content: string) {
            if (content === "") return yield* new EmptyDocument({ id })
            documents.set(id, content)
          },
          Recorder.onExit((exit) => ({
            _tag: "document_storage.save.attempt",
            outcome: Exit.isSuccess(exit) ? "SUCCESS" : "FAILURE"
          }))
        )
      })
    })
  )
}
