// The link of an attached thread: what it reports to the main thread, and who is told that the main thread's runtime has ended.
import { once } from "node:events"
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads"
import { Schema } from "effect"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Metric } from "mvx-metrics"
import { expect, it } from "vitest"
import type { LaneListener } from "../../src/internal/link/link.ts"
import { fingerprint } from "../../src/internal/metric/definition/fingerprint.ts"
import { ChunkBytes } from "../../src/internal/stream/foldedCounters.ts"
import { ControlBytes } from "../../src/internal/stream/parking.ts"
import { makeBooks } from "../../src/internal/stream/rows/laneBooks.ts"
import { PageBytes } from "../../src/internal/stream/rows/page.ts"
import { StreamWords } from "../../src/internal/stream/rows/streamWords.ts"
import { makeAttachedLink } from "../../src/internal/threads/attachedLink.ts"
import type { FromThread, ToThread } from "../../src/internal/threads/messages.ts"
import { ThreadCatalog } from "../../src/internal/threads/threadCatalog.ts"

const attached = () => {
  const { port1: port, port2: main } = new MessageChannel()
  const thread = makeAttachedLink({
    port,
    control: new SharedArrayBuffer(ControlBytes),
    words: new StreamWords(),
    mostBytes: 2 * PageBytes,
    memory: undefined,
    totals: new Map(),
    nextTurn: (action) => action()
  })
  const posted = (): ReadonlyArray<FromThread> => {
    const all: Array<FromThread> = []
    for (let next = receiveMessageOnPort(main); next; next = receiveMessageOnPort(main)) all.push(next.message)
    return all
  }
  const tell = async (message: ToThread): Promise<void> => {
    const arrived = once(port, "message")
    main.postMessage(message)
    await arrived
  }
  const counters = { buffer: new SharedArrayBuffer(ChunkBytes), at: 0 }
  const reserve = (lane: number) => tell({ _tag: "Reserved", reserved: { lane, counters, books: makeBooks() } })
  const failures: Array<unknown> = []
  const listener = {
    recorder: { recorderId: "r", entityId: "e", capacity: 10 },
    onFailure: (cause: unknown) => failures.push(cause)
  } as unknown as LaneListener
  return { failures, link: thread.link, listener, main, port, posted, reserve, tell, thread }
}

it("a lane that the main thread has closed is left once, however often the recorder and messages find that out", async () => {
  const { failures, link, listener, main, posted, reserve, tell } = attached()
  await reserve(3)
  const lane = link.openLane(listener)
  for (let i = 0; i < 3; i++) lane.left()
  await tell({ _tag: "Removed", lane: 3 })
  expect(posted().filter(({ _tag }) => _tag === "Left")).toEqual([
    { _tag: "Left", lane: 3, position: expect.any(Number) }
  ])
  expect(failures).toEqual([new Error("the recorder was removed by the main thread")])
  main.close()
})

it("a lane goes to another maker of a recorder if the first one has given up", async () => {
  const { main, reserve, thread } = attached()
  const [first, second] = [Effect.runFork(thread.reserved), Effect.runFork(thread.reserved)]
  await Effect.runPromise(Fiber.interrupt(first))
  await reserve(0)
  await Effect.runPromise(Fiber.join(second))
  main.close()
})

it("if the port closes, everybody is told that the runtime has ended, and nobody waits for it", async () => {
  const { failures, link, listener, main, port, reserve, thread } = attached()
  await reserve(0)
  link.openLane(listener)
  link.onFailure((cause) => failures.push(cause))
  const waiting = Effect.runFork(thread.reserved)
  const closed = once(port, "close")
  main.close()
  await closed
  const ended = new Error("the runtime that the thread was attached to has ended")
  expect(link.failure()).toEqual({ cause: ended })
  expect(failures).toEqual([ended, ended])
  await Effect.runPromise(Fiber.join(waiting))
  await Effect.runPromise(thread.reserved)
})

it("a metric is looked up once, and again only after a set that was refused", async () => {
  const events = Schema.TaggedUnion({ "a.b": {} })
  const [one, two] = [Metric.counter("one", { events }), Metric.counter("two", { events })]
  const collision = { metric: "two", other: "Two", as: "two" }
  let collisions = [collision]
  const catalog = new ThreadCatalog((metrics, _, take) =>
    Effect.sync(() => take({ metrics: metrics.map(([name]) => [name, fingerprint(one)]), collisions }))
  )
  const set = Metric.module(import.meta.url, [one, two])
  await Effect.runPromise(catalog.find(set, "1 second")!)
  expect(catalog.collisionOf(one)).toBeUndefined()
  expect(catalog.collisionOf(two)).toMatchObject(collision)
  collisions = []
  await Effect.runPromise(catalog.find(one, "1 second")!)
  expect(catalog.find(one, "1 second")).toBeUndefined()
  await Effect.runPromise(catalog.find(set, "1 second")!)
  expect(catalog.collisionOf(two)).toBeUndefined()
  expect(catalog.find(set, "1 second")).toBeUndefined()
})
