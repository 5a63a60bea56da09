// A log of two recorders that is folded by one fold after the other. Each saves what it knows in parts while it reads on, and
// ends at any time: also before it has come to where the one before it had saved a lane.
import { MessageChannel } from "node:worker_threads"
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import { Checkpoints } from "../../src/internal/fold/checkpoints.ts"
import { Fold } from "../../src/internal/fold/fold.ts"
import { ThreadCarrier } from "../../src/internal/link/threadCarrier.ts"
import { ChunkBytes } from "../../src/internal/stream/foldedCounters.ts"
import { PageBytes, setRead } from "../../src/internal/stream/rows/page.ts"
import { RowWriter } from "../../src/internal/stream/writer.ts"
import { runs } from "../support/long.ts"
import { rowSource } from "../support/rowSource.ts"

/** So large that a lane fills a part of a checkpoint. */
const Large = Metric.make("large", {
  events: Schema.TaggedUnion({ large: { n: Schema.Number } }),
  initial: "",
  reduce: { large: () => "x".repeat(300_000) },
  view: () => ({})
})

class ReplacedFolds {
  readonly #carrier = new ThreadCarrier({ start: () => {}, stop: () => {} })
  readonly #writer: RowWriter
  readonly #counters = new SharedArrayBuffer(ChunkBytes)
  readonly #emitted = [0, 0]
  #fold!: Fold
  #checkpoints!: Checkpoints

  constructor() {
    this.#connect()
    this.#writer = new RowWriter(this.#carrier, 2 * PageBytes)
    this.#writer.command({ _tag: "Counters", chunk: 0, buffer: this.#counters })
    for (const lane of [0, 1]) {
      this.#writer.command({ _tag: "Open", lane })
      this.#writer.command({ _tag: "Register", lane, name: "large", at: 0 })
      this.large(lane)
    }
  }

  #connect(): void {
    const { port1, port2 } = new MessageChannel()
    for (const port of [port1, port2]) port.unref()
    const fold = new Fold({
      send: () => {},
      sendCopies: true,
      onPageRead: (page) => checkpoints.onPageRead(page),
      catalog: new Map([["large", Large]])
    })
    const checkpoints = new Checkpoints(fold, (saved) => port2.postMessage(saved), setRead)
    this.#fold = fold
    this.#checkpoints = checkpoints
    const { kept } = this.#carrier
    kept.listen(port1)
    const { place, segments } = kept
    const seen = [] as const
    fold.restore({
      place,
      segments,
      counters: [this.#counters],
      seen,
      careful: 0,
      poisoned: [],
      gone: { lanes: [], to: 0 }
    })
    checkpoints.restored([...segments.keys()])
    this.#carrier.connect({
      post: (request) => {
        if (request._tag === "Memory") fold.reader.memory(request.first, request.buffer)
        else if (request._tag === "Attach") fold.reader.attach(request.attachments)
      },
      rouse: () => {}
    })
  }

  #count(lane: number, isWritten: boolean): void {
    if (isWritten) this.#emitted[lane]!++
    this.#writer.publish(true)
  }

  large(lane: number): void {
    this.#count(lane, this.#writer.writeEvent(rowSource(lane), { _tag: "large", n: 1 } as never, "large", false))
  }

  /** Events that no metric reads, until a page is full. */
  fillPage(lane: number): void {
    const before = Math.floor(this.#writer.position / (PageBytes / 8))
    const source = rowSource(lane)
    while (Math.floor(this.#writer.position / (PageBytes / 8)) === before && this.#writer.foreignEvent(source))
      this.#emitted[lane]!++
    this.#writer.publish(true)
  }

  read(pages: number): void {
    this.#fold.reader.read(pages)
  }

  /** Saves a part. Returns whether there is more of it. */
  save(): boolean {
    this.#checkpoints.goOn()
    return this.#checkpoints.isPending
  }

  replace(): void {
    this.#carrier.kept.receive()
    this.#carrier.disconnect()
    this.#writer.readerReplaced(this.#carrier.kept.place)
    this.#connect()
  }

  /** The sequence numbers that the lanes have come to, and those that were given. */
  get folded(): ReadonlyArray<number | undefined> {
    this.read(Number.POSITIVE_INFINITY)
    return [0, 1].map((lane) => this.#fold.saveLane(lane)?.sequence)
  }

  get emitted(): ReadonlyArray<number> {
    return this.#emitted
  }
}

describe("folds that are replaced", () => {
  it("go by how far a lane was saved, also before they have come there", () => {
    const folds = new ReplacedFolds()
    folds.fillPage(1)
    folds.large(0)
    folds.read(2)
    expect(folds.save(), "the first lane, which is ahead of what is covered").toBe(true)
    folds.replace()
    folds.read(1)
    while (folds.save());
    folds.replace()
    expect(folds.folded).toEqual(folds.emitted)
  })

  it("go on in the midst of rows that are folded as one", () => {
    const folds = new ReplacedFolds()
    folds.fillPage(0)
    folds.read(2)
    folds.save()
    folds.replace()
    folds.fillPage(0)
    expect(folds.folded).toEqual(folds.emitted)
  })

  it("fold each event once, whatever was saved of the log and wherever they ended", () => {
    const anyLane = fc.nat(1)
    const anyStep = fc.oneof(
      fc.record({ do: fc.constantFrom("large" as const, "fillPage" as const), n: anyLane }),
      fc.record({ do: fc.constant("read" as const), n: fc.integer({ min: 1, max: 2 }) }),
      fc.record({ do: fc.constantFrom("save" as const, "replace" as const) })
    )
    fc.assert(
      fc.property(fc.array(anyStep, { minLength: 5, maxLength: 40, size: "max" }), (steps) => {
        const folds = new ReplacedFolds()
        for (const step of steps) "n" in step ? folds[step.do](step.n) : folds[step.do]()
        expect(folds.folded).toEqual(folds.emitted)
      }),
      { numRuns: runs(100) }
    )
  })
})
