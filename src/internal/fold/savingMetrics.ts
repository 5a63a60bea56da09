/** The metrics of a lane as they are saved: in steps, between which events are taken. */
import type { Steps } from "../util/steps.ts"
import type { InPlace, Kernel } from "./kernels/kernel.ts"
import type { SeriesCut } from "./kernels/seriesCut.ts"
import type { RegisteredMetric } from "./registeredMetric.ts"
import type { SavedMetric } from "./savedLane.ts"

/** What is to be done before they are saved. */
export const preparing = (cells: ReadonlyArray<RegisteredMetric>): Steps<void> | undefined => {
  const kernels = cells.flatMap(({ kernel }) => (kernel?.isStale === true ? [kernel] : []))
  return kernels.length === 0 ? undefined : prepareAll(kernels)
}

function* prepareAll(kernels: ReadonlyArray<InPlace>): Steps<void> {
  for (const kernel of kernels) yield* kernel.prepare()
}

/** All of them as they are in the first step. `cutOf`: the series of a kernel as they are then. */
export function* savingEach(
  cells: ReadonlyArray<RegisteredMetric>,
  cutOf: (kernel: Kernel) => SeriesCut
): Steps<ReadonlyArray<SavedMetric>> {
  const cuts: Array<SeriesCut> = []
  const cut = (kernel: Kernel): SeriesCut => {
    const made = cutOf(kernel)
    cuts.push(made)
    return made
  }
  try {
    const saved: Array<SavedMetric> = []
    for (const steps of cells.map((cell) => cell.saving(cut))) saved.push(yield* steps)
    return saved
  } finally {
    for (const cut of cuts) cut.release()
  }
}
