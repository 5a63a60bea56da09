/**
 * Queries in PromQL for one recorder.
 */
import { expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { Metric } from "mvx-metrics"
import { dashboardOf } from "../../src/internal/catalogue/dashboard.ts"
import { queriesOf } from "../../src/internal/catalogue/queries.ts"

const events = Schema.TaggedUnion({ request: { path: Schema.String, seconds: Schema.Number, ok: Schema.Boolean } })
const Durations = Metric.histogram("durations", { events, value: "seconds", boundaries: [1], unit: "s" })
const Hits = Metric.ratio("hits", { events, hits: "ok" })
const Extremes = Metric.minMax("extremes", { events, value: "seconds" })

it("the queries of a metric are those of its panels, with the recorder and a range filled in", () => {
  const { panels } = dashboardOf([Durations, Hits, Extremes], "All") as {
    readonly panels: ReadonlyArray<{
      readonly title: string
      readonly targets?: ReadonlyArray<{ readonly expr: string }>
    }>
  }
  const ofDashboard = panels
    .filter(({ title }) => /^(durations|hits|extremes)/.test(title))
    .flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  const queries = [Durations, Hits, Extremes].flatMap((metric) => queriesOf(metric, "shop", "a"))
  expect(queries.map(({ expr }) => expr)).toEqual(
    ofDashboard.map((expr) =>
      expr
        .replaceAll('job=~"$job",instance=~"$instance",recorder=~"$recorder"', 'namespace="shop",recorder="a"')
        .replaceAll("$__rate_interval", "5m")
    )
  )
  expect(queries.map(({ title }) => title)).toEqual([
    "durations, p50",
    "durations, p90",
    "durations, p99",
    "durations, per second",
    "hits",
    "extremes, min",
    "extremes, max"
  ])
})

it("a label is quoted, whatever characters it contains", () => {
  const [query] = queriesOf(Hits, "$&", 'a"b\\c\nd')
  expect(query!.expr).toContain('{namespace="$&",recorder="a\\"b\\\\c\\nd"}')
  expect(query!.expr).not.toContain("$job")
})
