/** What a warm synchronous loop of a million events loses, and how many events were outstanding in it. */
import type { RecorderService } from "mvx-metrics"
import { recorderContender } from "../contenders/recorder.ts"
import { three } from "../document.metrics.ts"
import { documentSave } from "../documentSave.ts"
import { median } from "../measure.ts"
import { defaultCapacity, startMetrics } from "../metricsUnderTest.ts"
import { Outstanding, refusedBy } from "../outstanding.ts"
import type { Run } from "../part.ts"
import { spreadTable, title } from "../report.ts"

const events = 1_000_000
const warmUps = 8

export const run: Run = async ({ quick }) => {
  const rounds = quick ? 11 : 31
  await using metrics = await startMetrics()
  const recorder = await metrics.recorder("documents", three)
  const outstanding = new Outstanding()
  const { settle, work } = recorderContender("burst", recorder, outstanding)
  const lost: Array<number> = []
  for (let round = -warmUps; round < rounds; round++) {
    const before = refusedBy(recorder)
    work(events)
    if (round >= 0) lost.push(refusedBy(recorder) - before)
    await settle!()
  }
  for (let round = 0; round < 3; round++) {
    emitAndLook(recorder, outstanding)
    await settle!()
  }

  title(`A burst of ${events} events, capacity ${defaultCapacity}, ${rounds} rounds`)
  spreadTable({ lost, "most outstanding / capacity": [outstanding.most] })
  return { ...outstanding.figures, burstLost: median(lost), burstLostMax: Math.max(...lost) }
}

/** Apart from the rounds that count: looking takes time, which helps the fold to keep up. */
const emitAndLook = (recorder: RecorderService, outstanding: Outstanding): void => {
  const emit = recorder.emitUnsafe
  for (let i = 0; i < events; i++) {
    emit(documentSave(i))
    if (i % 512 === 0) outstanding.look(recorder)
  }
}
