/**
 * What a read shows of each metric, in steps, as of its place in the stream. It can be saved, so that a replacement
 * fold gives the same answer if this fold ends first.
 */
import { deserialize, serialize } from "node:v8"
import type * as Metric from "../metric/definition/metric.ts"
import type { ReadCommand } from "../stream/commands.ts"
import type { ReadPart } from "../stream/foldMessages.ts"
import { known, type Steps } from "../util/steps.ts"
import type { SeriesCut } from "./kernels/seriesCut.ts"
import { LaneCuts } from "./laneCuts.ts"
import type { LaterView, Moment } from "./laterViews.ts"
import type { MetricsLane } from "./place.ts"
import { RegisteredMetric } from "./registeredMetric.ts"
import type { SavedPart, SavedRead } from "./savedLane.ts"
import { releaseAll, type Shown } from "./shown.ts"

type PartSteps = Steps<ReadPart | undefined>

interface MetricRead {
  readonly steps: PartSteps
  /** As it is in this call. */
  readonly save: () => Steps<SavedPart>
}

/** With what it reads, until the reader releases it. */
type MetricCuts = MetricRead & { readonly cuts: ReadonlyArray<Pick<SeriesCut, "release">> }

/** The answers of metrics to a read, and the function that releases everything they read. */
export interface CutRead {
  readonly metrics: ReadonlyArray<MetricRead>
  readonly release: () => void
}

/** Most series, of all metrics together, that are viewed without cuts of them: each may take tens of microseconds. */
const FewSeries = 32

/** Whether reading these is short. `cuts`: what is already being read of them. */
export const isBrief = (
  { labels, what }: ReadCommand,
  cells: ReadonlyArray<RegisteredMetric>,
  cuts: LaneCuts | undefined
): boolean => {
  if (what !== "snapshots" || labels !== undefined) return false
  // Views of users take as long as they take, and run in the order of the reads.
  const byHand = cells.filter(({ isByHand }) => isByHand).length
  if (byHand > 1 || (byHand === 1 && cuts?.views.isAny === true)) return false
  return cells.reduce((sum, { labelledSize }) => sum + labelledSize, 0) <= FewSeries
}

/** Views a metric where the place says so. */
type View = <A>(cell: RegisteredMetric, view: () => A) => A

/** Reads each metric as it is now. `isSent`: it goes to another thread at once. */
export const readEach =
  (cuts: LaneCuts, command: ReadCommand, isSent: boolean, view: View) =>
  (cell: RegisteredMetric): MetricCuts => {
    if (cell.isByHand) {
      const later = cuts.views.add(cell, (moment) => view(cell, () => stepsOf(cell, command, isSent, moment)))
      return { ...alone(viewing(later)), cuts: [later] }
    }
    const { made, value } = cuts.collect(() => stepsOf(cell, command, isSent))
    const [cut, ...earlier] = made
    if (cut === undefined || earlier.length > 0) return { ...alone(value), cuts: made }
    const again = () => cut.again((kernel) => cuts.cut(kernel))
    return { steps: value, save: cell.savingSeries(again), cuts: made }
  }

/** In a step of its own. */
function* viewing({ run }: LaterView<PartSteps>): PartSteps {
  yield
  return yield* run()
}

const stepsOf = (cell: RegisteredMetric, command: ReadCommand, isSent: boolean, moment?: Moment): PartSteps => {
  const { labels, maxSeries = 0, now, what } = command
  switch (what) {
    case "snapshots":
      return cell.readSnapshot(now, isSent, labels, moment)
    case "shown":
      return cell.readShown(now, isSent, moment)
    case "largest":
      return cell.readLargest(now, maxSeries, isSent, moment)
    case "states":
      return cell.readState(isSent, false, moment)
    case "counted":
      return cell.readState(isSent, true, moment)
  }
}

/** What `show` returns for each, with one step per hand-written view. */
export function* showEach(
  cells: ReadonlyArray<RegisteredMetric>,
  show: (cell: RegisteredMetric) => ReadonlyArray<Shown>
): Steps<ReadonlyArray<Shown>> {
  const all: Array<Shown> = []
  let isWhole = false
  try {
    for (const cell of cells) {
      all.push(...show(cell))
      if (cell.metric.instrument === undefined) yield
    }
    isWhole = true
    return all
  } finally {
    if (!isWhole) releaseAll(all)
  }
}

/** Of one without series of its own, or with earlier ones: done to its end where it is to be saved. */
const alone = (steps: PartSteps): MetricRead => {
  const state: { result?: { readonly part: ReadPart | undefined } } = {}
  const advance = (): void => {
    const { done, value } = steps.next()
    if (done === true) state.result = { part: value }
  }
  const all = function* (): PartSteps {
    while (state.result === undefined) {
      advance()
      if (state.result === undefined) yield
    }
    return state.result.part
  }
  const save = (): Steps<SavedPart> => {
    while (state.result === undefined) advance()
    return known({ _tag: "Known", bytes: serialized(state.result.part) })
  }
  return { steps: all(), save }
}

/** A part of a view's result that cannot be serialised is left out. */
const serialized = (part: ReadPart | undefined): Uint8Array => {
  try {
    return serialize(part)
  } catch {
    return serialize(undefined)
  }
}

/** Parts that were read already. */
export const knownReads = (read: ReadonlyArray<ReadPart>): CutRead => ({
  metrics: read.map((part) => alone(known(part))),
  release: () => {}
})

export const cutRead = (metrics: ReadonlyArray<MetricCuts>): CutRead => ({
  metrics,
  release: () => {
    for (const cut of metrics.flatMap(({ cuts }) => cuts)) cut.release()
  }
})

/** Repeats a read that an earlier fold has saved, regardless of later events. */
export const readAgain = (
  lane: MetricsLane,
  { command, parts }: SavedRead,
  definitionOf: (name: string) => Metric.Any,
  isSent: boolean
): CutRead => {
  const cuts = new LaneCuts()
  const owner = {
    quarantined: ({ name }: Metric.Any, error: string) => lane.quarantined(name, error),
    cut: cuts.cut.bind(cuts)
  }
  const read = readEach(cuts, command, isSent, (_, view) => view())
  return cutRead(
    parts.map((part) => {
      if (part._tag === "Known") return { ...alone(known(deserialize(part.bytes.slice()))), cuts: [] }
      const { createdAt, epoch, name } = part.metric
      const cell = new RegisteredMetric(definitionOf(name), 0, epoch, createdAt, owner)
      cell.load(part.metric, undefined)
      return read(cell)
    })
  )
}
