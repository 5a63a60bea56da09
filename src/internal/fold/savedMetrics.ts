/** Saves the metrics of a lane in steps, between which events may be taken, and restores them. */
import type * as Metric from "../metric/definition/metric.ts"
import { describeError } from "../util/describeError.ts"
import { allSteps, type Steps } from "../util/steps.ts"
import type { Kernel } from "./kernels/kernel.ts"
import type { SeriesCut } from "./kernels/seriesCut.ts"
import { DuringRestore, during, type MetricsLane } from "./place.ts"
import { RegisteredMetric } from "./registeredMetric.ts"
import type { MetricAndSaved, SavedMetric } from "./savedLane.ts"
import { metricIn } from "./segment.ts"
import type { MetricOwner } from "./viewedMetric.ts"

/** Roughly how many bytes of hand-written states, and of what they have shown, are serialised in a step. */
const StepBytes = 64 * 1024

/** A metric that has lost its state, and why. */
export interface Lost {
  readonly name: string
  readonly error: string
}

/** Includes what other definitions of their names have left, for processes that add up counts. */
export const withFormers = (cells: ReadonlyArray<RegisteredMetric>): ReadonlyArray<RegisteredMetric> =>
  cells.flatMap((cell) => [cell, ...cell.formers])

/** What must be done before they are saved. */
export function* preparing(cells: ReadonlyArray<RegisteredMetric>): Steps<void> {
  for (const { kernel } of cells) if (kernel !== undefined) yield* kernel.prepare()
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

/** Gives each metric what was saved of it. Returns those that are quarantined because their states are missing. */
export const loadEach = (
  lane: MetricsLane,
  cells: ReadonlyArray<RegisteredMetric>,
  saved: ReadonlyArray<SavedMetric>,
  poisonOf: (name: string) => string | undefined
): ReadonlyArray<Lost> =>
  during(DuringRestore, lane, cells, (cell): ReadonlyArray<Lost> => {
    const { name } = cell.metric
    const error = cell.load(saved[cell.index]!, poisonOf(name))
    return error === undefined ? [] : [{ name, error }]
  }).flat()

/** What was wrong with its functions may be fixed by now. Throws if its state cannot be used. */
export function* resumed(
  metric: Metric.Any,
  index: number,
  saved: SavedMetric,
  owner: MetricOwner
): Steps<RegisteredMetric> {
  const cell = new RegisteredMetric(metric, index, saved.epoch, saved.createdAt, owner)
  const error = yield* cell.loading({ ...saved, quarantine: undefined, viewFault: undefined }, undefined)
  if (error !== undefined) throw new Error(error)
  return cell
}

/**
 * A metric that continues from the state that an earlier recorder of the id has left. `left`: serialised by
 * `LeftStates.pack`. Returns `undefined` if the state cannot be used, after reporting that.
 */
export const leftMetric = (
  metric: Metric.Any,
  index: number,
  left: Uint8Array,
  owner: MetricOwner,
  notKept: (name: string, reason: string) => void
): RegisteredMetric | undefined => {
  try {
    const saved = metricIn(left)
    const cell = allSteps(resumed(metric, index, { ...saved, isContinued: true }, owner))
    if (saved.quarantine !== undefined) {
      const { error, missed } = saved.quarantine
      notKept(metric.name, `it was quarantined and continues, without the ${missed} events that it missed: ${error}`)
    }
    return cell
  } catch (error) {
    notKept(metric.name, `it could not be used, so the metric starts from its initial state: ${describeError(error)}`)
    return undefined
  }
}
