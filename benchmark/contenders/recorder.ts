/** This library: an event handed to a recorder, in the unsafe form; `emit` is that of the recorder or of an emitter. */
import * as Effect from "effect/Effect"
import type { RecorderService } from "mvx-metrics"
import type { Contender } from "../contender.ts"
import type { DocumentSave } from "../document.metrics.ts"
import { documentSave } from "../documentSave.ts"
import type { Outstanding } from "../outstanding.ts"

export const recorderContender = (
  name: string,
  recorder: RecorderService,
  outstanding: Outstanding,
  emit: (event: DocumentSave) => boolean = recorder.emitUnsafe
): Contender => {
  return {
    name,
    work: (events) => {
      for (let i = 0; i < events; i++) emit(documentSave(i))
    },
    settle: async () => {
      outstanding.look(recorder)
      await Effect.runPromise(recorder.snapshots)
    },
    counted: async () => {
      const { stats } = await Effect.runPromise(recorder.report)
      return stats.applied + stats.refused
    }
  }
}
