/**
 * The production side of one recorder's events: acceptance, credits, overflow policies, accounting.
 *
 * Everything is synchronous. An event that is accepted holds a credit until it is folded, wherever it is, so `capacity`
 * bounds the whole way. Most go straight into the stream. The bounded queue holds what cannot go there yet: events of a
 * recorder that starts, those that `drop-oldest` can still take back, and all for which the stream has no room.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { type MetricEvent, whyNotEvent } from "../MetricEvent.ts"
import type { Stats } from "../Stats.ts"
import { copyOf, EventWriter, type TagLayouts } from "./eventWriter.ts"
import type { LaneLink } from "./link.ts"
import type { RowSource } from "./rowFormat.ts"

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

/** The first event of a recorder starts it. */
interface Startable {
  readonly startIfIdle: () => void
}

/** Events that were counted when they were accepted, and may be written at any time. */
const uncounted = (lane: number): RowSource => ({
  lane,
  counted: 0,
  limit: 1,
  runType: 0,
  runEnd: 0,
  reopen() {
    this.counted = 0
    return true
  }
})

/** Most recorders never have a barrier that waits. */
const nothing: Array<never> = []

// It extends the writer, rather than having one, so that what an event needs lies in one object.
export class Intake extends EventWriter implements RowSource {
  readonly lane: number
  /** Events accepted, but for those of the run of the stream that is open. */
  counted = 0
  /** Up to which number events may be accepted without another look: straight into the stream. */
  limit = 0
  runType = 0
  runEnd = 0
  readonly capacity: number
  readonly overflow: Overflow
  /** Whether events are taken at all: from the start of the recorder to its stop. */
  #accepting = false
  /** Whether events go into the stream. While a recorder starts they wait in the queue. */
  #flowing = false
  #flushing = false
  #moving = false
  /** Whether the fold was asked to say when it has folded something, and has not said so yet. */
  #asked = false

  #evicted = 0
  #overflowed = 0
  #invalid = 0
  #notRunning = 0
  #applied = 0
  #ignored = 0
  /** Last seen values of the shared counters, which wrap around. */
  #seenApplied = 0
  #seenIgnored = 0
  /** Events evicted that the fold has not been told of. */
  #skipped = false

  /** Made when it is needed, which for most recorders is never. */
  #queue: Queue.Queue<Entry> | undefined
  /** Taken from the queue, when the stream turned out to have no room. It counts as in the queue. */
  #stuck: Entry | undefined
  /** Writes what comes from the queue: it was counted when it was accepted. */
  #moved: RowSource | undefined
  /** The line of fibers that `backpressure` has suspended, first come first served. */
  #line: Set<Waiter> | undefined
  readonly #lane: LaneLink
  readonly #recorder: Startable
  /** Most events that may be with the fold. `drop-oldest` keeps the other half where it can take it back. */
  readonly #handedLimit: number
  #barriers: Array<Barrier> = nothing
  #drained: Array<() => void> = nothing

  constructor(options: {
    readonly capacity: number
    readonly overflow: Overflow
    readonly lane: LaneLink
    readonly layouts: TagLayouts
    readonly recorder: Startable
  }) {
    super(options.lane.writer, options.layouts)
    this.capacity = options.capacity
    this.overflow = options.overflow
    this.lane = options.lane.lane
    this.#lane = options.lane
    this.#recorder = options.recorder
    this.#handedLimit = options.overflow === "drop-oldest" ? Math.max(1, options.capacity >> 1) : options.capacity
  }

  /** Sequence number of the last event accepted. */
  get accepted(): number {
    return this.counted + this.#lane.writer.rowsOf(this)
  }

  get pending(): number {
    this.#readCounters()
    return this.accepted - this.#applied - this.#ignored - this.#evicted
  }

