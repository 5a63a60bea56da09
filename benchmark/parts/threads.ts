/**
 * Emission alone, in bursts that fit in half the capacity: in the thread of the runtime, in one attached thread, and in
 * four at once. Processor time of the thread that emits.
 */
import { once } from "node:events"
import { Worker } from "node:worker_threads"
import * as Effect from "effect/Effect"
import { recorderContender } from "../contenders/recorder.ts"
import { three } from "../document.metrics.ts"
import type { Emitted } from "../emitting.thread.ts"
import { costOf, median } from "../measure.ts"
import { defaultCapacity, startMetrics } from "../metricsUnderTest.ts"
import { Outstanding, refusedBy } from "../outstanding.ts"
import type { Run } from "../part.ts"
import { costTable, title } from "../report.ts"

const Threads = 4

export const run: Run = async ({ quick }) => {
  const rounds = quick ? { count: 7, warmUps: 3 } : { count: 21, warmUps: 5 }
  const burst = { events: defaultCapacity / 2 - 1, loops: quick ? 4 : 10 }
  await using metrics = await startMetrics()
  await Effect.runPromise(metrics.runtime.acceptThreads({ metrics: three }))
  const recorder = await metrics.recorder("documents", three)
  const outstanding = new Outstanding()
  const local = recorderContender("the thread of the runtime", recorder, outstanding)
  const threads = await Promise.all(
    Array.from({ length: Threads }, async () => {
      const thread = new Worker(new URL("../emitting.thread.ts", import.meta.url))
      await once(thread, "message")
      return thread
    })
  )
  const emit = async (thread: Worker): Promise<Emitted> => {
    thread.postMessage(burst)
    return (await once(thread, "message"))[0]
  }
  const costs = { local: [] as Array<number>, one: [] as Array<number>, all: threads.map(() => [] as Array<number>) }
  let refused = 0
  for (let round = -rounds.warmUps; round < rounds.count; round++) {
    let cost = 0
    for (let loop = 0; loop < burst.loops; loop++) {
      cost += costOf(() => void local.work(burst.events))
      await local.settle!()
    }
    const one = await emit(threads[0]!)
    const all = await Promise.all(threads.map(emit))
    refused = all.reduce((sum, each) => sum + each.refused, refusedBy(recorder))
    if (round < 0) continue
    costs.local.push(cost / (burst.events * burst.loops))
    costs.one.push(one.cost)
    for (const [i, each] of all.entries()) costs.all[i]!.push(each.cost)
  }
  await Promise.all(threads.map((thread) => thread.terminate()))

  title(`Attached threads: bursts of ${burst.events} events, ${rounds.count} rounds`)
  costTable(
    [
      { name: local.name, values: costs.local },
      { name: "one attached thread", values: costs.one },
      ...costs.all.map((values, i) => ({ name: `${Threads} attached threads, thread ${i + 1}`, values }))
    ],
    local.name
  )
  console.log(`  refused: ${refused}`)
  const ratioOf = (values: ReadonlyArray<number>): number => median(values) / median(costs.local)
  return {
    ...outstanding.figures,
    attachedThreadVsLocal: ratioOf(costs.one),
    attachedThreadsVsLocal: Math.max(...costs.all.map(ratioOf))
  }
}
