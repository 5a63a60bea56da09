import * as MutableRef from "effect/MutableRef"
import * as Ref from "effect/Ref"
import { Duplicates } from "../formats/duplicates.ts"
import type * as Metric from "../metric/definition/metric.ts"
import type { Snapshot } from "../metric/definition/snapshot.ts"
import { rewindState } from "../metric/rewindState.ts"
import type { StateRead } from "../stream/foldMessages.ts"
import { cutText, MostOfError } from "../util/cutText.ts"
import { describeError } from "../util/describeError.ts"
import { EarlierSeries, isCumulative } from "./earlierSeries.ts"
import { copyOut } from "./kernels/keptState.ts"
import { type InPlace, Kernel } from "./kernels/kernel.ts"
import { kernelOf } from "./kernels/kernelOf.ts"
import { besideSole, type SeriesCut } from "./kernels/seriesCut.ts"
import type { Moment } from "./laterViews.ts"
import { SeriesTexts } from "./seriesTexts.ts"
import type { Shown } from "./shown.ts"

/** The owner of a metric. */
export interface MetricOwner {
  readonly quarantined: (metric: Metric.Any, error: string) => void
  /** The series of a kernel as they are now. The owner is notified before they change. */
  readonly cut: (kernel: Kernel) => SeriesCut
}

/** Nothing was shown. */
export const nothing = Object.freeze({})

export abstract class ViewedMetric {
  readonly metric: Metric.Any
  /** Its index among the metrics of its recorder. */
  readonly index: number
  /** Its generation: how often its name was reset or replaced. */
  readonly epoch: number
  /** When it was registered or reset. */
  readonly createdAt: number
  /** When the earliest metric whose counts it includes was registered. */
  earliest: number
  kernel: InPlace | undefined
  /** A kernel holds the state itself, and converts it for reads. */
  protected readonly stateRef: Ref.Ref<unknown> | undefined
  protected readonly owner: MetricOwner
  /** Created when there is something to keep. */
  protected earlier: EarlierSeries | undefined
  /** Whether another definition has its name now. */
  isFormer = false
  /** Whether it continued from the state that an earlier recorder of the id has left. */
  isContinued = false
  /** Which of its series are distinguished by numbers in a scrape. */
  protected readonly duplicates = new Duplicates()
  /** Created for the first scrape. */
  #texts: SeriesTexts | undefined
  /** What was shown last. */
  protected lastShown: unknown = nothing
  protected quarantineState: { readonly error: string; missed: number } | undefined
  /** The number of events that the reducer of a hand-written metric took. Their effect is in its state alone. */
  protected reduced = 0
  /** Why its view is not run any more: it has ended a worker. */
  protected viewFault: string | undefined

  constructor(metric: Metric.Any, index: number, epoch: number, createdAt: number, owner: MetricOwner) {
    this.metric = metric
    this.index = index
    this.epoch = epoch
    this.createdAt = createdAt
    this.earliest = createdAt
    this.kernel = kernelOf(metric)
    this.owner = owner
    this.stateRef = this.kernel === undefined ? Ref.makeUnsafe<unknown>(metric.initial) : undefined
  }

  /** Its reducer makes states anew. What is derived folds in place, as instruments do. */
  get isByHand(): boolean {
    return this.kernel === undefined
  }

  get inService(): boolean {
    return this.quarantineState === undefined
  }

  protected putOut(text: string, missed: number): void {
    const error = cutText(text, MostOfError)
    this.quarantineState = { error, missed }
    this.owner.quarantined(this.metric, error)
  }

  /** As it is now. */
  get moment(): Moment {
    const { quarantineState, reduced, stateRef } = this
    const quarantine = quarantineState && { ...quarantineState }
    return { state: stateRef?.ref.current, quarantine, given: reduced + (quarantine?.missed ?? 0) }
  }

