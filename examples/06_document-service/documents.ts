// The component: documents as files of a folder. Each operation reports its outcome, bytes and duration.
import { Context, Duration, Effect, Exit, FileSystem, Layer, Path, type PlatformError, Schema } from "effect"
import { HttpServerRespondable, HttpServerResponse } from "effect/http"
import { Recorder } from "mvx-metrics"
import { type DocumentServiceEvent, DocumentServiceMetrics } from "./document-service.metrics.ts"

export class EmptyDocument extends Schema.TaggedError<EmptyDocument>()("EmptyDocument", { id: Schema.String }) {
  [HttpServerRespondable.symbol] = () =>
    Effect.succeed(HttpServerResponse.text("the document is empty\n", { status: 422 }))
}

export class DocumentNotFound extends Schema.TaggedError<DocumentNotFound>()("DocumentNotFound", {
  id: Schema.String
}) {
  [HttpServerRespondable.symbol] = () => Effect.succeed(HttpServerResponse.text("no such document\n", { status: 404 }))
}

/** A document's id is its file name, so it must not lead out of the folder. */
export const DocumentId = Schema.String.check(Schema.isPattern(/^\w[\w.-]{0,99}$/)).pipe(Schema.brand("DocumentId"))
export type DocumentId = typeof DocumentId.Type

type Failure = EmptyDocument | DocumentNotFound | PlatformError.PlatformError

export class Documents extends Context.Service<
  Documents,
  {
    /** Returns the number of bytes stored. */
    readonly put: (id: DocumentId, content: Uint8Array) => Effect.Effect<number, Failure>
    readonly get: (id: DocumentId) => Effect.Effect<Uint8Array, Failure>
    readonly delete: (id: DocumentId) => Effect.Effect<void, Failure>
  }
>()("example/Documents") {
  static readonly layer = (folder: string) =>
    Layer.effect(
      Documents,
      Effect.gen(function* () {
        const metrics = yield* Recorder.register(DocumentServiceMetrics)
        /** Emits one event when an operation has ended, however it ended. */
        const report = <A>(operation: DocumentServiceEvent["operation"], sizeOf: (result: A) => number) =>
          metrics.track((exit: Exit.Exit<A, unknown>, { duration }) => ({
            _tag: "document_service.operation",
            operation,
            outcome: Exit.isSuccess(exit) ? "SUCCESS" : "FAILURE",
            bytes: Exit.isSuccess(exit) ? sizeOf(exit.value) : 0,
            seconds: Duration.toSeconds(duration)
          }))
        const fs = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const existing = <A>(id: DocumentId, self: Effect.Effect<A, PlatformError.PlatformError>) =>
          Effect.catchReason(self, "PlatformError", "NotFound", () => Effect.fail(new DocumentNotFound({ id })))

        return Documents.of({
          put: Effect.fn("Documents.put")(
            function* (id: DocumentId, content: Uint8Array) {
              if (content.length === 0) return yield* new EmptyDocument({ id })
              yield* fs.writeFile(path.join(folder, id), content)
              return content.length
            },
            report("put", (bytes: number) => bytes)
          ),
          get: Effect.fn("Documents.get")(
            (id: DocumentId) => existing(id, fs.readFile(path.join(folder, id))),
            report("get", (content: Uint8Array) => content.length)
          ),
          delete: Effect.fn("Documents.delete")(
            (id: DocumentId) => existing(id, fs.remove(path.join(folder, id))),
            report("delete", () => 0)
          )
        })
      })
    )
}
