// Saves twice, fails once, then prints the snapshots. The layer decides how the metrics reach the fold.
import { Console, Effect } from "effect"
import { Recorder } from "mvx-metrics"
import { type DocumentStorageEvent, SaveAttempts } from "./document-storage.metrics.ts"

const attempt = (outcome: DocumentStorageEvent["outcome"]) =>
  Recorder.emit<DocumentStorageEvent>({ _tag: "document_storage.save.attempt", outcome })

export const program = Effect.gen(function* () {
  yield* Recorder.register(SaveAttempts)
  yield* attempt("SUCCESS")
  yield* attempt("SUCCESS")
  yield* attempt("FAILURE")
  const { dimensions } = yield* (yield* Recorder).snapshot(SaveAttempts)
  const total: number = dimensions.total
  if (total !== 3) return yield* Effect.die(new Error(`the typed snapshot has a total of ${total}`))
  yield* Console.log(JSON.stringify(yield* Recorder.snapshots))
})
