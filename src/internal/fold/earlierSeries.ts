/**
 * What a metric had counted that its recorder no longer shows: before a reset, and in series that have expired. Where
 * recorders are added up it stays in the sum, which must not decrease while another recorder still shows the series.
 */
import type { KindName } from "../metric/definition/instrument.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { OverflowKey } from "../metric/instruments/series.ts"
import { allSteps } from "../util/steps.ts"
import { type InPlace, Kernel } from "./kernels/kernel.ts"
import { kernelOf } from "./kernels/kernelOf.ts"
import type { SavedKernel } from "./kernels/savedKernel.ts"
import { SeriesCut } from "./kernels/seriesCut.ts"

export class EarlierSeries {
  readonly #metric: Metric.Any
  /** It has the same limit of series as the metric. */
  #kernel: Kernel | undefined

  constructor(metric: Metric.Any) {
    this.#metric = metric
  }

  /** Takes over everything that a metric has. The metric is not used any more. */
  take(other: InPlace | undefined, at: number): void {
    if (!(other instanceof Kernel)) return
    other.idle?.endKeeping()
    if (this.#kernel === undefined) this.#kernel = other
    else this.#join(this.#kernel, other, at)
  }

  /** Takes over what another metric of the same definition has left. */
  absorb(other: EarlierSeries, at: number): void {
    if (other.#kernel !== undefined) this.#join(this.#own(), other.#kernel, at)
  }

  #join(own: Kernel, other: Kernel, at: number): void {
    const indexes = [...other.indexes(at, "live"), ...other.indexes(at, "idle")]
    this.#add(own, other, indexes, at)
    own.rejected += other.rejected
    if (other.idle !== undefined) own.idle?.absorbUnkept(other.idle, at)
  }

  #own(): Kernel {
    this.#kernel ??= kernelOf(this.#metric) as Kernel
    return this.#kernel
  }

  /** From now on, takes over each series of the metric that expires. */
  watch(kernel: InPlace | undefined): void {
    if (!(kernel instanceof Kernel) || kernel.idle === undefined || kernel.idle.isKept) return
    kernel.idle.keep((index, at) => {
      this.#add(this.#own(), kernel, [index], at)
    })
  }

  #add(own: Kernel, other: Kernel, indexes: ReadonlyArray<number>, at: number): void {
    while (!this.#hasRoom(own, other, indexes) && this.#makeRoom(own, at));
    allSteps(own.joining(() => other, indexes, at))
  }

  /** Beyond the limit, series of another kernel would be shown as one of their own. */
  #hasRoom(own: Kernel, other: Kernel, indexes: ReadonlyArray<number>): boolean {
    const added = indexes.map((index) => other.key(index)).filter((key) => key !== OverflowKey && !own.has(key))
    const known = own.has(OverflowKey) ? own.size - 1 : own.size
    return added.length === 0 || known + added.length <= own.instrument.maxSeries
  }

  /** Drops the half of the series that has been idle the longest. Returns whether there were any. */
  #makeRoom(kernel: Kernel, at: number): boolean {
    const oldest = kernel
      .indexes(at, "idle")
      .filter((index) => kernel.key(index) !== OverflowKey)
      .toSorted((one, other) => kernel.idle!.seen(one) - kernel.idle!.seen(other))
    const dropped = new Set(oldest.slice(0, Math.ceil(oldest.length / 2)))
    kernel.idle?.drop((index) => dropped.has(index), at)
    return dropped.size > 0
  }

  /** `undefined` if nothing was taken over. */
  get kernel(): Kernel | undefined {
    return this.#kernel
  }

  /** The series as they are now, until the reader releases them. */
  cut(): SeriesCut | undefined {
    if (this.#kernel === undefined) return undefined
    const series = new SeriesCut(this.#kernel)
    series.detach()
    return series
  }

  rewind(now: number): void {
    this.#kernel?.rewind(now)
  }

  save(): SavedKernel | undefined {
    return this.#kernel?.save()
  }

  /** Loads what {@link save} has saved. */
  static load(metric: Metric.Any, saved: SavedKernel): EarlierSeries {
    const earlier = new EarlierSeries(metric)
    earlier.#own().load(saved)
    return earlier
  }
}

/** Instruments whose values only increase, except for a reset. The others show a current value, which may decrease. */
const Cumulative: ReadonlySet<KindName> = new Set([
  "average",
  "counter",
  "exponentialHistogram",
  "frequency",
  "histogram",
  "ratio",
  "summary"
])

export const isCumulative = ({ instrument }: Metric.Any): boolean =>
  instrument !== undefined && Cumulative.has(instrument.kind)
