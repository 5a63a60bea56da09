/**
 * What a recorder is, without an engine: a list of the events that it accepted, and the metrics that were registered
 * between which of them. Everything that can be read follows from these two.
 *
 * A fold that runs beside the program has one freedom: how far it is. So `folded` is the last event that is folded for
 * certain, and what a recorder does when its capacity may or may not be used up is not asked of the model.
 */
import { Metric, type MetricEvent, type Overflow, type RecorderState, type Snapshot } from "mvx-metrics"

/** An event that was accepted. Its sequence number is its place in the list, from 1 on. */
export interface Accepted {
  readonly event: MetricEvent.MetricEvent
  readonly at: number
  evicted: boolean
}

/** A metric between two events: registered or reset behind the first, and replaced or reset behind the second. */
export interface Registration {
  readonly metric: Metric.Any
  readonly since: number
  until: number
}

/** A metric behind an event. */
interface Step {
  readonly sequence: number
  readonly accepted: Accepted
  readonly took: boolean
  readonly state: unknown
  readonly quarantine: Snapshot.Quarantine | undefined
}

/** A change, but for whose it is. */
export type Change = Omit<Snapshot.MetricChange, "recorderId" | "entityId">

export type Outcome = "accepted" | "waits" | "overflow" | "invalid" | "notRunning"

/** Snapshots by name; evaluated when the read is answered, since events that it waits for may yet be evicted. */
export type Read<A> = () => { readonly [name: string]: A }

export class RecorderModel {
  readonly capacity: number
  readonly overflow: Overflow
  state: RecorderState = "Idle"
  readonly events: Array<Accepted> = []
  /** The metrics of now, by name, in the order of registration. */
  readonly metrics = new Map<string, Registration>()
  readonly #registrations: Array<Registration> = []
  readonly refusedBy = { overflow: 0, invalid: 0, notRunning: 0 }
  /** Fibers that `backpressure` has suspended. */
  readonly #waiters: Array<Accepted> = []
  /** The sequence number up to which events are folded for certain. */
  folded = 0

  constructor(capacity: number, overflow: Overflow) {
    this.capacity = capacity
    this.overflow = overflow
  }

  // --- events

  offer(event: unknown, at: number, mayWait: boolean): Outcome {
    if (!isEvent(event)) return this.#refuse("invalid")
    const waits = mayWait && this.overflow === "backpressure"
    // What is refused for want of room anyway is not copied, and so not found to be something that cannot be.
    if (!isPlainData(event) && (waits || this.overflow === "drop-oldest" || !this.isFull))
      return this.#refuse("invalid")
    if (this.state === "Idle") this.state = "Starting"
    if (this.state !== "Starting" && this.state !== "Running") return this.#refuse("notRunning")
    if (this.isFull) {
      if (waits) {
        this.#waiters.push({ event: structuredClone(event), at, evicted: false })
        return "waits"
      }
      if (this.overflow !== "drop-oldest") return this.#refuse("overflow")
      this.#pendingEvents[0]!.evicted = true
    }
    this.events.push({ event: structuredClone(event), at, evicted: false })
    return "accepted"
  }

