// The quick start on real input: every file under a folder goes through the storage, and the metrics count the saves.
import { NodeServices } from "@effect/platform-node"
import { Console, Effect, FileSystem, Layer, Path, Runtime, Schema } from "effect"
import { MetricsLayer, Recorder } from "mvx-metrics"
import { layerFolder } from "./document-folder.ts"
import { DocumentStorage } from "./document-storage.ts"

// Totals must be exact, so a save waits for room instead of losing its event.
const Metrics = Recorder.layer("document_storage", { overflow: "backpressure" }).pipe(
  Layer.provideMerge(MetricsLayer.layerWorker({ namespace: "example.metrics" }))
)

export class JobFailed extends Schema.TaggedError<JobFailed>()("JobFailed", { message: Schema.String }) {
  // The job prints its own failures, one line each, so `runMain` must not print them again.
  override readonly [Runtime.errorReported] = false
}

/** The names, relative to the folder, of all regular files in it and in its folders. Links are not followed. */
const filesUnder = Effect.fn("filesUnder")(function* (root: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { type } = yield* Effect.catchReason(fs.stat(root), "PlatformError", "NotFound", () =>
    Effect.fail(new JobFailed({ message: `${root}: there is no such folder` }))
  )
  if (type !== "Directory") return yield* new JobFailed({ message: `${root}: is not a folder` })
  const files: Array<string> = []
  const folders = [""]
  for (const folder of folders) {
    for (const { name, type } of yield* fs.readDirectoryEntries(path.join(root, folder))) {
      if (type === "Directory") folders.push(path.join(folder, name))
      if (type === "File") files.push(path.join(folder, name))
    }
  }
  return files
})

/**
 * Saves all files under a folder and prints the metrics. The storage rejects an empty file, which counts as a failed
 * save. A file that cannot be read or written does not stop the others: it is named on standard error, and the job fails
 * at the end.
 */
export const saveFolder = Effect.fn("saveFolder")(
  function* (root: string) {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const storage = yield* DocumentStorage
    // List all names before the first save, because the storage is also a folder and may lie under this one.
    const files = yield* filesUnder(root)
    const [, failures] = yield* Effect.partition(
      files,
      (file) =>
        fs.readFile(path.join(root, file)).pipe(
          Effect.flatMap((content) => storage.save(file, content)),
          Effect.catchTag("EmptyDocument", () => Effect.void)
        ),
      { concurrency: 16 }
    )
    yield* Effect.forEach(failures, (failure) => Console.error(failure.message))
    yield* Console.log(JSON.stringify(yield* Recorder.snapshots))
    if (failures.length > 0) {
      return yield* new JobFailed({ message: `${failures.length} of ${files.length} files could not be saved` })
    }
  },
  Effect.provide(layerFolder.pipe(Layer.provideMerge(Metrics), Layer.provideMerge(NodeServices.layer))),
  Effect.mapError((error) => new JobFailed({ message: error.message })),
  Effect.tapError((error) => Console.error(error.message))
)
