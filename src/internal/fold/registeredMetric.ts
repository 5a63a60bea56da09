/**
 * A metric registered in one recorder: its definition, its state, and its quarantine. A reducer or a view that throws
 * quarantines it; it keeps its last good state.
 */
import * as MutableRef from "effect/MutableRef"
import * as Ref from "effect/Ref"
import { Duplicates } from "../formats/duplicates.ts"
import type { Bygone } from "../metric/definition/bygone.ts"
import type * as Metric from "../metric/definition/metric.ts"
import type { Quarantine, Snapshot } from "../metric/definition/snapshot.ts"
import { rewindState } from "../metric/rewindState.ts"
import type { MetricEvent } from "../model/event.ts"
import type { LargestRead, ShownRead, StateRead } from "../stream/protocol.ts"
import { cutText, MostOfError } from "../util/cutText.ts"
import { describeError } from "../util/describeError.ts"
import { copyOut } from "./copyOut.ts"
import { type InPlace, Kernel } from "./kernels/kernel.ts"
import { kernelOf } from "./kernels/kernelOf.ts"
import { besideSole, bygoneSeries, shownSeries } from "./kernels/shownSeries.ts"
import { largestSeries } from "./topSeries.ts"

/** What a metric shows at a moment, for one who does not keep it. */
export interface Shown {
  readonly metric: Metric.Any
  /** Of one with labels only its series. `undefined` when it cannot be viewed. */
  readonly dimensions: unknown
  readonly createdAt: number
  readonly quarantine: Quarantine | undefined
  readonly duplicates: Duplicates
}

/** Whom a metric is registered with. */
export interface MetricOwner {
  readonly quarantined: (metric: Metric.Any, error: string) => void
}

const nothing = Object.freeze({})

export class RegisteredMetric {
  readonly metric: Metric.Any
  /** Its generation: how often its name was reset or replaced. */
  readonly epoch: number
  /** When it was registered or reset. */
  readonly createdAt: number
  readonly kernel: InPlace | undefined
  /** A kernel holds the state itself, and makes it when it is read. */
  readonly #state: Ref.Ref<unknown> | undefined
  readonly #owner: MetricOwner
  /** Which of its series are told apart by numbers in a scrape. */
  readonly #duplicates = new Duplicates()
  /** What was shown last. */
  #shown: unknown = nothing
  #quarantine: { readonly error: string; missed: number } | undefined

  constructor(metric: Metric.Any, epoch: number, createdAt: number, owner: MetricOwner) {
    this.metric = metric
    this.epoch = epoch
    this.createdAt = createdAt
    this.kernel = kernelOf(metric)
    this.#owner = owner
    this.#state = this.kernel === undefined ? Ref.makeUnsafe<unknown>(metric.initial) : undefined
  }

  get inService(): boolean {
    return this.#quarantine === undefined
  }

  /** Whether it took the event. */
  reduce(event: MetricEvent, at: number): boolean {
    if (this.#quarantine !== undefined) {
      this.#quarantine.missed++
      return false
    }
    const { kernel } = this
    const ref = this.#state?.ref
    let next: unknown
    try {
      // What may call functions of the definition. What fails behind it is a defect, for which no metric is quarantined.
      if (kernel === undefined) next = this.metric.reduce[event._tag]!(ref!.current, event, at)
      else if (!kernel.read(event, at)) return false
    } catch (error) {
      this.#putOut(describeError(error), 1)
      return false
    }
    if (kernel !== undefined) kernel.take()
    else if (Object.is(next, ref!.current)) return false
    else MutableRef.set(ref!, next)
    return true
  }

