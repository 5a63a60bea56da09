/**
 * The streams of attached threads in one thread: their rows and commands keep one order, whenever messages come and the
 * fold is replaced, and unpublished rows of an exited thread are folded.
 */
import { MessageChannel } from "node:worker_threads"
import { Schema } from "effect"
import { Metric, type Snapshot } from "mvx-metrics"
import { expect, it, vi } from "vitest"
import { Checkpoints } from "../../src/internal/fold/checkpoints.ts"
import { Fold } from "../../src/internal/fold/fold.ts"
import { AttachedThreads } from "../../src/internal/link/attachedThreads.ts"
import type { LaneListener } from "../../src/internal/link/link.ts"
import { ThreadCarrier } from "../../src/internal/link/threadCarrier.ts"
import type { Command } from "../../src/internal/stream/commands.ts"
import { ChunkBytes } from "../../src/internal/stream/foldedCounters.ts"
import type { Restore } from "../../src/internal/stream/restore.ts"
import { BookAccepted, BookClosed, ByRemoval, makeBooks } from "../../src/internal/stream/rows/laneBooks.ts"
import { layoutOf } from "../../src/internal/stream/rows/layout.ts"
import { PageBytes, setRead } from "../../src/internal/stream/rows/page.ts"
import { RowSource } from "../../src/internal/stream/rows/rowSource.ts"
import { StreamWords } from "../../src/internal/stream/rows/streamWords.ts"
import { RowWriter } from "../../src/internal/stream/writer.ts"

const Event = Schema.TaggedUnion({ "streams.work": { millis: Schema.Number } })
const Work = Metric.counter("streams.work", { events: Event })
const layout = layoutOf("streams.work", Event.cases["streams.work"].ast, undefined, false)!

/** A thread that is attached, and the lane of its recorder. */
const makeThread = (lane: number, threads: AttachedThreads, receive: () => number) => {
  const words = new StreamWords()
  const stream = threads.add(words.buffer, 2 * PageBytes, receive)
  const spare = stream.fixed
  const carrier = new ThreadCarrier({ start: () => {}, stop: () => {} })
  if (spare !== undefined) carrier.allocate = () => spare
  carrier.opened = (first, buffer) => {
    if (buffer !== spare) threads.opened(stream, first, buffer)
  }
  const writer = new RowWriter(carrier, 2 * PageBytes, true, undefined, words)
  const books = makeBooks()
  const always = {
    reopen: (source: RowSource): boolean => {
      source.limit = source.counted + 1000
      return !source.isClosed
    },
    refuses: () => false
  }
  const write = writer.encoder(layout)!
  threads.openLane({ lane, stream, from: undefined }, { recorderId: "r" } as LaneListener)
  return { lane, stream, writer, books, source: new RowSource(lane, always, books), write, emitted: 0, sinceReset: 0 }
}

/** A runtime and a thread that is attached to it, whose messages come when {@link receive} is called. */
class Attached {
  readonly #carrier = new ThreadCarrier({ start: () => {}, stop: () => {} })
  readonly #counters = new SharedArrayBuffer(ChunkBytes)
  readonly #main = new RowWriter(this.#carrier, 2 * PageBytes)
  readonly #threads: AttachedThreads
  #thread!: ReturnType<typeof makeThread>
  /** Those that were attached before. */
  readonly #before: Array<ReturnType<typeof makeThread>> = []
  /** Memory that the threads had, by and by. */
  readonly memories = new Set<unknown>()
  readonly #sent: Array<() => void> = []
  #ticket = 0
  #isDying = false
  #answer: Snapshot.Snapshot | undefined
  #fold!: Fold
  #checkpoints!: Checkpoints

