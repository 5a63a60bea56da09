// The component registers its metrics and reports facts. It runs the same without a recorder.
import { Context, Effect, Exit, Layer, type PlatformError, Schema } from "effect"
import { Recorder } from "mvx-metrics"
import { type DocumentStorageEvent, StorageMetrics } from "./document-storage.metrics.ts"

export class EmptyDocument extends Schema.TaggedError<EmptyDocument>()("EmptyDocument", { id: Schema.String }) {}

type Content = string | Uint8Array

export class DocumentStorage extends Context.Service<
  DocumentStorage,
  { readonly save: (id: string, content: Content) => Effect.Effect<void, EmptyDocument | PlatformError.PlatformError> }
>()("example/DocumentStorage") {
  static readonly layer = Layer.effect(
    DocumentStorage,
    Effect.gen(function* () {
      const metrics = yield* Recorder.register(StorageMetrics)
      const documents = new Map<string, Content>()
      return DocumentStorage.of({
        save: Effect.fn("DocumentStorage.save")(function* (id: string, content: Content) {
          if (content.length === 0) return yield* new EmptyDocument({ id })
          documents.set(id, content)
        }, metrics.onExit(saveAttempt))
      })
    })
  )
}

/** The event that every storage reports for a save, however the save ended. */
export const saveAttempt = <A, E>(exit: Exit.Exit<A, E>): typeof DocumentStorageEvent.Type => ({
  _tag: "document_storage.save.attempt",
  outcome: Exit.isSuccess(exit) ? "SUCCESS" : "FAILURE"
})
