/**
 * One recorder's end of a log, folded by one fold after the other: a test decides when they end and are replaced.
 */
import { deserialize, serialize } from "node:v8"
import type { Metric } from "mvx-metrics"
import { Fold, type FoldOptions } from "../../src/internal/fold/fold.ts"
import { type Place, PlaceWords, placeIn } from "../../src/internal/fold/place.ts"
import type { SavedLane } from "../../src/internal/fold/savedLane.ts"
import { segmentOf } from "../../src/internal/fold/segment.ts"
import type { Command, Watch } from "../../src/internal/stream/commands.ts"
import { ChunkBytes, CounterTable } from "../../src/internal/stream/foldedCounters.ts"
import type { Change, FoldMessage, LaneMessage, Read } from "../../src/internal/stream/foldMessages.ts"
import type { Poison } from "../../src/internal/stream/restore.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"

type Entry =
  | { readonly command: Command }
  | { readonly event: MetricEvent; readonly at: number }
  | { readonly foreign: number }
  | { readonly skip: number }

export const lane = 3

/** A fold of the log's output: its reader has read past everything that was saved. */
export const foldOf = (options: Pick<FoldOptions, "send" | "catalog">): Fold => {
  const fold = new Fold({ sendCopies: true, onPageRead: () => {}, ...options })
  Object.defineProperty(fold.reader, "position", { value: 1, configurable: true })
  return fold
}

export class Replaying {
  readonly #catalog: ReadonlyMap<string, Metric.Any>
  readonly #buffer = new SharedArrayBuffer(ChunkBytes)
  readonly #place = new Int32Array(new SharedArrayBuffer(4 * PlaceWords))
  readonly #log: Array<Entry> = []
  #fold: Fold
  #saved: { readonly lane: Uint8Array; readonly position: number } | undefined
  /** Of the last received batch. */
  #seen = 0
  /** Batches that listeners are processing. */
  readonly #undelivered: Array<number> = []
  readonly said: Array<FoldMessage> = []
  /** Everything received, in order. */
  readonly changes: Array<Change> = []
  /** The number of accepted events. */
  accepted = 0

  constructor(metrics: ReadonlyArray<Metric.Any>) {
    this.#catalog = new Map(metrics.map((metric) => [metric.name, metric]))
    this.#fold = this.#newFold([])
    this.command({ _tag: "Open", lane, recorderId: "r" })
  }

  #newFold(poisoned: ReadonlyArray<Poison>, isCareful = false): Fold {
    const fold = foldOf({ send: (message) => this.#take(message), catalog: this.#catalog })
    fold.place = this.#place
    fold.restore({
      careful: isCareful ? Number.POSITIVE_INFINITY : 0,
      counters: [this.#buffer],
      seen: [[lane, this.#seen]],
      gone: { lanes: [], to: 1 },
      poisoned,
      segments: new Map(this.#saved && [[0, segmentOf([{ lane, at: 0, rowsAt: 0, parts: [this.#saved.lane] }])]]),
      place: { page: 0, turn: 0, word: 0 }
    })
    return fold
  }

  #take(message: FoldMessage): void {
    this.said.push(message)
    if (message._tag !== "Changes") return
    this.#seen = message.sequence
    this.changes.push(...message.changes)
    this.#undelivered.push(message.sequence)
  }

  #append(entry: Entry): void {
    this.#log.push(entry)
    this.#give(entry)
  }

  #give(entry: Entry): void {
    if ("event" in entry) this.#fold.main.event(lane, entry.event, entry.at)
    else if ("foreign" in entry) this.#fold.main.foreignEvents(lane, entry.foreign)
    else if ("skip" in entry) this.#fold.main.skip(lane, entry.skip)
    else this.#fold.command(entry.command)
  }

  command(command: Command): void {
    this.#append({ command })
  }

  register(name: string): void {
    this.command({ _tag: "Register", lane, name, at: 0 })
  }

  watch(watch: Watch): void {
    this.command({ _tag: "Watch", lane, watch })
  }

  event(event: MetricEvent, at = 0): void {
    this.accepted++
    this.#append({ event, at })
  }

  foreign(count: number): void {
    this.accepted += count
    this.#append({ foreign: count })
  }

  evict(count: number): void {
    this.accepted += count
    this.#append({ skip: this.accepted })
  }

  /** Marks the oldest batch as processed by its listeners. Returns whether there was one. */
  deliver(): boolean {
    const sequence = this.#undelivered.shift()
    if (sequence !== undefined) this.command({ _tag: "Delivered", lane, sequence })
    return sequence !== undefined
  }

  get counters() {
    const table = new CounterTable()
    table.add(0, this.#buffer)
    return table.of(lane)
  }

  get place(): Place {
    return placeIn(this.#place)!
  }

  read(what: "snapshots" | "shown" | "states", now = 0): Read {
    while (this.deliver());
    this.command({ _tag: "Read", lane, request: 1, what, now })
    while (this.#fold.work.isPending) this.#fold.work.goOn()
    return this.said.findLast((message) => message._tag === "Answer")!.read
  }

  quarantined(): ReadonlyArray<Extract<LaneMessage, { _tag: "Quarantined" }>> {
    return this.said.filter((message) => message._tag === "Quarantined")
  }

  /** The data to keep: everything that a save shares with its lane must be copied by then. */
  save(): SavedLane {
    const bytes = serialize(allSteps(this.#fold.lanes.find(lane)!.saving()))
    this.#saved = { lane: bytes, position: this.#log.length }
    return deserialize(bytes)
  }

  /** Replaces the fold: the next one continues from the last save, and reads the log from there. */
  replace(poisoned: ReadonlyArray<Poison> = [], isCareful = false): void {
    this.#fold = this.#newFold(poisoned, isCareful)
    // The effects of the replay come after it.
    for (const entry of this.#log.slice(this.#saved?.position ?? 0)) this.#give(entry)
  }
}
