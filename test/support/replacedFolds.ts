/**
 * A log that is folded by one fold after the other. Each saves its state in parts while it continues reading, and ends
 * at any time.
 */
import { MessageChannel } from "node:worker_threads"
import type { Metric } from "mvx-metrics"
import { Checkpoints } from "../../src/internal/fold/checkpoints.ts"
import { Fold } from "../../src/internal/fold/fold.ts"
import { ThreadCarrier } from "../../src/internal/link/threadCarrier.ts"
import { ChunkBytes } from "../../src/internal/stream/foldedCounters.ts"
import { PageBytes, setRead } from "../../src/internal/stream/rows/page.ts"
import { RowWriter } from "../../src/internal/stream/writer.ts"
import { rowSource } from "./rowSource.ts"

export class ReplacedFolds {
  readonly #catalog: ReadonlyMap<string, Metric.Any>
  readonly #carrier = new ThreadCarrier({ start: () => {}, stop: () => {} })
  readonly #counters = new SharedArrayBuffer(ChunkBytes)
  protected readonly writer: RowWriter
  fold!: Fold
  /** The number of times a lane was saved. */
  saves = 0
  /** Whether a fold ends as soon as it has told what it saved, before it releases the pages that this covers. */
  endsUnreleased = false
  #checkpoints!: Checkpoints

  constructor(...metrics: ReadonlyArray<Metric.Any>) {
    this.#catalog = new Map(metrics.map((metric) => [metric.name, metric]))
    this.#connect()
    this.writer = new RowWriter(this.#carrier, 2 * PageBytes)
    this.writer.command({ _tag: "Counters", chunk: 0, buffer: this.#counters })
  }

  #connect(): void {
    const { port1, port2 } = new MessageChannel()
    for (const port of [port1, port2]) port.unref()
    const fold = new Fold({
      send: () => {},
      sendCopies: true,
      onPageRead: (page, stream) => checkpoints.onPageRead(page, stream),
      catalog: this.#catalog
    })
    const { lanes } = fold
    const { saving } = lanes
    lanes.saving = (lane) => {
      this.saves++
      return saving.call(lanes, lane)
    }
    const checkpoints = new Checkpoints(
      fold,
      (saved) => port2.postMessage(saved),
      (page) => {
        if (!this.endsUnreleased) setRead(page)
      }
    )
    this.fold = fold
    this.#checkpoints = checkpoints
    const { kept } = this.#carrier
    kept.listen(port1)
    const { place, segments } = kept
    const counters = [this.#counters]
    fold.restore({ place, segments, counters, seen: [], careful: 0, poisoned: [], gone: { lanes: [], to: 0 } })
    checkpoints.restored([...segments.keys()])
    this.#carrier.connect({
      post: (request) => {
        if (request._tag === "Memory") fold.reader.memory(request.first, request.buffer)
        else if (request._tag === "Attach") fold.reader.attach(request.attachments)
      },
      rouse: () => {}
    })
  }

  /** Opens a lane with all metrics. */
  protected open(lane: number): void {
    this.writer.command({ _tag: "Open", lane, recorderId: `r${lane}` })
    for (const name of this.#catalog.keys()) this.writer.command({ _tag: "Register", lane, name, at: 0 })
  }

  /** Writes events that no metric reads until a page is full, and returns their number: then a checkpoint is due. */
  protected fill(lane: number): number {
    const source = rowSource(lane)
    const page = this.#page
    let count = 0
    while (this.#page === page && this.writer.foreignEvent(source)) count++
    this.writer.publish(true)
    return count
  }

  get #page(): number {
    return Math.floor(this.writer.position / (PageBytes / 8))
  }

  read(pages: number): void {
    this.fold.reader.read(pages)
  }

  /** Saves a part. Returns whether there are more parts. */
  save(): boolean {
    this.#checkpoints.goOn()
    return this.#checkpoints.isPending
  }

  /** The saved data that is kept. */
  protected get segments(): ReadonlyArray<SharedArrayBuffer> {
    this.#carrier.kept.receive()
    return [...this.#carrier.kept.segments.values()]
  }

  replace(): void {
    this.#carrier.kept.receive()
    this.#carrier.disconnect()
    this.writer.readerReplaced(this.#carrier.kept.place)
    this.#connect()
  }
}
