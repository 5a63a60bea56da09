/**
 * Appends what a fold takes to a store, from the thread that folds. Batches are kept until the store has committed them
 * and cannot lose that any more. While the store is unreachable they are kept up to a limit. Beyond it nothing is
 * folded, so that the recorders' capacity and overflow policies apply.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { EventEnd, EventStoreService } from "../store/eventStore.ts"
import type { FoldMessage } from "../stream/foldMessages.ts"
import type { KeptBatch, KeptShipping, SavedBatches } from "../stream/restore.ts"
import type { ShippingSettings } from "../stream/workerMessages.ts"
import { messageOf } from "../util/describeError.ts"
import { LongestTimer } from "../util/liveClock.ts"
import { nextSource } from "./batchFormat.ts"
import { BatchWriter } from "./batchWriter.ts"
import { KeptBatches } from "./keptBatches.ts"

/** The size in bytes at which a batch is ended, whatever the interval. */
const BatchBytes = 256 * 1024

/** The number of bytes appended at once. */
const AppendBytes = 1024 * 1024

/** The delays between two attempts in milliseconds, from the first failure up to the maximum. */
const FirstRetry = 100
const LongestRetry = 5000

/** The interval in milliseconds for checking what was committed while there is no room. */
const WhileFull = 250

export interface ShipperOptions {
  readonly store: EventStoreService
  readonly settings: ShippingSettings
  readonly send: (message: FoldMessage) => void
  /** Keeps batches where they outlive this thread, before the store gets them. */
  readonly save: (saved: SavedBatches) => void
  readonly allocate: (bytes: number) => ArrayBufferLike
  /** Runs an effect while the fold continues. */
  readonly beside: (effect: Effect.Effect<void>) => void
  /** Called when {@link Shipper.isFull} has become false. */
  readonly onRoom: () => void
}

export class Shipper {
  readonly writer = new BatchWriter()
  readonly #options: ShipperOptions
  readonly #kept = new KeptBatches()
  #source: string
  /** The last batch that the store has. */
  #last = 0
  /** Whether it continues as another source, of which the store has accepted nothing yet. */
  #isNew = false
  /** By ticket: the batch that is waited for, and whether it is the last one. */
  readonly #waiting = new Map<number, { readonly number: number; readonly ends: boolean }>()
  #isAppending = false
  #isEnding = false
  #hasEnded = false
  #isClosed = false
  #retry = 0
  #isDue = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #dueAt = Number.POSITIVE_INFINITY
  // The numbers that are reported.
  #appended = 0
  #failures = 0
  #failure: string | undefined
  #retirements = 0

  constructor(options: ShipperOptions) {
    this.#options = options
    this.#source = options.settings.source
    this.writer.onWritten = () => this.#onWritten()
    if (options.settings.overflow === "drop-newest") this.writer.hasNoRoom = () => this.#hasNoRoom
    this.#arm(0)
  }

  /** Whether the limit is reached, so that nothing more may be folded. */
  get isFull(): boolean {
    return this.#options.settings.overflow === "backpressure" && this.#hasNoRoom
  }