  stats(): Omit<Stats, "state"> {
    const pending = this.pending
    const refused = this.#overflowed + this.#invalid + this.#notRunning
    return {
      capacity: this.capacity,
      offered: this.accepted + refused,
      accepted: this.accepted,
      refused,
      refusedBy: { overflow: this.#overflowed, invalid: this.#invalid, notRunning: this.#notRunning },
      applied: this.#applied,
      ignored: this.#ignored,
      evicted: this.#evicted,
      pending
    }
  }

  /** Begins to take events. They go into the stream from {@link flow} on. */
  open(): void {
    this.#accepting = true
    this.#flowing = false
    this.#shut()
  }

  flow(): void {
    this.#flowing = true
    this.flush()
  }

  /** Takes no more events. Fibers that wait for room are let go; what was accepted still gets folded. */
  close(): void {
    this.#accepting = false
    this.#shut()
    for (const waiter of this.#line ?? []) this.#letGo(waiter, this.#refuseNotRunning())
  }

  /** Takes no more events and hands over no more either: nobody is there to fold them. */
  fail(): void {
    this.close()
    this.#flowing = false
  }

  // --- offers

  /** Offers an event that may be anything. Never throws. */
  offer(event: unknown): Offer {
    try {
      if (this.writeRow(this, event as MetricEvent)) return "accepted"
    } catch {
      // It cannot be read, or has no tag: below it is found to be invalid.
    }
    return this.#offerAny(event)
  }

  /** The same, but under `backpressure` the fiber waits for room. */
  offerOrWait(event: unknown): Effect.Effect<Offer> {
    if (this.overflow !== "backpressure" || this.accepted < this.limit || this.reopen()) {
      return Effect.succeed(this.offer(event))
    }
    const entry = this.#entryOf(event)
    if (entry === undefined) return Effect.succeed("invalid")
    if (!this.#accepting) this.#recorder.startIfIdle()
    if (!this.#accepting) return Effect.succeed(this.#refuseNotRunning())
    if (this.#tryAccept(entry)) return Effect.succeed("accepted")
    // It counts as offered when it is decided: let in by `#admit`, or let go by `close`.
    return Effect.callback<Offer>((resume) => {
      const waiter: Waiter = { entry, resume: (offer) => resume(Effect.succeed(offer)) }
      this.#line ??= new Set()
      this.#line.add(waiter)
      this.#askForNews()
      return Effect.sync(() => void this.#line?.delete(waiter))
    })
  }

  /** No event goes straight into the stream until `reopen`. */
  #shut(): void {
    this.limit = 0
    this.#lane.writer.stop(this)
  }

  #refuseNotRunning(): "not-running" {
    this.#notRunning++
    return "not-running"
  }

  /** Whether events may go straight into the stream again; looks at how far the fold is. */
  reopen(): boolean {
    if (!this.#flowing || !this.#accepting || this.#queued > 0 || this.#waiting > 0 || this.#barriers.length > 0) {
      return false
    }
    this.#readCounters()
    const { writer } = this.#lane
    // From half the capacity on the fold has to keep up, and is woken; a burst never reaches the event loop.
    if ((this.accepted - this.#folded) * 2 >= this.#handedLimit) {
      writer.publish(true)
      this.#readCounters()
    }
    const step = Math.max(1, this.#handedLimit >> 2)
    this.limit = Math.min(this.#folded + this.#handedLimit, this.accepted + step)
    return this.accepted < this.limit
  }

  /** The slower way: what does not fit a row, has no room, or comes while events wait. */
  #offerAny(event: unknown): Offer {
    if (this.#isFull() && whyNotEvent(event) === undefined) {
      this.#overflowed++
      return "overflow"
    }
    const entry = this.#entryOf(event)
    if (entry === undefined) return "invalid"
    if (!this.#accepting) this.#recorder.startIfIdle()
    if (!this.#accepting) return this.#refuseNotRunning()
    if (this.#tryAccept(entry)) return "accepted"
    this.#overflowed++
    return "overflow"
  }

  /** Whether an event is bound to be refused for want of room, and need not be copied. */
  #isFull(): boolean {
    if (!this.#accepting || this.overflow === "drop-oldest") return false
    return this.#waiting > 0 || !this.#hasCredit()
  }

  #entryOf(event: unknown): Entry | undefined {
    const copy = copyOf(event)
    if (copy !== undefined) return { event: copy, at: this.#lane.writer.now() }
    this.#invalid++
    return undefined
  }

  #tryAccept(entry: Entry): boolean {
    // Whoever waits in the line was here before.
    if (this.#waiting > 0) return false
    if (!this.#hasCredit() && !this.#evict()) return false
    this.#accept(entry)
    return true
  }

  #hasCredit(): boolean {
    if (this.pending < this.capacity) return true
    this.flush()
    return this.pending < this.capacity
  }

  /** Under `drop-oldest`: takes back the oldest event that the fold does not have. */
  #evict(): boolean {
    if (this.overflow !== "drop-oldest" || this.#queued === 0) return false
    if (this.#stuck !== undefined) this.#stuck = undefined
    else Queue.takeUnsafe(this.#queue!)
    this.#evicted++
    this.#skipped = true
    return true
  }

  #accept(entry: Entry): void {
    // Whoever waits in the queue goes first: no event passes it until `reopen` finds it empty.
    this.#shut()
    this.counted++
    this.#queue ??= Effect.runSync(Queue.bounded<Entry>(this.capacity))
    this.#moved ??= uncounted(this.lane)
    Queue.offerUnsafe(this.#queue, entry)
    if (!this.#flowing) return
    this.#move()
    this.#askForNews()
  }

  // --- from the queue into the stream

  get #queued(): number {
    const waiting = this.#queue === undefined ? 0 : Queue.sizeUnsafe(this.#queue)
    return this.#stuck === undefined ? waiting : waiting + 1
  }

  /** Whether every event that was accepted has left the queue. */
  get isHandedOver(): boolean {
    return this.#queued === 0 && this.#barriers.length === 0
  }

  /** Events folded or evicted: they hold no credit. */
  get #folded(): number {
    return this.#applied + this.#ignored + this.#evicted
  }

  /** Runs `action` when all events accepted up to now have left the queue, before any later one does. */
  afterAccepted(action: () => void): void {
    if (this.#barriers === nothing) this.#barriers = []
    this.#barriers.push({ position: this.accepted, run: action })
    this.flush()
  }

  /** Runs `action` once nothing is pending. */
  whenDrained(action: () => void): void {
    if (this.#drained === nothing) this.#drained = []
    this.#drained.push(action)
    this.flush()
  }

  /** The fold has moved the counters: credits are free. */
  onFolded(): void {
    this.#asked = false
    this.#readCounters()
    this.#admit()
    this.flush()
  }

  /** Hands over what there is, in order, barriers between, and makes the fold see it. */
  flush(): void {
    if (this.#flushing) return
    this.#flushing = true
    do {
      this.#move()
      // What is folded now frees credits, and with them there may be more to hand over.
      this.#lane.writer.publish(true)
    } while (this.#canMove())
    this.#flushing = false
    if (this.#drained.length > 0 && this.pending === 0) {
      const drained = this.#drained
      this.#drained = nothing
      for (const action of drained) action()
    }
    this.#askForNews()
  }

  /** Whether the fold has to say when it has folded something, because somebody waits for it. */
  #askForNews(): void {
    if (this.#waiting === 0 && this.#drained.length === 0 && (!this.#flowing || this.#queued === 0)) return
    // The stream may be full of the events of others, of which the fold says nothing here.
    if (this.#stuck !== undefined) this.#lane.writer.whenRoom(this)
    if (this.#asked) return
    this.#asked = true
    this.#lane.counters.want()
    // It may have folded all of it before it could see that it is asked.
    const { pending } = this
    const isNews =
      (this.#waiting > 0 && pending < this.capacity) || (this.#drained.length > 0 && pending === 0) || this.#canMove()
    if (isNews) this.#lane.later(() => this.onFolded())
  }

  #canMove(): boolean {
    this.#readCounters()
    if (this.#barriers.length > 0 && this.#barriers[0]!.position <= this.accepted - this.#queued) return true
    return this.#flowing && this.#queued > 0 && this.#stuck === undefined && this.#handed < this.#handedLimit
  }

  /** Events that the fold has, or can see. */
  get #handed(): number {
    return this.accepted - this.#queued - this.#folded
  }

  /** Moves events from the queue into the stream while they may go, and runs the barriers that are due. */
  #move(): void {
    if (this.#moving) return
    this.#moving = true
    while (this.#moveNext());
    this.#moving = false
  }

  #moveNext(): boolean {
    while (this.#barriers.length > 0 && this.#barriers[0]!.position <= this.accepted - this.#queued) {
      this.#barriers.shift()!.run()
    }
    if (!this.#flowing || this.#queued === 0) return false
    if (this.#handed >= this.#handedLimit) {
      this.#readCounters()
      if (this.#handed >= this.#handedLimit) return false
    }
    const entry = this.#stuck ?? this.#takeEntry()
    if (this.#skipped) {
      this.#skipped = false
      this.#lane.send({ _tag: "Skip", to: this.accepted - this.#queued - (this.#stuck === undefined ? 1 : 0) })
    }
    this.#stuck = undefined
    const { writer } = this.#lane
    const given = writer.give(entry.at)
    const done = this.writeCopy(this.#moved!, entry.event)
    writer.give(given)
    if (done === "full") this.#stuck = entry
    return done === "written"
  }

  #takeEntry(): Entry {
    const taken = Queue.takeUnsafe(this.#queue!)
    if (taken === undefined || taken._tag === "Failure") throw new Error("the queue of a recorder is never closed")
    return taken.value
  }

  get #waiting(): number {
    return this.#line === undefined ? 0 : this.#line.size
  }

  /** Lets suspended offers in while there are credits. */
  #admit(): void {
    for (const waiter of this.#line ?? []) {
      if (this.pending >= this.capacity) return
      this.#letGo(waiter, "accepted")
      this.#accept(waiter.entry)
    }
  }

  /** Resumes a suspended fiber, at the next turn of the event loop: never user code in the middle of a hand-over. */
  #letGo(waiter: Waiter, offer: Offer): void {
    this.#line?.delete(waiter)
    this.#lane.later(() => waiter.resume(offer))
  }

  #readCounters(): void {
    const { applied, ignored } = this.#lane.counters
    // Differences modulo 2^32 are exact: no more than `capacity` events lie between two reads.
    this.#applied += (applied - this.#seenApplied) | 0
    this.#ignored += (ignored - this.#seenIgnored) | 0
    this.#seenApplied = applied
    this.#seenIgnored = ignored
  }
}
