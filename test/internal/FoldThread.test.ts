// An idle worker thread parks and leaves no event unread, in whatever order the messages of the two threads cross.

import zlib from "node:zlib"
import { expect, it, vi } from "@effect/vitest"
import { Effect, Fiber, Schema } from "effect"
import { Metric } from "mvx-metrics"
import { PlaceWords } from "../../src/internal/fold/place.ts"
import { packStats } from "../../src/internal/formats/packedStats.ts"
import { ThreadCarrier } from "../../src/internal/link/threadCarrier.ts"
import { PartValues } from "../../src/internal/stream/answerParts.ts"
import { ChunkBytes, CounterTable } from "../../src/internal/stream/foldedCounters.ts"
import { ControlBytes, WakeUp } from "../../src/internal/stream/parking.ts"
import type { FoldReply, FoldRequest } from "../../src/internal/stream/workerMessages.ts"
import { RowWriter } from "../../src/internal/stream/writer.ts"
import { nextTurn } from "../../src/internal/util/eventLoopTurn.ts"
import { FoldThread } from "../../src/internal/worker/foldThread.ts"
import { rowSource } from "../support/rowSource.ts"

/** Both sides of a link, whose messages are delivered when a test says so. A nap takes no time. */
const makeThread = Effect.gen(function* () {
  let naps = 0
  const nap = vi.spyOn(WakeUp.prototype, "nap").mockImplementation(() => void naps++)
  const toThread: Array<FoldRequest> = [
    { _tag: "Start", control: new SharedArrayBuffer(ControlBytes), place: new SharedArrayBuffer(4 * PlaceWords) }
  ]
  const fromThread: Array<FoldReply> = []
  const thread = new FoldThread(new Map(), {
    post: (reply) => void fromThread.push(reply),
    save: () => {},
    take: () => toThread.shift()
  })
  const carrier = new ThreadCarrier({ start: () => {}, stop: () => {} })
  carrier.connect({ post: (request) => void toThread.push(request), rouse: () => {} })
  const writer = new RowWriter(carrier, 1_000_000)
  const source = rowSource(0)
  const buffer = new SharedArrayBuffer(ChunkBytes)
  const table = new CounterTable()
  table.add(0, buffer)
  const deliver = (): void => {
    for (const message of toThread.splice(0)) thread.receive(message)
  }
  /** Lets the thread run until it rests, and tells how often it has napped. */
  const napsOf = (turns: number): Effect.Effect<number> =>
    Effect.gen(function* () {
      naps = 0
      for (let i = 0; i < turns; i++) yield* nextTurn
      return naps
    })
  writer.command({ _tag: "Counters", chunk: 0, buffer })
  writer.command({ _tag: "Open", lane: 0, recorderId: "r" })
  deliver()
  const running = yield* Effect.forkChild(thread.run, { startImmediately: true })
  yield* Effect.addFinalizer(() =>
    Effect.andThen(
      Fiber.interrupt(running),
      Effect.sync(() => vi.restoreAllMocks())
    )
  )
  const idle = Effect.gen(function* () {
    for (let i = 0; i < 1000 && fromThread.length === 0; i++) yield* nextTurn
    expect(fromThread.splice(0)).toEqual([{ _tag: "Idle" }])
  })
  const emit = (): void => {
    expect(writer.foreignEvent(source)).toBe(true)
    writer.publish(false)
  }
  return {
    deliver,
    emit,
    fromThread,
    nap,
    folded: () => table.of(0).ignored,
    idle,
    napsOf,
    source,
    thread,
    toThread,
    writer
  }
})

it.live("the fold thread requests permission to park once, polls until it is granted, and then does nothing", () =>
  Effect.gen(function* () {
    const { deliver, idle, napsOf, writer } = yield* makeThread
    yield* idle
    expect(yield* napsOf(200)).toBeGreaterThan(100)
    writer.readerIdle()
    deliver()
    yield* nextTurn
    expect(yield* napsOf(200)).toBe(0)
  }).pipe(Effect.scoped)
)