  get #hasNoRoom(): boolean {
    return this.#kept.bytes + this.writer.bytes >= this.#options.settings.memoryLimit
  }

  #onWritten(): void {
    if (this.writer.bytes >= BatchBytes) {
      this.close()
      this.#append()
    } else this.#arm(this.#options.settings.intervalMillis)
  }

  /** Ends the current batch. From here on what was folded does not depend on this thread. */
  close(): void {
    if (this.writer.bytes === 0) return
    const { events } = this.writer
    let memory: ArrayBufferLike | undefined
    this.writer.take((bytes) => {
      memory = this.#options.allocate(bytes)
      return new Uint8Array(memory)
    })
    this.#save([this.#kept.add(memory!, events)])
    if (this.#hasNoRoom) this.#tell()
  }

  #save(batches: ReadonlyArray<KeptBatch>, restarts = false): void {
    this.#options.save({ _tag: "Batches", source: this.#source, batches, oldest: this.#kept.oldest, restarts })
  }

  /** Takes over from a shipper in a thread that has ended. */
  restore({ batches, next, source }: KeptShipping): void {
    this.#source = source
    this.#kept.restore(batches, next)
    this.#arm(0)
  }

  /** Requests that everything folded before is appended. `ends`: no more events follow. */
  ship(ticket: number, ends: boolean): void {
    this.close()
    this.#isEnding ||= ends
    this.#waiting.set(ticket, { number: this.#kept.next - 1, ends })
    this.#answer(undefined)
    this.#arm(0)
  }

  /** Answers the requests whose batches are in the store. */
  #answer(failure: string | undefined): void {
    for (const [ticket, { ends, number }] of this.#waiting) {
      const isThere = number <= this.#last && (!ends || this.#hasEnded)
      // At the end there is nothing left to do but to retry, as long as there is time.
      if (!isThere && (ends || failure === undefined)) continue
      this.#waiting.delete(ticket)
      this.#options.send({ _tag: "Shipped", ticket, failure: isThere ? undefined : failure })
    }
  }

  /** Stops appending. */
  stop(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  // --- to the store

  /** Appends after this many milliseconds, or earlier. */
  #arm(millis: number): void {
    const at = performance.now() + millis
    if (this.#isClosed || at >= this.#dueAt) return
    clearTimeout(this.#timer)
    this.#dueAt = at
    this.#timer = setTimeout(
      () => {
        this.#dueAt = Number.POSITIVE_INFINITY
        this.close()
        this.#append()
      },
      Math.min(millis, LongestTimer)
    )
    if (typeof this.#timer === "object") this.#timer.unref()
  }

  #append(): void {
    if (this.#isClosed) return
    this.#isDue = true
    // After a failure the timer retries.
    if (this.#isAppending || (this.#retry > 0 && this.#dueAt < Number.POSITIVE_INFINITY)) return
    this.#isAppending = true
    this.#isDue = false
    const { beside, settings, store } = this.#options
    const batches = this.#kept.after(this.#last, AppendBytes)
    const { oldest } = this.#kept
    const upTo = batches.at(-1)?.number ?? this.#last
    const hasEnded = this.#isEnding && upTo === this.#kept.next - 1
    const append = { namespace: settings.namespace, source: this.#source, batches, oldest, hasEnded }
    beside(
      Effect.suspend(() => store.append(append)).pipe(
        Effect.matchCause({
          onSuccess: (end) => this.#appendedTo(end, hasEnded),
          onFailure: (cause) => this.#failed(messageOf(Cause.squash(cause)))
        })
      )
    )
  }

  #appendedTo(end: EventEnd, hasEnded: boolean): void {
    this.#isAppending = false
    if (end.isRetired) return this.#retired(end)
    this.#isNew = false
    this.#retry = 0
    this.#failure = undefined
    this.#count(end.last)
    this.#last = end.last
    this.#hasEnded = hasEnded
    const wasFull = this.isFull
    const { graceMillis, heartbeatMillis } = this.#options.settings
    if (this.#kept.committed(end.committed, performance.now(), graceMillis)) {
      this.#save([])
      if (wasFull && !this.isFull) this.#options.onRoom()
    }
    this.#answer(undefined)
    this.#tell()
    if (this.#isDue || this.#last < this.#kept.next - 1 || (this.#isEnding && !this.#hasEnded)) this.#append()
    else this.#arm(this.#hasNoRoom ? Math.min(heartbeatMillis, WhileFull) : heartbeatMillis)
  }

  /**
   * The source was silent for too long, so its events are part of the total. What the store has not received belongs to
   * another source.
   */
  #retired({ last }: EventEnd): void {
    this.#count(last)
    this.#kept.renumber(last)
    for (const [ticket, { ends, number }] of this.#waiting) {
      this.#waiting.set(ticket, { number: Math.max(0, number - last), ends })
    }
    this.#source = nextSource(this.#source)
    this.#last = 0
    this.#retirements++
    this.#save(this.#kept.all, true)
    if (this.#isNew) return this.#failed("the store reports a source as retired that has just started")
    this.#isNew = true
    this.#append()
  }

  #count(last: number): void {
    for (const { events, number } of this.#kept.all) {
      if (number > this.#last && number <= last) this.#appended += events
    }
  }

  #failed(failure: string): void {
    this.#isAppending = false
    this.#failures++
    this.#failure = failure
    this.#answer(failure)
    this.#tell()
    this.#retry = Math.min(LongestRetry, this.#retry === 0 ? FirstRetry : this.#retry * 2)
    clearTimeout(this.#timer)
    this.#dueAt = Number.POSITIVE_INFINITY
    this.#arm(this.#retry)
  }

  #tell(): void {
    this.#options.send({
      _tag: "Streamed",
      events: this.#appended,
      kept: this.#kept.bytes + this.writer.bytes,
      isFull: this.#hasNoRoom,
      dropped: this.writer.dropped,
      failures: this.#failures,
      failure: this.#failure,
      retirements: this.#retirements
    })
  }
}
