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
}

export const shownSeries = (kernel: Kernel, now: number): ShownSeries => {
  const { instrument } = kernel
  const { frame, show } = kindOf(instrument)
  const series: Array<ShownSeries["series"][number]> = []
  let overflow: object | undefined
  kernel.eachLive(now, (key, point, exemplars) => {
    const labels = labelsOf(instrument, key)
    const shown = exemplars === undefined ? show(point, now) : { ...show(point, now), exemplars }
    if (labels === undefined) overflow = shown
    else series.push({ ...shown, labels })
  })
  return {
    ...frame,
    series,
    ...(overflow !== undefined && { overflow }),
    ...(kernel.rejected > 0 && { rejected: kernel.rejected })
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
