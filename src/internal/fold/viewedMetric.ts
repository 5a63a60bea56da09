import * as MutableRef from "effect/MutableRef"
import * as Ref from "effect/Ref"
import { Duplicates } from "../formats/duplicates.ts"
import type { Labelled } from "../metric/definition/labelledParts.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { fitting, type SeriesFilter } from "../metric/definition/seriesFilter.ts"
import type { Snapshot } from "../metric/definition/snapshot.ts"
import { shapeOf } from "../metric/definition/stateShape.ts"
import { rewindState } from "../metric/rewindState.ts"
import type { LargestRead, ShownRead, StateRead } from "../stream/foldMessages.ts"
import { asItIs, copyPlain } from "../util/copyPlain.ts"
import { cutText, MostOfError } from "../util/cutText.ts"
import { describeError } from "../util/describeError.ts"
import { known, type Steps } from "../util/steps.ts"
import { EarlierSeries, isCumulative } from "./earlierSeries.ts"
import { copyOut } from "./kernels/keptState.ts"
import { type InPlace, Kernel } from "./kernels/kernel.ts"
import { kernelOf } from "./kernels/kernelOf.ts"
import {
  besideSole,
  bygoneSeries,
  type SeriesCut,
  shownSeries,
  viewedNow,
  viewedSeries,
  viewedSome
} from "./kernels/seriesCut.ts"
import { SeriesTexts } from "./seriesTexts.ts"
import type { Shown } from "./shown.ts"
import { largestSeries } from "./topSeries.ts"

/** Whom a metric is registered with. */
export interface MetricOwner {
  readonly quarantined: (metric: Metric.Any, error: string) => void
  /** The series of a kernel as they are now. It is told before they change. */
  readonly cut: (kernel: Kernel) => SeriesCut
}

/** Nothing was shown. */
export const nothing = Object.freeze({})

export abstract class ViewedMetric {
  readonly metric: Metric.Any
  /** Its place among the metrics of its recorder. */
  readonly index: number
  /** Its generation: how often its name was reset or replaced. */
  readonly epoch: number
  /** When it was registered or reset. */
  readonly createdAt: number
  /** When the first of all that it has in it was registered, with what others have left to it. */
  earliest: number
  kernel: InPlace | undefined
  /** A kernel holds the state itself, and makes it when it is read. */
  protected readonly stateRef: Ref.Ref<unknown> | undefined
  protected readonly owner: MetricOwner
  /** Made when there is something to be kept. */
  protected earlier: EarlierSeries | undefined
  /** Whether another definition has its name now. */
  isFormer = false
  /** Whether it went on from the state that an earlier recorder of the id has left. */
  isContinued = false
  /** Which of its series are told apart by numbers in a scrape. */
  protected readonly duplicates = new Duplicates()
  /** Made for the first scrape. */
  #texts: SeriesTexts | undefined
  /** What was shown last. */
  protected lastShown: unknown = nothing
  protected quarantineState: { readonly error: string; missed: number } | undefined
  /** Why its view is not run any more: it ended a worker. */
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

  get inService(): boolean {
    return this.quarantineState === undefined
  }

  protected putOut(text: string, missed: number): void {
    const error = cutText(text, MostOfError)
    this.quarantineState = { error, missed }
    this.owner.quarantined(this.metric, error)
  }

  /** Before each read: its clock may have been set back since the last event. */
  rewind(now: number): void {
    this.earlier?.rewind(now)
    if (this.kernel !== undefined) return this.kernel.rewind(now)
    const { ref } = this.stateRef!
    MutableRef.set(ref, rewindState(this.metric, ref.current, now))
  }

  /** The state, as the pure reducer has it. */
  get state(): unknown {
    return this.kernel === undefined ? Ref.getUnsafe(this.stateRef!) : this.kernel.state()
  }

  /** What it has counted, for those who add up processes. */
  get counted(): Pick<StateRead, "state" | "earlier"> {
    return { state: this.kernel?.state(true) ?? this.state, earlier: this.earlier?.kernel?.state(true) }
  }