  constructor() {
    this.#connect()
    this.#threads = new AttachedThreads(this.#carrier, this.#carrier.kept, {
      send: (command, order) => this.#main.command(command, order),
      position: () => this.#main.position,
      reserveLane: () => ({ lane: 0, counters: { buffer: this.#counters, at: 0 } }),
      releaseLane: () => {},
      openLane: () => undefined as never,
      unwanted: () => {}
    })
    this.#main.command({ _tag: "Counters", chunk: 0, buffer: this.#counters })
    this.#attach(0)
  }

  #attach(lane: number): void {
    this.#thread = makeThread(lane, this.#threads, () => this.receive())
    this.#ticket = 0
    this.memories.add(this.#thread.stream.fixed)
    this.send({ _tag: "Register", lane, name: Work.name, at: 0 })
  }

  #connect(restore?: Restore): void {
    const { port1, port2 } = new MessageChannel()
    for (const port of [port1, port2]) port.unref()
    const fold = new Fold({
      send: (message) => {
        if (message._tag === "Answer") this.#answer = message.read[0] as Snapshot.Snapshot
      },
      sendCopies: true,
      onPageRead: (page, stream) => checkpoints.onPageRead(page, stream),
      catalog: new Map([[Work.name, Work]])
    })
    const checkpoints = new Checkpoints(
      fold,
      (saved) => port2.postMessage(saved),
      (page) => {
        if (!this.#isDying) setRead(page)
      }
    )
    this.#fold = fold
    this.#checkpoints = checkpoints
    this.#carrier.kept.listen(port1)
    if (restore !== undefined) {
      fold.restore(restore)
      checkpoints.restored([...restore.segments.keys()])
    }
    this.#carrier.connect({
      post: (request) => {
        if (request._tag === "Stream") fold.streams.attach(request.stream, request.words)
        else if (request._tag === "Attach") fold.reader.attach(request.attachments)
        else if (request._tag === "Memory") {
          fold.streams.find(request.stream ?? 0)!.reader.memory(request.first, request.buffer)
        }
      },
      rouse: () => {}
    })
  }

  // --- the thread

  emit(count: number): void {
    for (let i = 0; i < count; i++) {
      if (!this.#thread.write.write(this.#thread.source, { _tag: "streams.work", millis: i } as never)) return
      this.#thread.emitted++
      this.#thread.sinceReset++
    }
  }

  publish(): void {
    this.#thread.writer.publish(false)
  }

  send(command: Command): void {
    const ticket = ++this.#ticket
    const { stream, writer } = this.#thread
    const position = writer.showAll()
    this.#sent.push(() => this.#threads.forward(stream, { stream: stream.number, ticket }, position, command))
    writer.waitFor(ticket)
  }

  reset(): void {
    this.send({ _tag: "Reset", lane: this.#thread.lane, at: 0 })
    this.#thread.sinceReset = 0
  }

  get emitted(): number {
    return this.#thread.emitted
  }

  /** The recorder is removed, and the thread does not come to its messages. */
  remove(): void {
    this.#thread.books[BookClosed] = ByRemoval
  }

  /** It is terminated. Returns the events that it had counted, and those that it had not. */
  end(): number {
    this.receive()
    return this.#thread.books[BookAccepted]! + (this.#thread.stream.end()?.events ?? 0)
  }

  /** It ends in order, and another one is attached. */
  next(): void {
    const { lane, stream, writer } = this.#thread
    writer.publish(true)
    writer.close()
    // What is not written any more is not counted either.
    this.emit(3)
    this.end()
    this.#threads.end(stream)
    this.#before.push(this.#thread)
    this.#attach(lane + 1)
  }

  // --- the thread of the runtime

  receive(most = Number.POSITIVE_INFINITY): number {
    const due = this.#sent.splice(0, most)
    for (const forward of due) forward()
    return due.length
  }

  /** Behind everything that the thread has published. */
  ask(lane = this.#thread.lane): void {
    const now = 0
    this.#main.command({ _tag: "Read", lane, request: 1, what: "snapshots", now }, this.#threads.orderOf(lane))
  }

  /** Whatever the thread publishes from now on is not folded. */
  seal(): void {
    const { lane } = this.#thread
    this.#main.command({ _tag: "Seal", lane }, this.#threads.orderOf(lane))
  }

  // --- the worker

  read(): string {
    return this.#fold.streams.read(1)
  }

  save(): void {
    this.#checkpoints.goOn()
  }

  /** To the end of the checkpoint that is due. */
  saveAll(): void {
    for (let parts = 0; parts < 1000 && this.#checkpoints.isPending; parts++) this.save()
    expect(this.#checkpoints.isPending).toBe(false)
  }

  /** The worker ends when it has posted a checkpoint, before it marks pages as read. */
  saveAndDie(): void {
    this.#isDying = true
    this.save()
    this.#isDying = false
    this.replace()
  }

  /** Another worker takes the place of the one that has ended. */
  replace(): void {
    const { kept } = this.#carrier
    kept.receive()
    this.#carrier.disconnect()
    this.#main.readerReplaced(kept.place)
    const { place, segments } = kept
    const attached = this.#threads.restored()
    const gone = { lanes: [], to: this.#main.position }
    this.#connect({
      ...{ place, segments, attached, gone },
      ...{ counters: [this.#counters], seen: [], careful: 0, poisoned: [] }
    })
  }

  /** What each lane has, when everything is published and has come, and what it should have. */
  get folded() {
    this.receive()
    const all = [...this.#before, this.#thread]
    const folded = all.map(({ lane }) => {
      this.ask(lane)
      while (this.read() === "more");
      const { value } = this.#answer!.dimensions as { readonly value: number }
      return { sequence: this.#fold.lanes.find(lane)!.sequence, count: value }
    })
    return { folded, emitted: all.map(({ emitted, sinceReset }) => ({ sequence: emitted, count: sinceReset })) }
  }
}

/** Numbers below `most`, the same for the same seed. */
const randomOf = (seed: number) => {
  let state = seed + 1
  return (most: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >>> 8) % most
  }
}

/** Time stands still, or is over at once: parts of checkpoints have all lanes, or one. */
const withLanesInPart = (lanes: "all" | "one", body: () => void): void => {
  let now = 0
  const clock = vi.spyOn(performance, "now").mockImplementation(() => {
    if (lanes === "one") now += 1000
    return now
  })
  try {
    body()
  } finally {
    clock.mockRestore()
  }
}

const walk = (seed: number): void => {
  const random = randomOf(seed)
  const attached = new Attached()
  const steps = [
    () => attached.emit(random(40_000)),
    () => attached.emit(random(20)),
    () => attached.publish(),
    () => attached.reset(),
    () => attached.ask(),
    () => void attached.receive(1),
    () => void attached.receive(),
    () => void attached.read(),
    () => void attached.read(),
    () => attached.save(),
    () => attached.saveAndDie(),
    () => attached.replace(),
    () => attached.next()
  ]
  for (let i = 0; i < 400; i++) steps[random(steps.length)]!()
  const settle = (): void => {
    attached.publish()
    attached.receive()
    attached.ask()
    while (attached.read() === "more");
    attached.saveAll()
  }
  // All pages come to be written again.
  settle()
  for (let left = 70; left > 0; left--) {
    const before = attached.emitted
    attached.emit(1000)
    expect(attached.emitted).toBe(before + 1000)
    settle()
  }
  // What ends is covered before long.
  const before = attached.memories.size
  for (let ended = 0; ended < 10; ended++) {
    attached.next()
    attached.emit(random(40))
    settle()
  }
  expect(attached.memories.size - before).toBeLessThanOrEqual(3)
  // It is terminated, with what it has not published.
  attached.emit(random(40))
  expect(attached.end()).toBe(attached.emitted)
  const { emitted, folded } = attached.folded
  expect(folded).toEqual(emitted)
  expect(folded.length).toBeGreaterThan(10)
}

it.each(
  [1, 2, 3, 4, 5, 6, 7, 8, 211].flatMap((seed) => (["all", "one"] as const).map((lanes) => [lanes, seed] as const))
)("a checkpoint keeps the order of rows and commands, with %s of the lanes in a part, walk %i", (lanes, seed) =>
  withLanesInPart(lanes, () => walk(seed))
)

it("the rest of an exited thread is counted once if a worker dies within the checkpoint that has its lane", () =>
  withLanesInPart("one", () => {
    const attached = new Attached()
    attached.emit(1)
    attached.next()
    attached.receive()
    for (let pages = 0; pages < 2; pages++) attached.emit(20_000)
    for (let reads = 0; reads < 2; reads++) attached.read()
    attached.saveAndDie()
    const { folded } = attached.folded
    expect(folded[0]).toEqual({ sequence: 1, count: 1 })
  }))

it("a thread gets the memory of a previous one once a checkpoint covers the end of that one, and not earlier", () => {
  const attached = new Attached()
  attached.emit(10)
  attached.next()
  expect(attached.memories.size).toBe(2)
  while (attached.read() === "more");
  attached.next()
  // Read, and not saved: another fold would read it again.
  expect(attached.memories.size).toBe(3)
  while (attached.read() === "more");
  attached.saveAll()
  attached.emit(20)
  attached.next()
  attached.emit(30)
  attached.publish()
  expect(attached.memories.size).toBe(3)
  attached.replace()
  const { emitted, folded } = attached.folded
  expect(folded).toEqual(emitted)
  expect(folded.map(({ count }) => count)).toEqual([10, 0, 20, 30])
})

it("a thread in the middle of a turn writes fewer than 16 events after its recorder was removed", () => {
  // Without the last event of a run, with it, and behind it.
  for (const before of [1, 100, 500, 501, 510, 511, 512, 513, 600, 2000]) {
    const attached = new Attached()
    attached.emit(before)
    expect(attached.emitted).toBe(before)
    attached.remove()
    attached.emit(1000)
    expect(attached.emitted - before).toBeLessThan(16)
  }
})

it("rows that the thread of a sealed lane publishes later are not folded", () => {
  const attached = new Attached()
  attached.emit(10)
  attached.publish()
  attached.emit(3)
  attached.seal()
  expect(attached.folded.folded).toEqual([{ sequence: 10, count: 10 }])
  attached.publish()
  attached.emit(5)
  attached.publish()
  expect(attached.folded.folded).toEqual([{ sequence: 10, count: 10 }])
})
