/**
 * The series of an instrument as its view shows them, without what they come to together: for exporters, who add up
 * themselves.
 */
import type { Bygone, SeriesShown } from "../../metric/definition/bygone.ts"
import type * as Metric from "../../metric/definition/metric.ts"
import { kindOf } from "../../metric/instruments/kinds.ts"
import { labelsOf } from "../../metric/instruments/series.ts"
import { cutSeries } from "../../metric/instruments/view.ts"
import { zeroSeries } from "../../metric/instruments/zeroSeries.ts"
import type { Kernel } from "./kernel.ts"

interface ShownSeries extends SeriesShown {
  readonly rejected?: number
}

/** `metric`: that of the kernel. */
export const shownSeries = (metric: Metric.Any, kernel: Kernel, now: number): ShownSeries => {
  const { frame, show } = kindOf(kernel.instrument)
  const { series, ...others } = seriesOf(kernel, now, "live")
  // An event of one would be counted beyond the limit, where it was reached by labels that the schema does not have.
  const possible = others.overflow === undefined ? zeroSeries(metric) : []
  const zeros = possible.flatMap(({ key, labels }) => (kernel.hasSeries(key) ? [] : [{ ...show(null, now), labels }]))
  return {
    ...frame,
    ...others,
    series: zeros.length === 0 ? series : [...series, ...zeros],
    ...(kernel.rejected > 0 && { rejected: kernel.rejected })
  }
}

const seriesOf = (kernel: Kernel, now: number, which: "live" | "idle"): SeriesShown => {
  const { instrument } = kernel
  const { show } = kindOf(instrument)
  const series: Array<SeriesShown["series"][number]> = []
  const keys: Array<string> = []
  let overflow: object | undefined
  kernel.eachSeries(now, which, (key, point, exemplars, life) => {
    keys.push(key)
    const labels = labelsOf(instrument, key)
    const shown = { ...show(point, now), ...beside(point, exemplars), ...(life !== undefined && { life }) }
    if (labels === undefined) overflow = shown
    else series.push({ ...shown, labels })
  })
  return { series, ...(overflow !== undefined && { overflow }), ...cutSeries(instrument, keys) }
}

/** `undefined` where series do not expire, or do not add up. */
export const bygoneSeries = (kernel: Kernel, now: number): Bygone | undefined => {
  const { adds, show } = kindOf(kernel.instrument)
  return adds && kernel.instrument.expireAfter !== undefined
    ? {
        idle: seriesOf(kernel, now, "idle"),
        expired: { ...show(kernel.expired, now), ...beside(kernel.expired, undefined) }
      }
    : undefined
}

/** What exporters need of a point beside what it shows. */
const beside = (point: unknown, exemplars: unknown): object => ({
  ...(exemplars !== undefined && { exemplars }),
  ...((point as { readonly negatives?: number } | null)?.negatives !== undefined && { sumFalls: true })
})

/** The same for an instrument without labels. */
export const besideSole = (kernel: Kernel, now: number): object => {
  let found: object = {}
  kernel.eachSeries(now, "live", (_key, point, exemplars) => {
    found = beside(point, exemplars)
  })
  return found
}
