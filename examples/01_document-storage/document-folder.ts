// Another layer of the same service: documents are files of a temporary folder, which is removed with the scope.
import { Effect, FileSystem, Layer, Path } from "effect"
import { Metric, Recorder } from "mvx-metrics"
import { FolderMetrics } from "./document-folder.metrics.ts"
import { StorageMetrics } from "./document-storage.metrics.ts"
import { DocumentStorage, EmptyDocument, saveAttempt } from "./document-storage.ts"

export const layerFolder = Layer.effect(
  DocumentStorage,
  Effect.gen(function* () {
    const metrics = yield* Recorder.register(Metric.combine(StorageMetrics, FolderMetrics))
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
        yield* metrics.emit({ _tag: "document_storage.document.saved", bytes: bytes.length })
      }, metrics.onExit(saveAttempt))
    })
  })
)
