// A recorder that writes every change of its metrics as a line of JSON to a file. Its hooks open and close the file.
import { Effect, FileSystem, Layer, Option, ScopedRef } from "effect"
import { Recorder, type Snapshot } from "mvx-metrics"

export const layerPublished = (recorderId: string, file: string) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const sink = yield* ScopedRef.make(() => Option.none<FileSystem.File>())

      const publish = Effect.fn("publish")(function* ({ sequence, snapshot, tag }: Snapshot.MetricChange) {
        const open = yield* Effect.fromOption(yield* ScopedRef.get(sink))
        const line = JSON.stringify({ sequence, event: tag, ...snapshot })
        yield* open.writeAll(new TextEncoder().encode(`${line}\n`))
      })

      return Recorder.layer(recorderId, {
        onStarting: ScopedRef.set(sink, Effect.asSome(fs.open(file, { flag: "a" }))),
        onMetricChanged: publish,
        onStopped: ScopedRef.set(sink, Effect.succeedNone)
      })
    })
  )
