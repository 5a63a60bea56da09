/**
 * A metric registered in one recorder: its definition, its state, and its quarantine. A reducer or a view that throws
 * quarantines it; it keeps its last good state.
 */
import { deserialize, serialize } from "node:v8"
import * as MutableRef from "effect/MutableRef"
import * as Ref from "effect/Ref"
import { Duplicates } from "../formats/duplicates.ts"
import type { Labelled } from "../metric/definition/labelledParts.ts"
import { goesOnFrom } from "../metric/definition/measured.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { fitting, type SeriesFilter } from "../metric/definition/seriesFilter.ts"
import type { Quarantine, Snapshot } from "../metric/definition/snapshot.ts"
import { rewindState } from "../metric/rewindState.ts"
import type { MetricEvent } from "../model/event.ts"
import type { LargestRead, ShownRead, StateRead } from "../stream/protocol.ts"
import { cutText, MostOfError } from "../util/cutText.ts"
import { describeError } from "../util/describeError.ts"
import { clonedInSteps, known, type Steps } from "../util/steps.ts"
import { copyOut } from "./copyOut.ts"
import { keepState, keptState } from "./kernels/keptState.ts"
import { type InPlace, Kernel } from "./kernels/kernel.ts"
import { kernelOf } from "./kernels/kernelOf.ts"
import { besideSole, bygoneSeries, type SeriesCut, shownSeries, viewedSeries } from "./kernels/seriesCut.ts"
import type { SavedMetric, SavedState } from "./savedLane.ts"
import { SeriesTexts } from "./seriesTexts.ts"
import { largestSeries } from "./topSeries.ts"

/** What a metric shows at a moment, for one who does not keep it. */
export interface Shown {
  readonly metric: Metric.Any
  /** Of one without labels. `undefined` when it cannot be viewed. */
  readonly dimensions: unknown
  /** Of one with labels, until whoever reads it releases it. Of any built-in one, where recorders are added up. */
  readonly series: SeriesCut | undefined
  readonly texts: SeriesTexts
  /** What is added up of one without series that can be viewed. */
  readonly state: { readonly of: unknown } | undefined
  readonly createdAt: number
  readonly quarantine: Quarantine | undefined
  readonly duplicates: Duplicates
}

/** Whom a metric is registered with. */
export interface MetricOwner {
  readonly quarantined: (metric: Metric.Any, error: string) => void
  /** The series of a kernel as they are now. It is told before they change. */
  readonly cut: (kernel: Kernel) => SeriesCut
}

const nothing = Object.freeze({})

export class RegisteredMetric {
  readonly metric: Metric.Any
  /** Its place among the metrics of its recorder. */
  readonly index: number
  /** Its generation: how often its name was reset or replaced. */
  readonly epoch: number
  /** When it was registered or reset. */
  readonly createdAt: number
  readonly kernel: InPlace | undefined
  /** A kernel holds the state itself, and makes it when it is read. */
  readonly #state: Ref.Ref<unknown> | undefined
  readonly #owner: MetricOwner
  /** Whether it went on from the state that an earlier recorder of the id has left. */
  isContinued = false
  /** Which of its series are told apart by numbers in a scrape. */
  readonly #duplicates = new Duplicates()
  /** Made for the first scrape. */
  #texts: SeriesTexts | undefined
  /** What was shown last. */
  #shown: unknown = nothing
  #quarantine: { readonly error: string; missed: number } | undefined
  /** Why its view is not run any more: it ended a worker. */
  #viewFault: string | undefined

