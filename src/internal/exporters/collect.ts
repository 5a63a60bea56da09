/** Everything that a runtime shows, for exporters. */
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import { accountingData, runtimeData } from "../formats/accounting.ts"
import { asExpired, type Dated, originOf } from "../formats/datedData.ts"
import { metricDataSteps } from "../formats/fromMetric.ts"
import { type MetricData, together } from "../formats/metricData.ts"
import { accountingOf } from "../formats/packedStats.ts"
import { countsData, missedData } from "../formats/quarantine.ts"
import { attributesOf } from "../formats/recorderAttribute.ts"
import { CurrentWaitTimeout } from "../recorder/waitTimeout.ts"
import { internalsOf, type Source } from "../runtime/internals.ts"
import type { RuntimeService } from "../runtime/service.ts"
import { inSlices } from "../util/inSlices.ts"
import type { Steps } from "../util/steps.ts"
import { stopwatch } from "../util/timing.ts"

/** What was read of a runtime. */
export interface Collected {
  readonly all: ReadonlyArray<Dated>
  /** The recorders, by instance, whose metrics could not be read this time. */
  readonly unread: ReadonlySet<number>
}

/** The data of all metrics of all recorders, and the library's own metrics. A recorder that fails is omitted. */
export const collect = (runtime: RuntimeService): Effect.Effect<Collected> =>
  collectFrom(runtime, internalsOf(runtime).sources)

const collectFrom = Effect.fnUntraced(function* (
  runtime: RuntimeService,
  sources: () => ReadonlyArray<Source>
): Effect.fn.Return<Collected> {
  const { foldCame, gather } = internalsOf(runtime)
  yield* gather
  const seconds = stopwatch(yield* Clock.Clock)
  const unread = new Set<number>()
  let isFirst = true
  const all = yield* Effect.forEach(
    sources(),
    (source) =>
      Effect.map(collectMetrics(runtime.namespace, source), (shown) => {
        if (isFirst) foldCame(seconds())
        isFirst = false
        if (shown === undefined) unread.add(source.instance)
        return shown ?? []
      }),
    { concurrency: "unbounded" }
  )
  return { all: [...all.flat(), ...ownOf(runtime, sources())], unread }
})

/** The same with a time limit instead of each recorder's `waitTimeout`, which is short for very many series. */
export const collectWithin = (most: Duration.Input, runtime: RuntimeService): Effect.Effect<Collected> =>
  Effect.provideService(collect(runtime), CurrentWaitTimeout, most)

/** The library's own metrics that do not belong to a recorder. */
export const collectOwn = (runtime: RuntimeService): ReadonlyArray<Dated> =>
  ownOf(runtime, internalsOf(runtime).sources())

const ownOf = (runtime: RuntimeService, sources: ReadonlyArray<Source>): ReadonlyArray<Dated> => {
  const { namespace } = runtime
  const { foldLag, usage } = internalsOf(runtime)
  const own = runtimeData(namespace, usage(), foldLag()).map((data): Dated => ({ data, since: undefined }))
  return [...sources.flatMap((source) => accountOf(namespace, source)), ...own]
}

/** The interval between two reads of a recorder, while a replacement fold is expected. */
const again = Schedule.spaced("100 millis")

/**
 * Everything about a recorder that is removed. If a replacement fold is expected, it is waited for. `isWhole`: its
 * metrics could be read.
 */
export const collectLast = Effect.fnUntraced(function* (
  { namespace, state }: Pick<RuntimeService, "namespace" | "state">,
  source: Source
): Effect.fn.Return<{ readonly all: ReadonlyArray<Dated>; readonly isWhole: boolean }> {
  const isComing = Effect.map(state, (now) => now === "Restarting")
  const shown = yield* Effect.repeat(collectMetrics(namespace, source), {
    schedule: again,
    while: (shown) => (shown === undefined ? isComing : Effect.succeed(false))
  })
  return { all: [...(shown ?? []), ...accountOf(namespace, source)], isWhole: shown !== undefined }
})

/** The library's own metrics about one recorder. */
export const accountOf = (
  namespace: string,
  { createdAt, instance, recorderId, statsUnsafe }: Source
): ReadonlyArray<Dated> =>
  accountingData([{ attributes: attributesOf(namespace, recorderId), stats: accountingOf(statsUnsafe()) }]).map(
    (data) => ({ data, since: createdAt, owner: instance, subject: recorderId, life: String(instance) })
  )

/**
 * What its metrics show. `undefined`: it cannot be read. Either it was removed meanwhile, or it has failed, which its
 * accounting shows.
 */
export const collectMetrics = Effect.fnUntraced(function* (
  namespace: string,
  source: Source
): Effect.fn.Return<ReadonlyArray<Dated> | undefined> {
  const read = yield* Effect.result(source.shown)
  if (Result.isFailure(read)) return undefined
  return yield* inSlices(datedSteps(namespace, source, read.success))
})

function* datedSteps(
  namespace: string,
  source: Source,
  read: Effect.Success<Source["shown"]>
): Steps<ReadonlyArray<Dated>> {
  const { recorderId: subject } = source
  const attributes = attributesOf(namespace, subject)
  const conditions = read.map(({ metric, snapshot: { dimensions, quarantine } }) => ({
    metric,
    dimensions,
    quarantine
  }))
  const all: Array<Dated> = []
  for (const [i, { bygone, metric, snapshot, ...lived }] of read.entries()) {
    const dated = originOf(source, metric.name, lived)
    const dataOf = (shown: object) =>
      metricDataSteps(metric, { ...(snapshot.dimensions as object), ...shown }, attributes)
    const idle = bygone && (yield* dataOf({ overflow: undefined, ...bygone.idle }))
    const expired = bygone && (yield* dataOf({ overflow: undefined, series: [{ ...bygone.expired, labels: {} }] }))
    for (const [part, data] of (yield* metricDataSteps(metric, snapshot.dimensions, attributes)).entries()) {
      const gone = idle && expired && { idle: idle[part]!, expired: asExpired(expired[part]!, attributes) }
      all.push({ ...dated, data, ...(gone && { bygone: gone }) })
    }
    for (const data of missedData(conditions[i]!, attributes)) all.push({ ...dated, data })
    yield
  }
  for (const data of countsData(conditions, attributes)) all.push({ data, since: undefined, subject })
  return all
}

/** The same with the totals of removed recorders, merged by name and shape. */
export const collectData = (runtime: RuntimeService): Effect.Effect<ReadonlyArray<MetricData>> => {
  const { sources, totals } = internalsOf(runtime)
  const all = () => [...sources(), ...totals()]
  return Effect.map(collectFrom(runtime, all), ({ all }) => together(all.map(({ data }) => data)))
}
