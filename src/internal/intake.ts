/**
 * The production side of one recorder's events: acceptance, credits, overflow policies, accounting, and the hand-over
 * to the fold in order.
 *
 * Everything is synchronous. An event that is accepted lies in the bounded queue until it is handed over; until it is
 * folded it holds a credit, wherever it is. So `capacity` bounds the whole way, not the queue alone.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type { Scheduler } from "effect/Scheduler"
import { type MetricEvent, whyNotEvent } from "../MetricEvent.ts"
import type { Stats } from "../Stats.ts"
import { copyEvent } from "./copyEvent.ts"
import { describeError } from "./describeError.ts"
import type { LaneLink } from "./link.ts"
import { Applied, Ignored } from "./protocol.ts"

/** What to do with an event when all credits are taken. */
export type Overflow = "drop-newest" | "drop-oldest" | "backpressure" | "fail"

/** What became of an event that was offered. */
export type Offer = "accepted" | "overflow" | "invalid" | "not-running"

interface Entry {
  readonly event: MetricEvent
  readonly at: number
}

/** A fiber that waits for a credit. */
interface Waiter {
  readonly entry: Entry
  readonly resume: (offer: Offer) => void
}

/** Something that has to happen when exactly the events up to `position` have left the queue. */
interface Barrier {
  readonly position: number
  readonly run: () => void
}

/** Events in one hand-over: enough to spread its cost, few enough for the fold to answer soon. */
const BatchSize = 1024

export class Intake {
  readonly capacity: number
  readonly overflow: Overflow
  /** Whether events are taken at all: from the start of the recorder to its stop. */
  #accepting = false
  /** Whether events are handed over. While a recorder starts they wait in the queue. */
  #flowing = false
  #flushing = false
  #flushScheduled = false

  #accepted = 0
  #evicted = 0
  #overflowed = 0
  #invalid = 0
  #notRunning = 0
  #applied = 0
  #ignored = 0
  /** Events given to the fold. */
  #sent = 0
  /** Last seen values of the shared counters, which wrap around. */
  #seenApplied = 0
  #seenIgnored = 0

  readonly #queue: Queue.Queue<Entry>
  /** The line of fibers that `backpressure` has suspended, first come first served. */
  readonly #line = new Set<Waiter>()
  readonly #lane: LaneLink
  readonly #startIfIdle: () => void
  readonly #dispatcher: ReturnType<Scheduler["makeDispatcher"]>
  readonly #highWater: number
  /** Most events that may be with the fold. `drop-oldest` keeps the other half where it can take it back. */
  readonly #handedLimit: number
  #barriers: Array<Barrier> = []
  #drained: Array<() => void> = []

  constructor(options: {
    readonly capacity: number
    readonly overflow: Overflow
    readonly lane: LaneLink
    readonly scheduler: Scheduler
    /** The first event of a recorder starts it. */
    readonly startIfIdle: () => void
  }) {
    this.capacity = options.capacity
    this.overflow = options.overflow
    this.#lane = options.lane
    this.#startIfIdle = options.startIfIdle
    this.#dispatcher = options.scheduler.makeDispatcher()
    this.#queue = Effect.runSync(Queue.bounded<Entry>(options.capacity))
    this.#highWater = Math.min(BatchSize, Math.ceil(options.capacity / 2))
    this.#handedLimit = options.overflow === "drop-oldest" ? Math.max(1, options.capacity >> 1) : options.capacity
  }

  /** Sequence number of the last event accepted. */
  get accepted(): number {
    return this.#accepted
  }

  get pending(): number {
    this.#readCounters()
    return this.#accepted - this.#applied - this.#ignored - this.#evicted
  }