  constructor(metric: Metric.Any, index: number, epoch: number, createdAt: number, owner: MetricOwner) {
    this.metric = metric
    this.index = index
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

  /** Takes what another one has counted, unless that measures something else. Levels are not counted. */
  absorb(other: RegisteredMetric, at: number): void {
    const { kernel, metric } = this
    if (!this.inService || !goesOnFrom(metric, other.metric)) return
    try {
      if (kernel !== undefined) return kernel.absorb(other.kernel!, at, false)
      MutableRef.set(this.#state!.ref, metric.merge!(this.#current, other.#current, at))
    } catch (error) {
      this.#putOut(`merge: ${describeError(error)}`, 0)
    }
  }

  /** As if its reducer had thrown this for the event that comes next. */
  quarantine(error: string): void {
    if (this.inService) this.#putOut(error, 0)
  }

  /** Has its view throw this from now on, without running it. */
  failView(error: string): void {
    this.#viewFault = error
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

  /** Its series, where it has labels: there may be very many. */
  #cut(): SeriesCut | undefined {
    const { kernel } = this
    return kernel instanceof Kernel && kernel.instrument.labels.length > 0 ? this.#owner.cut(kernel) : undefined
  }

  #viewForExporters(now: number): unknown {
    const { kernel } = this
    return kernel instanceof Kernel ? { ...(this.#view(now) as object), ...besideSole(kernel, now) } : this.#view(now)
  }

  /** What `read` gives. A view that throws quarantines the metric, and `otherwise` is the result. */
  #try<A>(read: () => A, otherwise: A): A {
    try {
      if (this.#viewFault !== undefined) throw this.#viewFault
      return read()
    } catch (error) {
      if (this.inService) this.#putOut(`view: ${describeError(error)}`, 0)
      return otherwise
    }
  }

  /** For one who looks at it in steps, and releases it. `addsUp`: with those of other recorders. */
  shown(now: number, addsUp: boolean): Shown {
    const { kernel, metric } = this
    const series = addsUp && kernel instanceof Kernel ? this.#owner.cut(kernel) : this.#cut()
    const dimensions = series === undefined ? this.#try(() => this.#viewForExporters(now), undefined) : undefined
    // The clock may have been set back since.
    const createdAt = Math.min(this.createdAt, now)
    this.#texts ??= new SeriesTexts()
    const quarantine = this.#quarantine
    const [texts, duplicates] = [this.#texts, this.#duplicates]
    const state = addsUp && dimensions !== undefined ? { of: this.#current } : undefined
    return { metric, dimensions, series, state, texts, createdAt, quarantine, duplicates }
  }

  /** A copy that the reader may keep: what could not cross a thread is refused here. */
  snapshot(now: number): Snapshot {
    return this.#snapshotOf(this.#tryView(now))
  }

  #tryView(now: number): unknown {
    if (this.metric.instrument !== undefined) return this.#try(() => structuredClone(this.#view(now)), this.#shown)
    this.#shown = this.#try(() => copyOut(this.#view(now)), this.#shown)
    return this.#shown
  }

  #snapshotOf(dimensions: unknown): Snapshot {
    const { name } = this.metric
    const quarantine = this.#quarantine
    return quarantine === undefined ? { name, dimensions } : { name, dimensions, quarantine: { ...quarantine } }
  }

  // What these give is of the moment of the call, whenever the steps are taken. What has no labels is viewed in the call.

  /** The same as {@link snapshot}. `isSent`: it is copied again at once, on its way to another thread. */
  readSnapshot(now: number, isSent: boolean, labels?: SeriesFilter): Steps<Snapshot> {
    const fits = labels && fitting(this.metric, labels)
    const cut = this.#cut()
    if (cut !== undefined) return this.#ofSeries(cut, isSent, viewedSeries(cut, now, fits))
    return known(fits === undefined ? this.snapshot(now) : this.#snapshotOf(this.#someViewed(now, fits)))
  }

  /** Of a metric with labels that has no instrument: what its view shows of some of its series. */
  #someViewed(now: number, fits: (key: string) => boolean): unknown {
    const state = this.#current as Labelled
    const series = Object.fromEntries(Object.entries(state.series).filter(([key]) => fits(key)))
    return this.#try(() => copyOut(this.metric.view({ ...state, series }, now)), this.#shown)
  }

  /** A snapshot of what the steps come to. */
  #ofSeries(cut: SeriesCut, isSent: boolean, steps: Steps<object>): Steps<Snapshot> {
    const rest = this.#snapshotOf(undefined)
    return (function* () {
      const dimensions = yield* releasing(cut, copied(steps, isSent))
      return { ...rest, dimensions }
    })()
  }

  /** Likewise what exporters are shown. */
  readShown(now: number, isSent: boolean): Steps<ShownRead> {
    const { createdAt, epoch, isContinued, kernel, metric } = this
    const of = { epoch, createdAt, ...(isContinued && { isContinued }) }
    const cut = this.#cut()
    if (cut === undefined) {
      const snapshot =
        kernel instanceof Kernel ? this.#snapshotOf(structuredClone(this.#viewForExporters(now))) : this.snapshot(now)
      return known({ snapshot, ...of })
    }
    const snapshots = this.#ofSeries(cut, isSent, shownSeries(cut, metric, now))
    return (function* () {
      const bygone = yield* copied(bygoneSeries(cut, metric, now), isSent)
      const snapshot = yield* snapshots
      return { snapshot, ...of, ...(bygone !== undefined && { bygone }) }
    })()
  }

  /** A copy with its largest series only. */
  readLargest(now: number, maxSeries: number, isSent: boolean): Steps<LargestRead> {
    const cut = this.#cut()
    const snapshots = cut === undefined ? known(this.snapshot(now)) : this.#ofSeries(cut, true, viewedSeries(cut, now))
    return (function* () {
      const snapshot = yield* snapshots
      const { dimensions, seriesCount } = yield* largestSeries(snapshot.dimensions, maxSeries)
      return { snapshot: { ...snapshot, dimensions: isSent ? dimensions : structuredClone(dimensions) }, seriesCount }
    })()
  }

  /** A copy of the state. One that cannot be copied could not be sent either: it is left out. */
  readState(isSent: boolean): Steps<StateRead | undefined> {
    const { epoch, kernel, metric } = this
    const quarantine = this.#quarantine
    const rest = { name: metric.name, epoch, ...(quarantine !== undefined && { quarantine: { ...quarantine } }) }
    const cut = this.#cut()
    if (cut === undefined) {
      try {
        const state = metric.instrument === undefined ? copyOut(this.#current) : structuredClone(this.#current)
        return known({ ...rest, state })
      } catch {
        return known(undefined)
      }
    }
    const states = (kernel as Kernel).stateSteps(() => cut.kernel)
    return (function* () {
      return { ...rest, state: yield* releasing(cut, copied(states, isSent)) }
    })()
  }

  // --- when the worker is replaced

  save(): SavedMetric {
    const { createdAt, epoch, metric } = this
    return {
      name: metric.name,
      epoch,
      createdAt,
      isContinued: this.isContinued,
      quarantine: this.#quarantine,
      viewFault: this.#viewFault,
      duplicates: this.#duplicates.known,
      shown: this.#savedShown(),
      state: this.#savedState()
    }
  }

  #savedState(): SavedState {
    const { kernel, metric } = this
    try {
      return kernel === undefined ? keepState(this.#current, metric.initial) : { _tag: "Kernel", kernel: kernel.save() }
    } catch (error) {
      return { _tag: "Lost", reason: describeError(error) }
    }
  }

  /** The view of an instrument does not throw, and may have shown very many series. */
  #savedShown(): Uint8Array | undefined {
    if (this.metric.instrument !== undefined || this.#shown === nothing) return undefined
    try {
      return serialize(this.#shown)
    } catch {
      return undefined
    }
  }

  /**
   * Takes over what one of the same definition saved. `poison`: its state has ended a worker, and is not read. Returns
   * why it is quarantined, where that is for want of its state.
   */
  load(
    { duplicates, isContinued, quarantine, shown, state, viewFault }: SavedMetric,
    poison: string | undefined
  ): string | undefined {
    this.isContinued = isContinued
    this.#quarantine = quarantine && { ...quarantine }
    this.#viewFault = viewFault
    this.#duplicates.load(duplicates)
    if (shown !== undefined) this.#shown = deserialize(shown.slice())
    const text = poison ?? this.#loadState(state)
    if (text === undefined) return undefined
    const error = cutText(text, MostOfError)
    this.#quarantine = { error, missed: quarantine?.missed ?? 0 }
    return error
  }

  /** Why the state is not there, if it is not. */
  #loadState(state: SavedState): string | undefined {
    try {
      if (state._tag === "Lost") throw state.reason
      if (state._tag === "Kernel") this.kernel!.load(state.kernel)
      else MutableRef.set(this.#state!.ref, keptState(state, this.metric.initial))
      return undefined
    } catch (error) {
      return `its state could not be kept when its worker was replaced: ${describeError(error)}`
    }
  }
}

const copied = <A>(steps: Steps<A>, isSent: boolean): Steps<A> => (isSent ? steps : clonedInSteps(steps))

/** Steps that read a cut, and release it at their end. Whoever drops them releases it. */
function* releasing<A>(cut: SeriesCut, steps: Steps<A>): Steps<A> {
  const value = yield* steps
  cut.release()
  return value
}