  #putOut(text: string, missed: number): void {
    const error = cutText(text, MostOfError)
    this.#quarantine = { error, missed }
    this.#owner.quarantined(this.metric, error)
  }

  // --- reads

  /** Before each read: its clock may have been set back since the last event. */
  rewind(now: number): void {
    if (this.kernel !== undefined) return this.kernel.rewind(now)
    const { ref } = this.#state!
    MutableRef.set(ref, rewindState(this.metric, ref.current, now))
  }

  /** The state, as the pure reducer has it. */
  get #current(): unknown {
    return this.kernel === undefined ? Ref.getUnsafe(this.#state!) : this.kernel.state()
  }

  /** What it shows, as its view gives it. Throws what that throws. */
  #view(now: number): unknown {
    return this.metric.view(this.#current, now)
  }

  #viewForExporters(now: number): unknown {
    const { kernel } = this
    if (!(kernel instanceof Kernel)) return this.#view(now)
    // Where there are thousands of series, most of what a view costs is for what they come to together.
    if (kernel.instrument.labels.length > 0) return shownSeries(kernel, now)
    return { ...(this.#view(now) as object), ...besideSole(kernel, now) }
  }

  /** What `read` gives. A view that throws quarantines the metric, and `otherwise` is the result. */
  #try<A>(read: () => A, otherwise: A): A {
    try {
      return read()
    } catch (error) {
      if (this.inService) this.#putOut(`view: ${describeError(error)}`, 0)
      return otherwise
    }
  }

  shown(now: number): Shown {
    const { metric } = this
    // The clock may have been set back since.
    const createdAt = Math.min(this.createdAt, now)
    const dimensions = this.#try(() => this.#viewForExporters(now), undefined)
    return { metric, dimensions, createdAt, quarantine: this.#quarantine, duplicates: this.#duplicates }
  }

  /**
   * A copy that the reader may keep: what could not cross a thread is refused here. `isSent`: it is copied again at once,
   * on its way to another thread.
   */
  snapshot(now: number, isSent = false): Snapshot {
    const dimensions = this.#try(() => this.#copy(this.#view(now), isSent), this.#shown)
    this.#shown = dimensions
    return this.#snapshotOf(dimensions)
  }

  #snapshotOf(dimensions: unknown): Snapshot {
    const { name } = this.metric
    const quarantine = this.#quarantine
    return quarantine === undefined ? { name, dimensions } : { name, dimensions, quarantine: { ...quarantine } }
  }

  /** Likewise what exporters are shown. */
  shownRead(now: number, isSent: boolean): ShownRead {
    const { createdAt, epoch, kernel } = this
    if (!(kernel instanceof Kernel)) return { snapshot: this.snapshot(now, isSent), epoch, createdAt }
    const snapshot = this.#snapshotOf(this.#copy(this.#viewForExporters(now), isSent))
    const bygone = kernel.instrument.labels.length > 0 ? bygoneSeries(kernel, now) : undefined
    return { snapshot, epoch, createdAt, ...(bygone !== undefined && { bygone: this.#copy(bygone, isSent) as Bygone }) }
  }

  /**
   * What an instrument shows or keeps has few levels, and may have very many series: it is not searched. It is plain data,
   * which can be sent as it is.
   */
  #copy(value: unknown, isSent: boolean): unknown {
    if (this.metric.instrument === undefined) return copyOut(value)
    return isSent ? value : structuredClone(value)
  }

  /** A copy with its largest series only. */
  largest(now: number, maxSeries: number, isSent: boolean): LargestRead {
    const snapshot = this.snapshot(now, isSent)
    const { dimensions, seriesCount } = largestSeries(snapshot.dimensions, maxSeries)
    return { snapshot: { ...snapshot, dimensions }, seriesCount }
  }

  /** A copy of the state. One that cannot be copied could not be sent either: it is left out. */
  state(isSent: boolean): ReadonlyArray<StateRead> {
    const { epoch, metric } = this
    const quarantine = this.#quarantine
    try {
      const state: unknown = this.#copy(this.#current, isSent)
      return [{ name: metric.name, epoch, state, ...(quarantine !== undefined && { quarantine: { ...quarantine } }) }]
    } catch {
      return []
    }
  }
}
