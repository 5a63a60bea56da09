/**
 * A process that sends events: a log that lasts, and a thread that folds it, of which there is another one when a test says
 * so. What the threads have saved is all that the next one has.
 */
import type { Effect } from "effect"
import type { TappedLane } from "../../../src/internal/fold/foldTap.ts"
import { KeptLog } from "../../../src/internal/link/keptLog.ts"
import { measuredBy } from "../../../src/internal/metric/definition/measured.ts"
import type { MetricEvent } from "../../../src/internal/model/event.ts"
import { Shipper } from "../../../src/internal/shipping/shipper.ts"
import type { EventStoreService } from "../../../src/internal/store/eventStore.ts"
import type { KeptShipping, SavedBatches } from "../../../src/internal/stream/restore.ts"
import type { ShippingSettings } from "../../../src/internal/stream/workerMessages.ts"
import { RequestMetrics } from "./requests.metrics.ts"

const generations = RequestMetrics.metrics.map((metric) => ({
  name: metric.name,
  epoch: 0,
  measured: measuredBy(metric).hash
}))

type Entry =
  | { readonly _tag: "Event"; readonly event: MetricEvent; readonly at: number }
  | { readonly _tag: "Open" }
  | { readonly _tag: "Close" }

interface Lane extends TappedLane {
  sequence: number
}

export class SentEvents {
  readonly #settings: ShippingSettings
  readonly #store: EventStoreService
  readonly #recorderId: string
  readonly #log: Array<Entry> = []
  readonly #answers: Array<string | undefined> = []
  /** What is appended, when the test lets it. */
  readonly #pending: Array<Effect.Effect<void>> = []
  readonly #kept = new KeptLog()
  #shipper!: Shipper
  // How far the present thread is, and how far the next one would begin.
  #read = 0
  #lane: Lane | undefined
  #saved: { readonly read: number; readonly lane: Lane | undefined } = { read: 0, lane: undefined }
  #replayedTo = 0

  constructor(store: EventStoreService, recorderId: string, settings: Partial<ShippingSettings> = {}) {
    this.#store = store
    this.#recorderId = recorderId
    this.#settings = {
      namespace: "protocol",
      source: recorderId,
      store: undefined,
      intervalMillis: 1e9,
      memoryLimit: 1e9,
      overflow: "backpressure",
      graceMillis: 1e9,
      heartbeatMillis: 1e9,
      ...settings
    }
    this.#startThread(undefined)
  }

  #startThread(kept: KeptShipping | undefined): void {
    this.#shipper?.stop()
    this.#pending.length = 0
    const shipper = new Shipper({
      store: this.#store,
      settings: this.#settings,
      send: (message) => {
        if (message._tag === "Shipped") this.#answers.push(message.failure)
      },
      save: (saved) => this.#keep(saved),
      allocate: (bytes) => new SharedArrayBuffer(bytes),
      beside: (effect) => void this.#pending.push(effect),
      onRoom: () => {}
    })
    shipper.writer.isReplaying = () => this.#read < this.#replayedTo
    if (kept !== undefined) shipper.restore(kept)
    this.#shipper = shipper
  }

  /** As the application thread does. */
  #keep(saved: SavedBatches): void {
    this.#kept.addBatches(saved)
  }

  emit(event: MetricEvent, at: number): void {
    this.#log.push({ _tag: "Event", event, at })
  }

  /** The recorder is removed, and another one made under its id. */
  reopen(): void {
    this.#log.push({ _tag: "Close" }, { _tag: "Open" })
  }

  open(): void {
    this.#log.push({ _tag: "Open" })
  }

  /** Folds so many entries of the log, or all. */
  fold(most = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < most && this.#read < this.#log.length; i++) {
      const entry = this.#log[this.#read]!
      const { writer } = this.#shipper
      this.#read++
      if (entry._tag === "Open") {
        this.#lane = this.#newLane(this.#read)
        writer.opened(this.#lane)
      } else if (entry._tag === "Close") {
        writer.closed(this.#lane!, undefined)
        this.#lane = undefined
      } else {
        writer.event(this.#lane!, entry.event, entry.at)
        this.#lane!.sequence++
      }
    }
  }

  #newLane(life: number): Lane {
    const { length } = generations
    return {
      lane: 0,
      life,
      recorderId: this.#recorderId,
      sequence: 0,
      tapped: 0,
      metrics: { version: length, generations: () => generations }
    }
  }

  /** What was folded is not folded again. */
  checkpoint(): void {
    this.#shipper.close()
    this.#saved = { read: this.#read, lane: this.#lane && { ...this.#lane } }
  }

  /** The thread dies, and another one takes its place. */
  die(): void {
    this.#replayedTo = Math.max(this.#replayedTo, this.#read)
    this.#read = this.#saved.read
    this.#lane = this.#saved.lane && { ...this.#saved.lane, tapped: this.#saved.lane.sequence }
    this.#startThread(this.#kept.shipping)
  }

  /** Begins to append what there is, and ends. */
  ship(ends = false): void {
    this.#shipper.ship(0, ends)
  }

  /** What is on its way to the store. */
  takePending(): Effect.Effect<void> | undefined {
    return this.#pending.shift()
  }

  /** Why those who waited were told that it has not arrived, or `undefined` that it has. */
  takeAnswers(): ReadonlyArray<string | undefined> {
    return this.#answers.splice(0)
  }

  get isFull(): boolean {
    return this.#shipper.isFull
  }

  stop(): void {
    this.#shipper.stop()
  }
}