  /** What it shows, as its view gives it. Throws what that throws. */
  #view(now: number): unknown {
    return this.metric.view(this.state, now)
  }

  /** Its series, where it has labels: there may be very many. */
  #cut(): SeriesCut | undefined {
    const { kernel } = this
    return kernel instanceof Kernel && kernel.instrument.labels.length > 0 ? this.owner.cut(kernel) : undefined
  }

  #viewForExporters(now: number): unknown {
    const { kernel } = this
    return kernel instanceof Kernel ? { ...(this.#view(now) as object), ...besideSole(kernel, now) } : this.#view(now)
  }

  /** What `read` gives. A view that throws quarantines the metric, and `otherwise` is the result. */
  #try<A>(read: () => A, otherwise: A): A {
    try {
      if (this.viewFault !== undefined) throw this.viewFault
      return read()
    } catch (error) {
      if (this.inService) this.putOut(`view: ${describeError(error)}`, 0)
      return otherwise
    }
  }

  /** For one who looks at it in steps, and releases it. `addsUp`: with those of other recorders. */
  shown(now: number, addsUp: boolean): Shown {
    const { epoch, isContinued, kernel, metric } = this
    const series = addsUp && kernel instanceof Kernel ? this.owner.cut(kernel) : this.#cut()
    const dimensions = series === undefined ? this.#try(() => this.#viewForExporters(now), undefined) : undefined
    // The clock may have been set back since.
    const createdAt = Math.min(addsUp ? this.earliest : this.createdAt, now)
    this.#texts ??= new SeriesTexts()
    const quarantine = this.quarantineState && { ...this.quarantineState }
    const [texts, duplicates] = [this.#texts, this.duplicates]
    const state = addsUp && dimensions !== undefined ? { of: this.state } : undefined
    if (addsUp) this.keepExpired()
    const earlier = addsUp ? this.earlier?.cut() : undefined
    return { metric, dimensions, series, state, texts, epoch, createdAt, isContinued, quarantine, duplicates, earlier }
  }

  /** What expires is kept from the first time that somebody adds up: nobody else needs it. */
  keepExpired(): void {
    const { kernel, metric } = this
    if (metric.instrument?.expireAfter === undefined || !isCumulative(metric)) return
    this.earlier ??= new EarlierSeries(metric)
    this.earlier.watch(kernel)
  }

  /** A copy that the reader may keep: what could not cross a thread is refused here. */
  snapshot(now: number): Snapshot {
    return this.#snapshotOf(this.#tryView(now))
  }

  #tryView(now: number): unknown {
    if (this.metric.instrument !== undefined) return this.#try(() => structuredClone(this.#view(now)), this.lastShown)
    this.lastShown = this.#try(() => copyOut(this.#view(now)), this.lastShown)
    return this.lastShown
  }

  #snapshotOf(dimensions: unknown): Snapshot {
    const { name } = this.metric
    const quarantine = this.quarantineState
    return quarantine === undefined ? { name, dimensions } : { name, dimensions, quarantine: { ...quarantine } }
  }

  /** How many series {@link snapshotNow} goes through that {@link readSnapshot} would leave to its steps. */
  get labelledSize(): number {
    const { kernel } = this
    return kernel instanceof Kernel && kernel.instrument.labels.length > 0 ? kernel.size : 0
  }

  /** The same as {@link readSnapshot} of all series, in this call. */
  snapshotNow(now: number, isSent: boolean): Snapshot {
    const { kernel } = this
    if (!(kernel instanceof Kernel)) return this.snapshot(now)
    return this.#snapshotOf(this.#try(() => owned(viewedNow(kernel, now, ownFor(isSent)), ownFor(isSent)), nothing))
  }

  // What these give is of the moment of the call, whenever the steps are taken. What has no labels is viewed in the call.

  /** The same as {@link snapshot}. `isSent`: it is copied again at once, on its way to another thread. */
  readSnapshot(now: number, isSent: boolean, labels?: SeriesFilter): Steps<Snapshot> {
    const fits = labels && fitting(this.metric, labels)
    const cut = this.#cut()
    if (cut !== undefined) {
      const own = ownFor(isSent)
      return this.#ofSeries(own, fits ? viewedSome(cut, now, fits, own) : viewedSeries(cut, now, own))
    }
    return known(fits === undefined ? this.snapshot(now) : this.#snapshotOf(this.#someViewed(now, fits)))
  }

  /** Of a metric with labels that has no instrument: what its view shows of some of its series. */
  #someViewed(now: number, fits: (key: string) => boolean): unknown {
    const state = this.state as Labelled
    const series = Object.fromEntries(Object.entries(state.series).filter(([key]) => fits(key)))
    return this.#try(() => copyOut(this.metric.view({ ...state, series }, now)), this.lastShown)
  }

  /** A snapshot of what the steps come to, whose series are its own. */
  #ofSeries(own: typeof asItIs, steps: Steps<object>): Steps<Snapshot> {
    const snapshot = this.#snapshotOf(undefined)
    return (function* () {
      const shown = yield* steps
      return { ...snapshot, dimensions: owned(shown, own) }
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
    const own = ownFor(isSent)
    const snapshots = this.#ofSeries(own, shownSeries(cut, metric, now, "live", own))
    return (function* () {
      const bygone = yield* bygoneSeries(cut, metric, now, own)
      const snapshot = yield* snapshots
      return { snapshot, ...of, ...(bygone !== undefined && { bygone }) }
    })()
  }

  /** A copy with its largest series only. */
  readLargest(now: number, maxSeries: number, isSent: boolean): Steps<LargestRead> {
    const cut = this.#cut()
    const snapshots = cut === undefined ? known(this.snapshot(now)) : this.#ofSeries(asItIs, viewedSeries(cut, now))
    return (function* () {
      const snapshot = yield* snapshots
      const { dimensions, seriesCount } = yield* largestSeries(snapshot.dimensions, maxSeries)
      return { snapshot: { ...snapshot, dimensions: isSent ? dimensions : structuredClone(dimensions) }, seriesCount }
    })()
  }

  #earlierSteps(own: typeof asItIs): Steps<unknown> | undefined {
    const kernel = this.earlier?.kernel
    const cut = kernel && this.owner.cut(kernel)
    return cut && kernel.stateSteps(() => cut.kernel, own, true)
  }

  /** A copy of the state. One that cannot be copied could not be sent either: it is left out. `addsUp`: see {@link counted}. */
  readState(isSent: boolean, addsUp: boolean): Steps<StateRead | undefined> {
    if (addsUp) this.keepExpired()
    const { epoch, isContinued, kernel, metric } = this
    const quarantine = this.quarantineState
    const rest = {
      name: metric.name,
      epoch,
      ...(isContinued && { isContinued }),
      ...(this.isFormer && { former: shapeOf(metric) }),
      ...(quarantine !== undefined && { quarantine: { ...quarantine } })
    }
    const cut = this.#cut()
    if (cut === undefined) {
      try {
        if (metric.instrument === undefined) return known({ ...rest, state: copyOut(this.state) })
        return known({ ...rest, ...structuredClone(addsUp ? this.counted : { state: this.state }) })
      } catch {
        return known(undefined)
      }
    }
    const states = (kernel as Kernel).stateSteps(() => cut.kernel, ownFor(isSent), addsUp)
    const earlier = addsUp ? this.#earlierSteps(ownFor(isSent)) : undefined
    return (function* () {
      return { ...rest, state: yield* states, earlier: earlier && (yield* earlier) }
    })()
  }
}

/** What is shown of an instrument whose series are the reader's own. */
const owned = (shown: { readonly series?: unknown }, own: typeof asItIs): object => {
  if (own === asItIs) return shown
  const { series: _, ...rest } = shown
  return { ...shown, ...own(rest) }
}

/** What is read in process is the reader's own, piece by piece: a copy of it all would have it all there twice. */
const ownFor = (isSent: boolean): typeof asItIs => (isSent ? asItIs : copyPlain)
