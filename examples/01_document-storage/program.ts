// The application saves twice, fails once, then reads its metrics.
import { Console, Effect } from "effect"
import { Recorder } from "mvx-metrics"
import { DocumentStorage } from "./document-storage.ts"

export const program = Effect.gen(function* () {
  const storage = yield* DocumentStorage
  yield* storage.save("a", "the first document")
  yield* storage.save("b", "the second document")
  yield* Effect.ignore(storage.save("c", ""))
  yield* Console.log(JSON.stringify(yield* Recorder.snapshots))
})