  /** From that moment on: it has missed the events since. */
  #putOutAt(moment: Moment, text: string): void {
    const { given } = this.moment
    this.reduced = moment.given
    if (this.stateRef !== undefined) MutableRef.set(this.stateRef.ref, moment.state)
    this.putOut(text, given - moment.given)
    moment.quarantine = { error: this.quarantineState!.error, missed: 0 }
  }

  /** Called before each read, because the read's clock may have been set back since the last event. */
  rewind(now: number): void {
    this.earlier?.rewind(now)
    if (this.kernel !== undefined) return this.kernel.rewind(now)
    const { ref } = this.stateRef!
    MutableRef.set(ref, rewindState(this.metric, ref.current, now))
  }

  /** The state in the form of the pure reducer. */
  get state(): unknown {
    return this.kernel === undefined ? Ref.getUnsafe(this.stateRef!) : this.kernel.state()
  }

  protected stateAt({ state }: Moment): unknown {
    return this.kernel === undefined ? state : this.kernel.state()
  }

  /** What it has counted, for processes that add up counts. */
  get counted(): Pick<StateRead, "state" | "earlier"> {
    return { state: this.kernel?.state(true) ?? this.state, earlier: this.earlier?.kernel?.state(true) }
  }

  /** What its view shows. Throws what the view throws. */
  #view(now: number, moment: Moment): unknown {
    return this.metric.view(this.stateAt(moment), now)
  }

  /** Its series, if it has labels. There may be very many. */
  protected cut(): SeriesCut | undefined {
    const { kernel } = this
    return kernel instanceof Kernel && kernel.instrument.labels.length > 0 ? this.owner.cut(kernel) : undefined
  }

  protected viewForExporters(now: number, moment: Moment): unknown {
    const { kernel } = this
    const viewed = this.#view(now, moment)
    return kernel instanceof Kernel ? { ...(viewed as object), ...besideSole(kernel, now) } : viewed
  }

  /** Returns the result of `read`. If a view throws, the metric is quarantined and the result is `otherwise`. */
  protected attempt<A>(moment: Moment, read: () => A, otherwise: A): A {
    try {
      if (this.viewFault !== undefined) throw this.viewFault
      return read()
    } catch (error) {
      if (moment.quarantine === undefined) this.#putOutAt(moment, `view: ${describeError(error)}`)
      return otherwise
    }
  }

  /** For a reader that goes through it in steps and releases it. `addsUp`: together with those of other recorders. */
  shown(now: number, addsUp: boolean, moment = this.moment): Shown {
    const { epoch, isContinued, isFormer, kernel, metric } = this
    const series = addsUp && kernel instanceof Kernel ? this.owner.cut(kernel) : this.cut()
    const view = (): unknown => this.viewForExporters(now, moment)
    const dimensions = series === undefined ? this.attempt(moment, view, undefined) : undefined
    // The clock may have been set back since.
    const createdAt = Math.min(addsUp ? this.earliest : this.createdAt, now)
    this.#texts ??= new SeriesTexts()
    const { quarantine } = moment
    const [texts, duplicates] = [this.#texts, this.duplicates]
    const state = addsUp && dimensions !== undefined ? { of: this.stateAt(moment) } : undefined
    if (addsUp) this.keepExpired()
    const earlier = addsUp ? this.earlier?.cut() : undefined
    const life = { epoch, createdAt, isContinued, isFormer, quarantine }
    return { metric, dimensions, series, state, texts, duplicates, earlier, ...life }
  }

  /** Expired series are kept from the first time that counts are added up. Nothing else needs them. */
  keepExpired(): void {
    const { kernel, metric } = this
    if (metric.instrument?.expireAfter === undefined || !isCumulative(metric)) return
    this.earlier ??= new EarlierSeries(metric)
    this.earlier.watch(kernel)
  }

  /** A copy that the reader may keep. A value that could not cross threads is rejected here. */
  snapshot(now: number, moment = this.moment): Snapshot {
    const isUsers = this.metric.instrument === undefined
    const copy = isUsers ? copyOut : structuredClone
    const dimensions = this.attempt(moment, () => copy(this.#view(now, moment)), this.lastShown)
    if (isUsers) this.lastShown = dimensions
    return this.snapshotOf(dimensions, moment)
  }

  protected snapshotOf(dimensions: unknown, { quarantine }: Moment): Snapshot {
    const { name } = this.metric
    return quarantine === undefined ? { name, dimensions } : { name, dimensions, quarantine: { ...quarantine } }
  }
}