it.live("the fold thread is woken by one message with the next rows, and polls again", () =>
  Effect.gen(function* () {
    const { deliver, emit, folded, idle, napsOf, toThread, writer } = yield* makeThread
    yield* idle
    writer.readerIdle()
    deliver()
    for (let n = 1; n <= 2; n++) {
      yield* napsOf(5)
      for (let i = 0; i < 3; i++) emit()
      expect(toThread).toEqual([{ _tag: "Wake" }])
      deliver()
      expect(yield* napsOf(20)).toBeGreaterThan(0)
      expect(folded()).toBe(3 * n)
      yield* idle
      writer.readerIdle()
      deliver()
    }
  }).pipe(Effect.scoped)
)

it.live("the fold thread never polls while something runs next to the fold, and folds what comes meanwhile", () =>
  Effect.gen(function* () {
    const { emit, folded, napsOf, thread } = yield* makeThread
    const beside = yield* Effect.forkChild(thread.beside(Effect.never), { startImmediately: true })
    yield* napsOf(1)
    expect(yield* napsOf(200)).toBe(0)
    emit()
    let naps = 0
    for (let i = 0; i < 100_000 && folded() === 0; i++) naps += yield* napsOf(1)
    expect([folded(), naps]).toEqual([1, 0])
    yield* Fiber.interrupt(beside)
    for (let i = 0; i < 100_000 && naps === 0; i++) naps += yield* napsOf(1)
    expect(naps).toBe(1)
  }).pipe(Effect.scoped)
)

it.live("the fold thread folds what was written while its request to park was in flight", () =>
  Effect.gen(function* () {
    const { deliver, emit, folded, idle, napsOf, writer } = yield* makeThread
    yield* idle
    emit()
    writer.readerIdle()
    yield* napsOf(20)
    expect(folded()).toBe(1)
    // It hears that it may sleep, and that it must not, at once.
    emit()
    deliver()
    yield* napsOf(20)
    expect(folded()).toBe(2)
    expect(yield* napsOf(20)).toBeGreaterThan(0)
    yield* idle
    writer.readerIdle()
    deliver()
    yield* nextTurn
    expect(yield* napsOf(20)).toBe(0)
    emit()
    deliver()
    yield* napsOf(5)
    expect(folded()).toBe(3)
  }).pipe(Effect.scoped)
)

it.live("the fold thread requests permission again after it was woken for nothing before it parked", () =>
  Effect.gen(function* () {
    const { deliver, emit, folded, idle, napsOf, writer } = yield* makeThread
    yield* idle
    writer.readerIdle()
    emit()
    yield* napsOf(5)
    expect(folded(), "it has read what it is going to be woken for").toBe(1)
    deliver()
    yield* idle
  }).pipe(Effect.scoped)
)

it.live("the fold thread answers a command that ends its poll interval before the next turn of the event loop", () =>
  Effect.gen(function* () {
    const { fromThread, nap, napsOf, writer } = yield* makeThread
    yield* napsOf(5)
    const all = { recorderIds: [], lanes: new Int32Array(0), stats: packStats([]) }
    const scrape = { rendering: { format: "text" }, now: 0, namespace: "test", foldLag: undefined } as const
    let answers: ReadonlyArray<string> | undefined
    nap.mockImplementationOnce(() => {
      writer.command({ _tag: "Render", request: 7, ...scrape, ...all })
      setImmediate(() => {
        answers = fromThread.map(({ _tag }) => _tag)
      })
    })
    yield* napsOf(20)
    expect(answers).toEqual(["Rendering", "Rendered"])
  }).pipe(Effect.scoped)
)

const Seen = Metric.histogram("seen", {
  events: Schema.TaggedUnion({ seen: { what: Schema.String, bytes: Schema.Number } }),
  value: "bytes",
  unit: "By",
  labels: ["what"]
})

