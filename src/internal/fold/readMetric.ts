/** What a read shows of a metric, in steps. */
import type { Labelled } from "../metric/definition/labelledParts.ts"
import { fitting, labelsOfMetric, type SeriesFilter } from "../metric/definition/seriesFilter.ts"
import type { Snapshot } from "../metric/definition/snapshot.ts"
import { shapeOf } from "../metric/definition/stateShape.ts"
import type { LargestRead, ShownRead, StateRead } from "../stream/foldMessages.ts"
import { asItIs, copyPlain } from "../util/copyPlain.ts"
import { known, type Steps } from "../util/steps.ts"
import { copyOut } from "./kernels/keptState.ts"
import { Kernel } from "./kernels/kernel.ts"
import { bygoneSeries, shownSeries, viewedNow, viewedSeries, viewedSome } from "./kernels/seriesCut.ts"
import type { Moment } from "./laterViews.ts"
import { largestSeries } from "./topSeries.ts"
import { nothing, ViewedMetric } from "./viewedMetric.ts"

export abstract class ReadMetric extends ViewedMetric {
  /** How many series {@link snapshotNow} goes through that {@link readSnapshot} would leave to its steps. */
  get labelledSize(): number {
    const { kernel } = this
    return kernel instanceof Kernel && kernel.instrument.labels.length > 0 ? kernel.size : 0
  }

  /** The same as {@link readSnapshot} of all series, in this call. */
  snapshotNow(now: number, isSent: boolean): Snapshot {
    const { kernel } = this
    if (!(kernel instanceof Kernel)) return this.snapshot(now)
    const own = ownFor(isSent)
    const { moment } = this
    const shown = this.attempt(moment, () => owned(viewedNow(kernel, now, own), own), nothing)
    return this.snapshotOf(shown, moment)
  }

  // What these give is of the moment of the call, whenever the steps are taken. What has no labels is viewed in the call:
  // one written by hand as it was at the moment that is given.

  /** The same as {@link snapshot}. `isSent`: it is copied again at once, on its way to another thread. */
  readSnapshot(now: number, isSent: boolean, labels?: SeriesFilter, moment = this.moment): Steps<Snapshot> {
    // A metric without labels is only read with a filter that asks for none: it shows all it has.
    const fits = labels && labelsOfMetric(this.metric).length > 0 ? fitting(this.metric, labels) : undefined
    const cut = this.cut()
    if (cut !== undefined) {
      const own = ownFor(isSent)
      return this.#ofSeries(own, fits ? viewedSome(cut, now, fits, own) : viewedSeries(cut, now, own))
    }
    if (fits === undefined) return known(this.snapshot(now, moment))
    return known(this.snapshotOf(this.#someViewed(now, fits, moment), moment))
  }

  /** Of a metric with labels that has no instrument: what its view shows of some of its series. */
  #someViewed(now: number, fits: (key: string) => boolean, moment: Moment): unknown {
    const state = this.stateAt(moment) as Labelled
    const series = Object.fromEntries(Object.entries(state.series).filter(([key]) => fits(key)))
    return this.attempt(moment, () => copyOut(this.metric.view({ ...state, series }, now)), this.lastShown)
  }

  /** A snapshot of what the steps come to, whose series are its own. */
  #ofSeries(own: typeof asItIs, steps: Steps<object>): Steps<Snapshot> {
    const snapshot = this.snapshotOf(undefined, this.moment)
    return (function* () {
      const shown = yield* steps
      return { ...snapshot, dimensions: owned(shown, own) }
    })()
  }

  /** Likewise what exporters are shown. */
  readShown(now: number, isSent: boolean, moment = this.moment): Steps<ShownRead> {
    const { createdAt, epoch, isContinued, kernel, metric } = this
    const of = { epoch, createdAt, ...(isContinued && { isContinued }) }
    const cut = this.cut()
    if (cut === undefined) {
      if (!(kernel instanceof Kernel)) return known({ snapshot: this.snapshot(now, moment), ...of })
      return known({ snapshot: this.snapshotOf(structuredClone(this.viewForExporters(now, moment)), moment), ...of })
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
  readLargest(now: number, maxSeries: number, isSent: boolean, moment = this.moment): Steps<LargestRead> {
    const cut = this.cut()
    const snapshots =
      cut === undefined ? known(this.snapshot(now, moment)) : this.#ofSeries(asItIs, viewedSeries(cut, now))
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
  readState(isSent: boolean, addsUp: boolean, moment = this.moment): Steps<StateRead | undefined> {
    if (addsUp) this.keepExpired()
    const { epoch, isContinued, kernel, metric } = this
    const { quarantine } = moment
    const rest = {
      name: metric.name,
      epoch,
      ...(isContinued && { isContinued }),
      ...(this.isFormer && { former: shapeOf(metric) }),
      ...(quarantine !== undefined && { quarantine: { ...quarantine } })
    }
    const cut = this.cut()
    if (cut === undefined) {
      try {
        if (metric.instrument === undefined) return known({ ...rest, state: copyOut(this.stateAt(moment)) })
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
