/**
 * The series of an instrument as its view shows them, without what they come to together: for exporters, who add up
 * themselves.
 */
import type { LabelValue } from "./instrument.ts"
import type { Kernel } from "./kernel.ts"
import { kindOf } from "./kinds.ts"
import { labelsOf } from "./series.ts"

interface ShownSeries {
  readonly series: ReadonlyArray<{ readonly labels: { readonly [name: string]: LabelValue } }>
  /** What is beyond the cap. */
  readonly overflow?: object
  readonly rejected?: number
  /** What has expired, as one point, of kinds that add up. */
  readonly expired?: object
}

/** `expired`: whether to show what has expired as well. */
export const shownSeries = (kernel: Kernel, now: number, { expired = false } = {}): ShownSeries => {
  const { instrument } = kernel
  const { adds, frame, show } = kindOf(instrument)
  const series: Array<ShownSeries["series"][number]> = []
  let overflow: object | undefined
  kernel.eachLive(now, (key, point, exemplars, life) => {
    const labels = labelsOf(instrument, key)
    let shown = show(point, now)
    if (exemplars !== undefined || life !== undefined) shown = { ...shown, exemplars, life }
    if (labels === undefined) overflow = shown
    else series.push({ ...shown, labels })
  })
  return {
    ...frame,
    series,
    ...(overflow !== undefined && { overflow }),
    ...(kernel.rejected > 0 && { rejected: kernel.rejected }),
    ...(expired && adds && instrument.expireAfter !== undefined && { expired: show(kernel.expired(now), now) })
  }
}

/** What is added to what an instrument without labels shows. */
export const soleExemplars = (kernel: Kernel, now: number): object => {
  let found: object = {}
  kernel.eachLive(now, (_key, _point, exemplars) => {
    if (exemplars !== undefined) found = { exemplars }
  })
  return found
}
