/** This library: an event handed to a recorder, in the unsafe form; `emit` is that of the recorder or of an emitter. */
import * as Effect from "effect/Effect"
import type { RecorderService } from "mvx-metrics"
import type { Contender } from "../contender.ts"
import type { DocumentSave } from "../document.metrics.ts"
import { documentIndex, documentSave } from "../documentSave.ts"
import type { Outstanding } from "../outstanding.ts"

export const recorderContender = (
  name: string,
  recorder: RecorderService,
  outstanding: Outstanding,
  emit: (event: DocumentSave) => boolean = recorder.emitUnsafe
): Contender =>
  bookedBy(name, recorder, outstanding, (events) => {
    for (let i = 0; i < events; i++) emit(documentSave(i))
  })

/** The same with events that no row of fixed width can hold. */
export const irregularContender = (name: string, recorder: RecorderService, outstanding: Outstanding): Contender => {
  const emit = recorder.emitUnsafe
  return bookedBy(name, recorder, outstanding, (events) => {
    for (let i = 0; i < events; i++) emit(documentIndex(i))
  })
}

const bookedBy = (
  name: string,
  recorder: RecorderService,
  outstanding: Outstanding,
  work: Contender["work"]
): Contender => {
  return {
    name,
    work,
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
