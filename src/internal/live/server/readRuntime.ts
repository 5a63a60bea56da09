/** Reads all recorders of a runtime for the live page. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { largestSeries } from "../../fold/topSeries.ts"
import type * as Metric from "../../metric/definition/metric.ts"
import type { Snapshot } from "../../metric/definition/snapshot.ts"
import { internalsOf, type Source } from "../../runtime/internals.ts"
import type { RuntimeService } from "../../runtime/service.ts"
import { allSteps } from "../../util/steps.ts"
import type { LiveData, LiveKind, LiveMetric, LiveRecorder } from "../model/update.ts"

/** Limits of what is sent each second. */
export interface LiveLimits {
  readonly maxRecorders: number
  readonly maxSeries: number
}

export const liveData = Effect.fnUntraced(function* (
  runtime: RuntimeService,
  { maxRecorders, maxSeries }: LiveLimits
): Effect.fn.Return<LiveData> {
  const at = yield* Clock.currentTimeMillis
  const { gather, sources: recordersOf, totals, usage } = internalsOf(runtime)
  yield* gather
  const sources = [...recordersOf(), ...totals()]
  const recorders = yield* Effect.forEach(sources.slice(0, maxRecorders), (source) => read(source, maxSeries), {
    concurrency: "unbounded"
  })
  return { namespace: runtime.namespace, at, recorders, recorderCount: sources.length, runtime: usage() }
})

const read = Effect.fnUntraced(function* (source: Source, maxSeries: number): Effect.fn.Return<LiveRecorder> {
  const { entityId, recorderId, statsUnsafe } = source
  const result = yield* Effect.result(source.largest(maxSeries))
  if (Result.isFailure(result)) {
    return { recorderId, entityId, stats: statsUnsafe(), metrics: [], error: result.failure.message }
  }
  const metrics = result.success.map(({ metric, seriesCount, snapshot }) => describedBy(metric, snapshot, seriesCount))
  return { recorderId, entityId, stats: statsUnsafe(), metrics }
})

const kindOf = ({ instrument, sources }: Metric.Any): LiveKind =>
  instrument?.kind ?? (sources === undefined ? "custom" : "derived")

/** A metric with the description from its definition. */
const describedBy = (metric: Metric.Any, snapshot: Snapshot, seriesCount: number): LiveMetric => {
  const { description, instrument, name, unit } = metric
  return {
    name,
    kind: kindOf(metric),
    ...(description !== undefined && { description }),
    ...(unit !== undefined && { unit }),
    labels: (instrument?.labels ?? []).map(([label]) => label),
    dimensions: snapshot.dimensions,
    seriesCount,
    ...(snapshot.quarantine !== undefined && { quarantine: snapshot.quarantine })
  }
}

/** From a snapshot that has all series. */
export const liveMetric = (metric: Metric.Any, snapshot: Snapshot, maxSeries: number): LiveMetric => {
  const { dimensions, seriesCount } = allSteps(largestSeries(snapshot.dimensions, maxSeries))
  return describedBy(metric, { ...snapshot, dimensions }, seriesCount)
}

/** The definition of a metric, if the recorder has it and can be read. */
export const findMetric = Effect.fnUntraced(function* (
  runtime: RuntimeService,
  recorderId: string,
  name: string
): Effect.fn.Return<Metric.Any | undefined> {
  const { sources, totals } = internalsOf(runtime)
  const source = [...sources(), ...totals()].find((each) => each.recorderId === recorderId)
  if (source === undefined) return undefined
  const found = yield* Effect.result(source.largest(1))
  return Result.isFailure(found) ? undefined : found.success.find(({ metric }) => metric.name === name)?.metric
})
