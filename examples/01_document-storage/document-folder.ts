// Another layer of the same service: documents are files of a temporary folder, which is removed with the scope.
import { Effect, FileSystem, Layer, Path } from "effect"
import { Recorder } from "mvx-metrics"
import { type DocumentFolderEvent, SavedBytes } from "./document-folder.metrics.ts"
import { SaveAttempts } from "./document-storage.metrics.ts"
import { DocumentStorage, EmptyDocument, saveAttempt } from "./document-storage.ts"

export const layerFolder = Layer.effect(
  DocumentStorage,
  Effect.gen(function* () {
    yield* Recorder.register(SaveAttempts)
    yield* Recorder.register(SavedBytes)
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "documents-" })
    return DocumentStorage.of({
      save: Effect.fn("DocumentStorage.save")(function* (id: string, content: string | Uint8Array) {
        if (content.length === 0) return yield* new EmptyDocument({ id })
        const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content
        const file = path.join(folder, id)
        yield* fs.makeDirectory(path.dirname(file), { recursive: true })
        yield* fs.writeFile(file, bytes)
        yield* Recorder.emit<typeof DocumentFolderEvent.Type>({
          _tag: "document_storage.document.saved",
          bytes: bytes.length
        })
      }, Recorder.onExit(saveAttempt))
    })
  })
)
