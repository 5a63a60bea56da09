// An attached thread, as the main thread has it: the Prometheus names and the definitions of its metrics, and its end.
import { once } from "node:events"
import { MessageChannel } from "node:worker_threads"
import { Schema } from "effect"
import * as Effect from "effect/Effect"
import { Metric } from "mvx-metrics"
import { expect, it } from "vitest"
import { ExpositionNames } from "../../src/internal/formats/prometheus/nameRegistry.ts"
import { AttachedStream } from "../../src/internal/link/attachedStream.ts"
import type { AttachedThreads } from "../../src/internal/link/attachedThreads.ts"
import type { WorkerCatalog } from "../../src/internal/link/workerCatalog.ts"
import { fingerprint } from "../../src/internal/metric/definition/fingerprint.ts"
import { StreamWords } from "../../src/internal/stream/rows/streamWords.ts"
import { HostedThread, type HostRuntime } from "../../src/internal/threads/hostedThread.ts"
import { KnownMetrics } from "../../src/internal/threads/knownMetrics.ts"

const events = Schema.TaggedUnion({ "hosted.work": { kind: Schema.String } })
const counter = (name: string, labels: ReadonlyArray<"kind"> = []) => Metric.counter(name, { events, labels })
const [Work, Other, OtherWork, OtherOther] = ["a.work", "a.other", "a_work", "a_other"].map((name) => counter(name))

const hosting = () => {
  const { port1: port, port2: thread } = new MessageChannel()
  const words = new StreamWords().buffer
  const names = new ExpositionNames()
  const known = new Map([Work!, Other!].map((metric) => [metric.name, metric]))
  const ended: Array<HostedThread> = []
  const threads = { add: () => new AttachedStream(1, words, () => 0), end: () => {} } as unknown as AttachedThreads
  const runtime = {
    link: { expositionNames: names },
    definition: (name: string) => known.get(name),
    find: (metrics: ReadonlyArray<unknown>) => Effect.succeed(metrics),
    run: (effect: Effect.Effect<void>) => Effect.runFork(effect),
    onEnd: (thread: HostedThread) => ended.push(thread)
  } as unknown as HostRuntime
  const hello = { _tag: "Hello", version: "1", threadId: 7, words, bytes: 0 } as const
  const hosted = new HostedThread(port, hello, threads, runtime)
  const find = async (request: number, ...metrics: ReadonlyArray<Metric.Any>) => {
    const entries = metrics.map((metric) => [metric.name, fingerprint(metric)] as const)
    thread.postMessage({ _tag: "Find", request, metrics: entries, modules: [] })
    for (;;) {
      const [message] = await once(thread, "message")
      if (message._tag === "Found") return message.collisions
    }
  }
  return { ended, find, hosted, names, port, thread }
}

it("the names of a thread are released once: what others have of them stays theirs", async () => {
  const { ended, find, hosted, names, port, thread } = hosting()
  names.claim([OtherWork!, Other!])
  expect(await find(0, Work!, Other!)).toEqual([{ metric: "a.work", other: "a_work", as: expect.any(String) }])
  // None of a set that is refused.
  names.release([Other!])
  expect(names.claim([OtherOther!])).toBeUndefined()
  names.release([OtherOther!])
  names.claim([Other!])
  names.release([OtherWork!])
  expect(await find(1, Work!)).toEqual([])
  expect(names.claim([OtherWork!])).toBeDefined()
  const closed = once(port, "close")
  thread.close()
  await closed
  expect(ended).toEqual([hosted])
  hosted.ended()
  expect(names.claim([OtherWork!])).toBeUndefined()
  expect(names.claim([OtherOther!])).toMatchObject({ other: "a.other" })
})

it("the end of a thread whose runtime has ended concerns nobody", async () => {
  const { ended, hosted, port } = hosting()
  const closed = once(port, "close")
  hosted.close()
  await closed
  expect(ended).toEqual([])
})

it("a definition that differs from the worker's does not stand for it, and one that the worker may import later does", () => {
  const catalog = { get: (name: string) => (name === Work!.name ? fingerprint(Work!) : undefined) }
  const known = new KnownMetrics(catalog as WorkerCatalog, () => [])
  known.add([counter("a.work", ["kind"]), Other!])
  expect(known.get("a.work")).toBeUndefined()
  expect(known.get("a.other")).toBe(Other)
  known.add([Work!])
  expect(known.get("a.work")).toBe(Work)
})
