/** The metrics of a lane as they are saved: in steps, between which events are taken. */
import type * as Metric from "../metric/definition/metric.ts"
import type { Steps } from "../util/steps.ts"
import type { InPlace, Kernel } from "./kernels/kernel.ts"
import type { SeriesCut } from "./kernels/seriesCut.ts"
import type { RegisteredMetric } from "./registeredMetric.ts"
import type { MetricAndSaved, SavedMetric } from "./savedLane.ts"

/** Of states written by hand and what they have shown, about so much is serialised in a step. */
const StepBytes = 64 * 1024

/** What is to be done before they are saved. */
export const preparing = (cells: ReadonlyArray<RegisteredMetric>): Steps<void> | undefined => {
  const kernels = cells.flatMap(({ kernel }) => (kernel?.isStale === true ? [kernel] : []))
  return kernels.length === 0 ? undefined : prepareAll(kernels)
}

function* prepareAll(kernels: ReadonlyArray<InPlace>): Steps<void> {
  for (const kernel of kernels) yield* kernel.prepare()
}

/** All of them as they are in this call. `cutOf`: the series of a kernel as they are. */
export const savingEach = (
  cells: ReadonlyArray<RegisteredMetric>,
  cutOf: (kernel: Kernel) => SeriesCut
): Steps<ReadonlyArray<MetricAndSaved>> => {
  const cuts: Array<SeriesCut> = []
  const cut = (kernel: Kernel): SeriesCut => {
    const made = cutOf(kernel)
    cuts.push(made)
    return made
  }
  return saveAll(
    cells.map((cell) => [cell.metric, cell.saving(cut)] as const),
    cuts
  )
}

function* saveAll(
  all: ReadonlyArray<readonly [metric: Metric.Any, saving: Steps<SavedMetric>]>,
  cuts: ReadonlyArray<SeriesCut>
): Steps<ReadonlyArray<MetricAndSaved>> {
  try {
    const each: Array<MetricAndSaved> = []
    let bytes = 0
    for (const [metric, saving] of all) {
      if (bytes >= StepBytes) {
        bytes = 0
        yield
      }
      const saved = yield* saving
      bytes += (saved.shown?.byteLength ?? 0) + (saved.state._tag === "Bytes" ? saved.state.bytes.byteLength : 0)
      each.push({ metric, saved })
    }
    return each
  } finally {
    for (const cut of cuts) cut.release()
  }
}