  stats(): Omit<Stats, "state"> {
    const pending = this.pending
    const refused = this.#overflowed + this.#invalid + this.#notRunning
    return {
      capacity: this.capacity,
      offered: this.#accepted + refused,
      accepted: this.#accepted,
      refused,
      refusedBy: { overflow: this.#overflowed, invalid: this.#invalid, notRunning: this.#notRunning },
      applied: this.#applied,
      ignored: this.#ignored,
      evicted: this.#evicted,
      pending
    }
  }

  /** Begins to take events. They are handed over from {@link flow} on. */
  open(): void {
    this.#accepting = true
    this.#flowing = false
  }

  flow(): void {
    this.#flowing = true
    this.flush()
  }

  /** Takes no more events. Fibers that wait for room are let go; what was accepted still gets folded. */
  close(): void {
    this.#accepting = false
    for (const waiter of this.#line) this.#letGo(waiter, this.#refuseNotRunning())
  }

  /** Takes no more events and hands over no more either: nobody is there to fold them. */
  fail(): void {
    this.close()
    this.#flowing = false
  }

  /** Offers an event that may be anything, emitted `at`. Never throws. */
  offer(event: unknown, at: number): Offer {
    const entry = this.#entryOf(event, at)
    if (entry === undefined) return "invalid"
    if (!this.#accepting) this.#startIfIdle()
    if (!this.#accepting) return this.#refuseNotRunning()
    if (this.#tryAccept(entry)) return "accepted"
    this.#overflowed++
    return "overflow"
  }

  /** The same, but under `backpressure` the fiber waits for room. */
  offerOrWait(event: unknown, at: number): Effect.Effect<Offer> {
    if (this.overflow !== "backpressure") return Effect.succeed(this.offer(event, at))
    const entry = this.#entryOf(event, at)
    if (entry === undefined) return Effect.succeed("invalid")
    if (!this.#accepting) this.#startIfIdle()
    if (!this.#accepting) return Effect.succeed(this.#refuseNotRunning())
    if (this.#tryAccept(entry)) return Effect.succeed("accepted")
    // It counts as offered when it is decided: let in by `#admit`, or let go by `close`.
    return Effect.callback<Offer>((resume) => {
      const waiter: Waiter = { entry, resume: (offer) => resume(Effect.succeed(offer)) }
      this.#line.add(waiter)
      return Effect.sync(() => void this.#line.delete(waiter))
    })
  }

  #refuseNotRunning(): "not-running" {
    this.#notRunning++
    return "not-running"
  }

  /** Runs `action` when all events accepted up to now have left the queue, before any later one does. */
  afterAccepted(action: () => void): void {
    this.#barriers.push({ position: this.#accepted, run: action })
    this.flush()
  }

  /** Runs `action` once nothing is pending. */
  whenDrained(action: () => void): void {
    this.#drained.push(action)
    this.flush()
  }

  /** The fold has moved the counters: credits are free. */
  onFolded(): void {
    this.#readCounters()
    this.#admit()
    this.flush()
  }

  /** Hands over what there is, in order, barriers between. */
  flush(): void {
    if (this.#flushing) return
    this.#flushing = true
    for (let sent = this.#handOver(); sent; sent = this.#handOver()) {
      // What is folded now frees credits, and with them there may be more to hand over.
      this.#lane.wake()
    }
    this.#flushing = false
    if (this.#drained.length > 0 && this.pending === 0) {
      const drained = this.#drained
      this.#drained = []
      for (const action of drained) action()
    }
  }

  /** Runs the barriers that are due and hands over a batch; whether there was anything to do. */
  #handOver(): boolean {
    const ran = this.#runBarriers()
    const count = this.#sendable()
    if (count > 0) this.#sendBatch(count)
    return ran || count > 0
  }

  #entryOf(event: unknown, at: number): Entry | undefined {
    if (whyNotEvent(event) === undefined) {
      try {
        return { event: copyEvent(event as MetricEvent), at }
      } catch {
        // Not plain data: counted below, and named by `whyInvalidEvent`.
      }
    }
    this.#invalid++
    return undefined
  }

  #tryAccept(entry: Entry): boolean {
    // Whoever waits in the line was here before.
    if (this.#line.size > 0) return false
    if (!this.#hasCredit()) {
      if (this.overflow !== "drop-oldest" || Queue.takeUnsafe(this.#queue) === undefined) return false
      this.#evicted++
    }
    this.#accept(entry)
    return true
  }

  #hasCredit(): boolean {
    // The shared counters are read only when the credits known of are used up.
    if (this.#accepted - this.#applied - this.#ignored - this.#evicted < this.capacity) return true
    if (this.pending < this.capacity) return true
    this.flush()
    return this.pending < this.capacity
  }

  #accept(entry: Entry): void {
    this.#accepted++
    Queue.offerUnsafe(this.#queue, entry)
    if (!this.#flowing) return
    // A synchronous burst never reaches the event loop: at the high-water mark the emitting call hands over itself.
    if (Queue.sizeUnsafe(this.#queue) >= this.#highWater) this.flush()
    else this.#scheduleFlush()
  }

  #scheduleFlush(): void {
    if (this.#flushScheduled) return
    this.#flushScheduled = true
    this.later(() => {
      this.#flushScheduled = false
      this.flush()
    })
  }

  /** Runs `action` at the next turn of the event loop. */
  later(action: () => void): void {
    this.#dispatcher.scheduleTask(action, 0)
  }

  /** Lets suspended offers in while there are credits. */
  #admit(): void {
    for (const waiter of this.#line) {
      if (this.pending >= this.capacity) return
      this.#letGo(waiter, "accepted")
      this.#accept(waiter.entry)
    }
  }

  /** Resumes a suspended fiber, at the next turn of the event loop: never user code in the middle of a hand-over. */
  #letGo(waiter: Waiter, offer: Offer): void {
    this.#line.delete(waiter)
    this.later(() => waiter.resume(offer))
  }

  #runBarriers(): boolean {
    let ran = false
    const left = this.#accepted - Queue.sizeUnsafe(this.#queue)
    for (; this.#barriers.length > 0 && this.#barriers[0]!.position <= left; ran = true) this.#barriers.shift()!.run()
    return ran
  }

  /** How many events may go now: no more than a batch, than the fold may hold, than lie before the next barrier. */
  #sendable(): number {
    if (!this.#flowing) return 0
    const size = Queue.sizeUnsafe(this.#queue)
    this.#readCounters()
    const room = this.#handedLimit - (this.#sent - this.#applied - this.#ignored)
    const next = this.#barriers[0]
    const beforeBarrier = next === undefined ? size : next.position - (this.#accepted - size)
    return Math.min(BatchSize, size, room, beforeBarrier)
  }

  /** Takes from the queue and hands to the transport in one synchronous step, so that nothing can get in between. */
  #sendBatch(count: number): void {
    const first = this.#accepted - Queue.sizeUnsafe(this.#queue) + 1
    const events: Array<MetricEvent> = []
    const times: Array<number> = []
    for (let i = 0; i < count; i++) {
      const taken = Queue.takeUnsafe(this.#queue)
      if (taken === undefined || taken._tag === "Failure") break
      events.push(taken.value.event)
      times.push(taken.value.at)
    }
    this.#sent += events.length
    this.#lane.send({ _tag: "Events", first, events, times })
  }

  #readCounters(): void {
    const applied = Atomics.load(this.#lane.counters, Applied)
    const ignored = Atomics.load(this.#lane.counters, Ignored)
    // Differences modulo 2^32 are exact: no more than `capacity` events lie between two reads.
    this.#applied += (applied - this.#seenApplied) | 0
    this.#ignored += (ignored - this.#seenIgnored) | 0
    this.#seenApplied = applied
    this.#seenIgnored = ignored
  }
}

/** Why `event` is refused as invalid, or `undefined`. */
export const whyInvalidEvent = (event: unknown): string | undefined => {
  const reason = whyNotEvent(event)
  if (reason !== undefined) return reason
  try {
    copyEvent(event as MetricEvent)
    return undefined
  } catch (cause) {
    return `must be plain data: ${describeError(cause)}`
  }
}
