/**
 * Everything that a runtime has to show, as exporters take it.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { MetricData } from "../../MetricData.ts"
import { internalsOf, type Source } from "../runtime/runtimeInternals.ts"
import type { RuntimeService } from "../runtime/runtimeModel.ts"
import { conditionData } from "./conditionData.ts"
import { metricData } from "./metricData.ts"
import { accountingOf } from "./packedStats.ts"
import { accountingData, selfData } from "./selfData.ts"
import { RecorderAttribute } from "./selfFamily.ts"

/** Data of one metric of one recorder, and since when it counts, in milliseconds since the Unix epoch. */
export interface Dated {
  readonly data: MetricData
  /** Not known of what the library says of itself. */
  readonly since: number | undefined
}

/** The data of all metrics of all recorders, and what the library says of itself. A recorder that fails is left out. */
export const collect = (runtime: RuntimeService): Effect.Effect<ReadonlyArray<Dated>> =>
  Effect.gen(function* () {
    const { foldCame, sources } = internalsOf(runtime)
    const clock = yield* Clock.Clock
    const asked = clock.monotonicTimeNanosUnsafe()
    let isFirst = true
    const all = yield* Effect.forEach(
      sources(),
      (source) =>
        Effect.map(shownBy(source), (shown) => {
          if (isFirst) foldCame(Number(clock.monotonicTimeNanosUnsafe() - asked) / 1e9)
          isFirst = false
          return shown
        }),
      { concurrency: "unbounded" }
    )
    return [...all.flat(), ...undated(yield* selfData(runtime))]
  })

/** All that there is to say of one recorder. */
export const collectSource = (source: Source): Effect.Effect<ReadonlyArray<Dated>> =>
  Effect.map(shownBy(source), (shown) => [
    ...shown,
    ...undated(accountingData([{ recorderId: source.recorderId, stats: accountingOf(source.statsUnsafe()) }]))
  ])

const shownBy = ({ metrics, recorderId, shown }: Source): Effect.Effect<ReadonlyArray<Dated>> =>
  Effect.gen(function* () {
    const read = yield* Effect.result(shown)
    // Removed meanwhile, or failed, which its accounting says.
    if (Result.isFailure(read)) return []
    const byName = new Map((yield* metrics).map((metric) => [metric.name, metric]))
    const attributes = { [RecorderAttribute]: recorderId }
    const conditions = read.success.flatMap(({ createdAt, snapshot }) => {
      const metric = byName.get(snapshot.name)
      return metric === undefined ? [] : [{ ...snapshot, quarantine: snapshot.quarantine, metric, createdAt }]
    })
    const data = conditions.flatMap(({ createdAt, dimensions, metric }) =>
      metricData(metric, dimensions, attributes).map((each): Dated => ({ data: each, since: createdAt }))
    )
    return [...data, ...undated(conditionData(conditions, attributes))]
  })

const undated = (data: ReadonlyArray<MetricData>): ReadonlyArray<Dated> =>
  data.map((each) => ({ data: each, since: undefined }))

/** The same, those of one name together. */
export const collectData = (runtime: RuntimeService): Effect.Effect<ReadonlyArray<MetricData>> =>
  Effect.map(collect(runtime), (all) => together(all.map(({ data }) => data)))

/** Data of one name and type as one. */
export const together = (data: ReadonlyArray<MetricData>): ReadonlyArray<MetricData> => {
  const byName = new Map<string, Array<MetricData>>()
  for (const each of data) {
    const key = `${each.name} ${each.type}`
    const known = byName.get(key)
    if (known === undefined) byName.set(key, [each])
    else known.push(each)
  }
  return Array.from(
    byName.values(),
    (all) => ({ ...all[0]!, points: all.flatMap(({ points }) => points as ReadonlyArray<never>) }) as MetricData
  )
}