  #refuse(reason: "overflow" | "invalid" | "notRunning"): Outcome {
    this.refusedBy[reason]++
    return reason
  }

  get #pendingEvents(): ReadonlyArray<Accepted> {
    return this.events.slice(this.folded).filter(({ evicted }) => !evicted)
  }

  /** Events that are not folded, or not for certain. */
  get pending(): number {
    return this.#pendingEvents.length
  }

  get isFull(): boolean {
    return this.#accepting && (this.#waiters.length > 0 || this.pending >= this.capacity)
  }

  /** Whether fibers wait for room. */
  get waits(): boolean {
    return this.#waiters.length > 0
  }

  get #accepting(): boolean {
    return this.state === "Starting" || this.state === "Running"
  }

  /** Everything accepted is folded, fibers that waited included. */
  settle(): void {
    this.events.push(...this.#waiters.splice(0))
    this.folded = this.events.length
  }

  // --- metrics

  /** `false`: it is not the time for metrics. */
  register(metric: Metric.Any, replace: boolean): boolean {
    if (this.state !== "Idle" && !this.#accepting) return false
    const before = this.metrics.get(metric.name)
    if (before === undefined || (replace && before.metric !== metric)) this.#begin(metric)
    return true
  }

  /** Has one metric, or all of them, begin anew with the next event that is accepted; the error where it does not. */
  reset(name: string | undefined): "MetricNotRegistered" | "InvalidState" | undefined {
    if (name !== undefined && !this.metrics.has(name)) return "MetricNotRegistered"
    if (this.state !== "Idle" && !this.#accepting) return "InvalidState"
    for (const each of name === undefined ? [...this.metrics.keys()] : [name])
      this.#begin(this.metrics.get(each)!.metric)
    return undefined
  }

  #begin(metric: Metric.Any): void {
    const since = this.events.length
    const before = this.metrics.get(metric.name)
    if (before !== undefined) before.until = since
    const registration = { metric, since, until: Number.POSITIVE_INFINITY }
    this.metrics.set(metric.name, registration)
    this.#registrations.push(registration)
  }

  /** What each event that the metric reads did to it. */
  *#steps({ metric, since, until }: Registration, upTo: number): Iterable<Step> {
    let state: unknown = metric.initial
    let quarantine: Snapshot.Quarantine | undefined
    for (let i = since; i < Math.min(until, upTo); i++) {
      const accepted = this.events[i]!
      if (accepted.evicted || !Object.hasOwn(metric.reduce, accepted.event._tag)) continue
      const before = state
      if (quarantine !== undefined) quarantine = { ...quarantine, missed: quarantine.missed + 1 }
      else {
        try {
          state = Metric.reduce(metric, state, accepted.event, accepted.at)
        } catch (error) {
          quarantine = { error: String(error), missed: 1 }
        }
      }
      yield { sequence: i + 1, accepted, took: !Object.is(state, before), state, quarantine }
    }
  }

  // --- what can be read

  /** The snapshots of all metrics, including every event accepted until now. */
  snapshots(now: number): Read<Snapshot.Snapshot> {
    return this.#read(({ metric }, { quarantine, state }) => ({
      ...Metric.snapshot(metric, state, now),
      ...(quarantine !== undefined && { quarantine })
    }))
  }

  /** The states of all metrics, likewise. */
  states(): Read<unknown> {
    return this.#read((_, { state }) => state)
  }

  #read<A>(show: (registration: Registration, last: Pick<Step, "state" | "quarantine">) => A): Read<A> {
    const registrations = [...this.metrics.values()]
    const upTo = this.events.length
    return () =>
      Object.fromEntries(
        registrations.map((registration) => {
          const last = [...this.#steps(registration, upTo)].at(-1)
          const { metric } = registration
          return [metric.name, show(registration, last ?? { state: metric.initial, quarantine: undefined })]
        })
      )
  }

  /** The changes of all metrics by the events behind `from`, up to now. */
  changes(from: number): ReadonlyArray<Change> {
    const order = [...this.metrics.keys()]
    return this.#registrations
      .toSorted((a, b) => order.indexOf(a.metric.name) - order.indexOf(b.metric.name))
      .flatMap((registration) =>
        [...this.#steps(registration, this.folded)].flatMap(({ accepted: { at, event }, sequence, state, took }) => {
          const snapshot = Metric.snapshot(registration.metric, state, at)
          return took && sequence > from ? [{ tag: event._tag, sequence, at, snapshot }] : []
        })
      )
      .toSorted((a, b) => a.sequence - b.sequence)
  }

  /** The accounting, with everything that is folded for certain folded, or all that there is. */
  stats(certain = true) {
    const upTo = certain ? this.folded : this.events.length
    const took = new Set<number>()
    for (const registration of this.#registrations) {
      for (const step of this.#steps(registration, upTo)) if (step.took) took.add(step.sequence)
    }
    const accepted = this.events.length
    const evicted = this.events.filter((each) => each.evicted).length
    const folded = this.events.slice(0, upTo).filter((each) => !each.evicted).length
    const refused = this.refusedBy.overflow + this.refusedBy.invalid + this.refusedBy.notRunning
    return {
      capacity: this.capacity,
      offered: accepted + refused,
      accepted,
      refused,
      refusedBy: { ...this.refusedBy },
      applied: took.size,
      ignored: folded - took.size,
      evicted,
      pending: accepted - evicted - folded
    }
  }
}

const isEvent = (event: unknown): event is MetricEvent.MetricEvent =>
  typeof event === "object" && event !== null && "_tag" in event && typeof event._tag === "string"

const isPlainData = (event: object): boolean => {
  try {
    structuredClone(event)
    return true
  } catch {
    return false
  }
}