it.live("the fold thread continues a long answer at once when a part of it was taken during its poll interval", () =>
  Effect.gen(function* () {
    const { deliver, fromThread, nap, napsOf, source, thread, writer } = yield* makeThread
    writer.command({ _tag: "Register", lane: 0, name: Seen.name, metric: Seen, at: 0 })
    for (let n = 0; n < 1500; n++) {
      const event = { _tag: "seen", what: `${n}`, bytes: n }
      writer.writeEvent(source, event, "seen", false)
    }
    writer.command({ _tag: "Read", lane: 0, request: 3, what: "snapshots", now: 0 })
    deliver()
    const parts = () => fromThread.filter(({ _tag }) => _tag === "Part").length
    let isTaken = false
    let napsThen = 0
    nap.mockImplementation(() => {
      if (parts() !== 2) return
      if (isTaken) napsThen++
      else setImmediate(() => thread.receive({ _tag: "Taken", values: PartValues }))
      isTaken = true
    })
    for (let i = 0; i < 1000 && parts() < 3; i++) yield* nextTurn
    expect([parts(), napsThen]).toEqual([3, 0])
    yield* napsOf(1)
  }).pipe(Effect.scoped)
)

it.live(
  "the fold thread does not poll while a scrape is compressed, and sends one that was compressed while it was parked",
  () =>
    Effect.gen(function* () {
      const { deliver, fromThread, idle, napsOf, writer } = yield* makeThread
      yield* idle
      const gzip = Object.getPrototypeOf(zlib.createGzip()) as Pick<zlib.Gzip, "end">
      const { end } = gzip
      let compress: (() => void) | undefined
      vi.spyOn(gzip, "end").mockImplementation(function (this: zlib.Gzip) {
        compress = () => void Reflect.apply(end, this, [])
        return this
      })
      const all = { recorderIds: [], lanes: new Int32Array(0), stats: packStats([]), runtime: undefined }
      const rendering = { format: "text", compression: "gzip" } as const
      writer.command({ _tag: "Render", request: 7, rendering, now: 0, namespace: "test", foldLag: undefined, ...all })
      deliver()
      for (let i = 0; i < 1000 && compress === undefined; i++) yield* nextTurn
      expect(fromThread.splice(0)).toEqual([{ _tag: "Rendering", request: 7 }])
      expect(yield* napsOf(20)).toBe(0)
      for (let i = 0; i < 1_000_000 && fromThread.length === 0; i++) yield* nextTurn
      expect(fromThread.splice(0)).toEqual([{ _tag: "Idle" }])
      writer.readerIdle()
      deliver()
      yield* nextTurn
      expect(yield* napsOf(20)).toBe(0)
      compress!()
      for (let i = 0; i < 100_000 && fromThread.length === 0; i++) yield* nextTurn
      expect(fromThread.map(({ _tag }) => _tag)).toEqual(["Rendered"])
    }).pipe(Effect.scoped)
)

it.live("the fold thread never requests permission to park while events come", () =>
  Effect.gen(function* () {
    const { emit, folded, fromThread, napsOf } = yield* makeThread
    let naps = 0
    for (let n = 1; n <= 20; n++) {
      emit()
      naps += yield* napsOf(20)
      expect(folded()).toBe(n)
    }
    expect(naps, "many more than it takes without events").toBeGreaterThan(150)
    expect(fromThread).toEqual([])
  }).pipe(Effect.scoped)
)

it.live("the fold thread is not woken for nothing", () =>
  Effect.gen(function* () {
    const { deliver, idle, toThread, writer } = yield* makeThread
    yield* idle
    writer.readerIdle()
    deliver()
    // As for an event that is refused in the end: its time was asked for, and a turn passes.
    writer.now()
    yield* nextTurn
    writer.publish(true)
    expect(toThread).toEqual([])
  }).pipe(Effect.scoped)
)
