/** The metrics of a lane as they are shown: at once, or in steps while the fold goes on. */
import type * as Metric from "../metric/definition/metric.ts"
import { LaneCuts } from "./laneCuts.ts"
import { type CutRead, readEach, savedRead } from "./metricReads.ts"
import type { MetricsLane } from "./metricsLane.ts"
import { DuringFold, PlaceDuring, PlaceLane, PlaceMetric } from "./place.ts"
import { RegisteredMetric } from "./registeredMetric.ts"
import type { SavedRead } from "./savedLane.ts"

/** What `run` gives for each, where the place says that the fold is in this code of theirs. */
export const during = <A>(
  what: number,
  { lane, place }: MetricsLane,
  cells: ReadonlyArray<RegisteredMetric>,
  run: (cell: RegisteredMetric) => A
): Array<A> => {
  place[PlaceLane] = lane
  place[PlaceDuring] = what
  const results = cells.map((cell) => {
    place[PlaceMetric] = cell.index
    return run(cell)
  })
  place[PlaceDuring] = DuringFold
  return results
}

type Reads = ReadonlyArray<ReturnType<ReturnType<typeof readEach>>>

export const cutRead = (metrics: Reads): CutRead => ({
  metrics,
  release: () => {
    for (const cut of metrics.flatMap(({ cuts }) => cuts)) cut.release()
  }
})

/** A read that a fold before has saved, whatever has come since. */
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
  const read = readEach(cuts, command, isSent)
  return cutRead(
    parts.map((part) => {
      if (part._tag === "Known") return { ...savedRead(part.bytes), cuts: [] }
      const { createdAt, epoch, name } = part.metric
      const cell = new RegisteredMetric(definitionOf(name), 0, epoch, createdAt, owner)
      cell.load(part.metric, undefined)
      return read(cell)
    })
  )
}
