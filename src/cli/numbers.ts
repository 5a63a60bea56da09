/** Compares the results of two versions of definitions for the same events, series by series as in Prometheus. */
import * as Effect from "effect/Effect"
import type { PlatformError } from "effect/PlatformError"
import type * as Stream from "effect/Stream"
import { type Change, type ChangeCode, changeOf } from "../internal/catalogue/changes.ts"
import { type DescribedMetric, describedMetric } from "../internal/catalogue/describedMetric.ts"
import { metricData } from "../internal/formats/fromMetric.ts"
import { Exposition } from "../internal/formats/prometheus/text.ts"
import { familyOfAll } from "../internal/metric/unionFamily.ts"
import { textOf } from "../internal/util/pieces.ts"
import { allSteps } from "../internal/util/steps.ts"
import type * as Metric from "../Metric.ts"
import type { InvalidArgument, InvalidLine } from "../MetricsError.ts"
import * as Replay from "../Replay.ts"
import type { Snapshot } from "../Snapshot.ts"

export interface Replayed {
  /** By metric. */
  readonly snapshots: { readonly [name: string]: Snapshot }
  /** Lines that are not events of the metrics. */
  readonly bad: ReadonlyMap<number, string>
}

/** Runs captured events through metrics. */
export const replayed = Effect.fnUntraced(function* (
  metrics: ReadonlyArray<Metric.Any>,
  bytes: Stream.Stream<Uint8Array, PlatformError>
): Effect.fn.Return<Replayed, PlatformError | InvalidArgument> {
  const bad = new Map<number, string>()
  const onBadLine = ({ line, reason }: InvalidLine) => Effect.sync(() => bad.set(line, reason))
  const family = familyOfAll(metrics.map(({ events }) => events))
  const snapshots = yield* Replay.runStream(metrics, Replay.fromNdjson(family, bytes, { onBadLine }))
  return { snapshots, bad }
})

/** The samples that a metric shows, by name and labels. */
const samplesOf = (metric: Metric.Any, { dimensions }: Snapshot): ReadonlyMap<string, string> => {
  const exposition = new Exposition("text")
  for (const data of metricData(metric, dimensions)) exposition.add(data)
  const lines = allSteps(textOf(allSteps(exposition.finish()))).split("\n")
  return new Map(
    lines.flatMap((line) => {
      const end = line.lastIndexOf(" ")
      return line === "" || line.startsWith("#") ? [] : [[line.slice(0, end), line.slice(end + 1)] as const]
    })
  )
}

/** With one of these changes every series of the metric is different, which is reported already. */
const apart: ReadonlySet<ChangeCode> = new Set([
  "kind-changed",
  "unit-changed",
  "label-added",
  "label-removed",
  "label-renamed"
])

/** The changes that only events reveal. `known`: those of the definitions. */
export const numberChanges = (
  [old, before]: readonly [ReadonlyArray<Metric.Any>, Replayed],
  [now, after]: readonly [ReadonlyArray<Metric.Any>, Replayed],
  known: ReadonlyArray<Change>
): ReadonlyArray<Change> => {
  const news = new Map(now.map((metric) => [metric.name, metric]))
  return [
    ...unreadable(old, before, after),
    ...old.flatMap((metric) => {
      const other = news.get(metric.name)
      const own = known.filter((change) => change.metric === metric.name)
      if (other === undefined || own.some(({ code }) => apart.has(code))) return []
      const described = describedMetric(metric)
      const [left, right] = [before.snapshots[metric.name]!, after.snapshots[metric.name]!]
      if (right.quarantine !== undefined && left.quarantine === undefined) {
        return [changeOf(described, { code: "metric-fails", what: `fails: ${right.quarantine.error}` })]
      }
      const hasBuckets = !own.some(({ code }) => code === "boundaries-changed")
      return ofSeries(described, samplesOf(metric, left), samplesOf(other, right), hasBuckets)
    })
  ]
}

const unreadable = (old: ReadonlyArray<Metric.Any>, before: Replayed, after: Replayed): ReadonlyArray<Change> => {
  const lines = [...after.bad].filter(([line]) => !before.bad.has(line))
  const [first] = lines
  if (first === undefined) return []
  const nobody = { name: old.map(({ name }) => name).join(", "), exposed: [], rules: [], panels: [] }
  const what = `${lines.length} captured ${lines.length === 1 ? "event is" : "events are"} no longer valid, the first of them because line ${first[0]} ${first[1]}`
  return [changeOf(nobody, { code: "events-unreadable", what, before: 0, after: lines.length })]
}

const MostShown = 5

const ofSeries = (
  metric: DescribedMetric,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  hasBuckets: boolean
): ReadonlyArray<Change> => {
  const compared = [...new Set([...before.keys(), ...after.keys()])].filter(
    (series) => hasBuckets || !/^[^{]*_bucket\{/.test(series)
  )
  const found = (
    code: ChangeCode,
    verb: string,
    isOne: (old: string | undefined, now: string | undefined) => boolean
  ): ReadonlyArray<Change> => {
    const series = compared.filter((each) => isOne(before.get(each), after.get(each)))
    if (series.length === 0) return []
    const shown = series.slice(0, MostShown).map((each) => {
      const values = [before.get(each), after.get(each)].filter((value) => value !== undefined)
      return `${each} ${values.join(" -> ")}`
    })
    const more = series.length > MostShown ? `, and ${series.length - MostShown} more` : ""
    const values = (of: ReadonlyMap<string, string>) =>
      Object.fromEntries(series.flatMap((each) => (of.has(each) ? [[each, Number(of.get(each))]] : [])))
    const what = `${verb} ${shown.join("; ")}${more}`
    return [changeOf(metric, { code, what, before: values(before), after: values(after) })]
  }
  const isOther = (old?: string, now?: string): boolean => old !== undefined && now !== undefined && old !== now
  return [
    ...found("series-removed", "no longer shows", (_, now) => now === undefined),
    ...found("series-added", "shows", (old) => old === undefined),
    ...found("numbers-changed", "shows other numbers:", isOther)
  ]
}
