/**
 * The streams of attached threads in one thread: their rows and their commands keep one order, whenever messages come,
 * and whenever the fold is replaced, and what a thread had not published when it ended is folded.
 */
import { MessageChannel } from "node:worker_threads"
import { Schema } from "effect"
import { Metric, type Snapshot } from "mvx-metrics"
import { expect, it } from "vitest"
import { Checkpoints } from "../../src/internal/fold/checkpoints.ts"
import { Fold } from "../../src/internal/fold/fold.ts"
import { AttachedThreads } from "../../src/internal/link/attachedThreads.ts"
import type { LaneListener } from "../../src/internal/link/link.ts"
import { ThreadCarrier } from "../../src/internal/link/threadCarrier.ts"
import type { Command } from "../../src/internal/stream/commands.ts"
import { ChunkBytes } from "../../src/internal/stream/foldedCounters.ts"
import type { Restore } from "../../src/internal/stream/restore.ts"
import { BookAccepted, makeBooks } from "../../src/internal/stream/rows/laneBooks.ts"
import { layoutOf } from "../../src/internal/stream/rows/layout.ts"
import { PageBytes, setRead } from "../../src/internal/stream/rows/page.ts"
import { RowSource } from "../../src/internal/stream/rows/rowSource.ts"
import { StreamWords } from "../../src/internal/stream/rows/streamWords.ts"
import { RowWriter } from "../../src/internal/stream/writer.ts"

const Event = Schema.TaggedUnion({ "streams.work": { millis: Schema.Number } })
const Work = Metric.counter("streams.work", { events: Event })
const layout = layoutOf("streams.work", Event.cases["streams.work"].ast, undefined, false)!
const lane = 0

/** A runtime and a thread that is attached to it, whose messages come when {@link receive} is called. */
class Attached {
  readonly #carrier = new ThreadCarrier({ start: () => {}, stop: () => {} })
  readonly #counters = new SharedArrayBuffer(ChunkBytes)
  readonly #main = new RowWriter(this.#carrier, 2 * PageBytes)
  readonly #threads: AttachedThreads
  readonly #words = new StreamWords()
  readonly #stream
  readonly #thread: RowWriter
  readonly #source: RowSource
  readonly #write
  readonly #sent: Array<() => void> = []
  readonly books = makeBooks()
  #ticket = 0
  #isDying = false
  #answer: Snapshot.Snapshot | undefined
  #fold!: Fold
  #checkpoints!: Checkpoints
  emitted = 0
  sinceReset = 0

  constructor() {
    this.#connect()
    this.#threads = new AttachedThreads(this.#carrier, this.#carrier.kept, {
      send: (command, order) => this.#main.command(command, order),
      position: () => this.#main.position,
      reserveLane: () => ({ lane, counters: { buffer: this.#counters, at: 0 } }),
      releaseLane: () => {},
      openLane: () => undefined as never,
      unwanted: () => {}
    })
    this.#main.command({ _tag: "Counters", chunk: 0, buffer: this.#counters })
    this.#stream = this.#threads.add(this.#words.buffer, () => this.receive())
    const carrier = new ThreadCarrier({ start: () => {}, stop: () => {} })
    carrier.opened = (first, buffer) => this.#threads.opened(this.#stream, first, buffer)
    this.#thread = new RowWriter(carrier, 2 * PageBytes, true, undefined, this.#words)
    const always = {
      reopen: (source: RowSource): true => {
        source.limit = source.counted + 1000
        return true
      }
    }
    this.#source = new RowSource(lane, always, this.books)
    this.#write = this.#thread.encoder(layout)!
    this.#threads.openLane({ lane, stream: this.#stream, from: undefined }, { recorderId: "r" } as LaneListener)
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
      if (!this.#write.write(this.#source, { _tag: "streams.work", millis: i } as never)) return
      this.emitted++
      this.sinceReset++
    }
  }

  publish(): void {
    this.#thread.publish(false)
  }

  send(command: Command): void {
    const ticket = ++this.#ticket
    const position = this.#thread.showAll()
    this.#sent.push(() => this.#threads.forward(this.#stream, { stream: 1, ticket }, position, command))
    this.#thread.waitFor(ticket)
  }

  reset(): void {
    this.send({ _tag: "Reset", lane, at: 0 })
    this.sinceReset = 0
  }

  /** It is terminated. Returns the events that it had not counted. */
  end(): number {
    this.receive()
    return this.#stream.end()?.events ?? 0
  }

  // --- the thread of the runtime

  receive(most = Number.POSITIVE_INFINITY): number {
    const due = this.#sent.splice(0, most)
    for (const forward of due) forward()
    return due.length
  }

  /** Behind everything that the thread has published. */
  ask(): void {
    const now = 0
    this.#main.command({ _tag: "Read", lane, request: 1, what: "snapshots", now }, this.#threads.orderOf(lane))
  }

  /** Whatever the thread publishes from now on is not folded. */
  seal(): void {
    this.#main.command({ _tag: "Seal", lane }, this.#threads.orderOf(lane))
  }

  // --- the worker

  read(): string {
    return this.#fold.streams.read(1)
  }

  save(): void {
    this.#checkpoints.goOn()
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

  /** What the lane has, when everything is published and has come. */
  get folded() {
    this.receive()
    this.ask()
    while (this.read() === "more");
    const { value } = this.#answer!.dimensions as { readonly value: number }
    return { sequence: this.#fold.lanes.find(lane)!.sequence, count: value }
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
    () => attached.replace()
  ]
  for (let i = 0; i < 400; i++) steps[random(steps.length)]!()
  const settle = (): void => {
    attached.publish()
    attached.receive()
    attached.ask()
    while (attached.read() === "more");
    for (let parts = 0; parts < 4; parts++) attached.save()
  }
  // All pages come to be written again.
  settle()
  for (let left = 70; left > 0; left--) {
    const before = attached.emitted
    attached.emit(1000)
    expect(attached.emitted).toBe(before + 1000)
    settle()
  }
  // It is terminated, with what it has not published.
  attached.emit(random(40))
  const { emitted, sinceReset } = attached
  const counted = attached.books[BookAccepted]! + attached.end()
  expect({ ...attached.folded, counted }).toEqual({ sequence: emitted, count: sinceReset, counted: emitted })
}

it.each([1, 2, 3, 4, 5, 6, 7, 8, 211])("keeps the order of rows and commands, walk %i", walk)

it("what the thread of a sealed lane publishes later is not folded", () => {
  const attached = new Attached()
  attached.emit(10)
  attached.publish()
  attached.emit(3)
  attached.seal()
  expect(attached.folded).toEqual({ sequence: 10, count: 10 })
  attached.publish()
  attached.emit(5)
  attached.publish()
  expect(attached.folded).toEqual({ sequence: 10, count: 10 })
})
