/**
 * Every expression of the dashboard and of the recording rules, evaluated by a real Prometheus that scrapes two
 * replicas: each matches the load, and its legends distinguish its series.
 */
import { describe, expect, it } from "@effect/vitest"
import { Metric } from "mvx-metrics"
import { dashboardOf } from "../../src/internal/catalogue/dashboard.ts"
import { rulesOf } from "../../src/internal/catalogue/rules.ts"
import * as jobs from "./fixtures/jobs.metrics.ts"
import { jobsOfRound, startJobService } from "./support/jobService.ts"
import { has } from "./support/program.ts"
import { startPrometheus } from "./support/prometheus.ts"

interface Dashboard {
  readonly templating: { readonly list: ReadonlyArray<{ readonly name: string }> }
  readonly panels: ReadonlyArray<{
    readonly title: string
    readonly targets?: ReadonlyArray<{ readonly expr: string; readonly legendFormat: string }>
  }>
}

const metrics = Object.values(jobs).flatMap(
  (each): ReadonlyArray<Metric.Any> => (Metric.isMetric(each) ? [each as Metric.Any] : [])
)
const { panels, templating } = dashboardOf(metrics, "Jobs") as Dashboard

/** Of a series: the number that it has, or the least and the greatest that it may have. */
type Value = number | readonly [least: number, most: number]
type Labels = { readonly [label: string]: string }
type Expected = (labels: Labels, load: Load) => Value

/** What an instance had done when it was scraped last: rounds, and rounds a second by the times of its scrapes. */
interface Load {
  readonly rounds: number
  readonly pace: number
}

interface Check {
  /** By target, or of all. */
  readonly values: Expected | ReadonlyArray<Expected>
  /** Of each target. */
  readonly series: number
}

const replicas = 2
const queues = jobs.queues.length
/** Scrapes in the window of a rate, at least. */
const WindowScrapes = 8
const all = jobsOfRound * queues
const sum =
  (ofRound: number): Expected =>
  (_, { rounds }) =>
    ofRound * rounds
const is =
  (value: number): Expected =>
  () =>
    value
const about =
  (value: number, part: number): Expected =>
  () => [value * (1 - part), value * (1 + part)]
const perSecond =
  (ofRound: number): Expected =>
  (_, { pace }) =>
    ofRound * pace
/** What is known when a scrape is asked for: that of the last round may be missing. */
const perSecondBefore =
  (ofRound: number): Expected =>
  (_, { pace }) => {
    const ofOneRound = pace / (WindowScrapes - 1)
    return [ofRound * (pace - ofOneRound), ofRound * (pace + ofOneRound)]
  }
/** The buckets of the exponential one are within a factor of 2^(1/4). */
const within =
  (value: number): Expected =>
  () => [value / 2 ** 0.25, value * 2 ** 0.25]
const nothing: Check = { values: is(0), series: 0 }

const checks: { readonly [title: string]: Check } = {
  "jobs.done": { values: perSecond(jobsOfRound), series: replicas * queues },
  "jobs.capped": {
    values: (labels, load) => {
      const { beyond_limit, queue } = labels
      expect(beyond_limit).toBe(queue === undefined ? "others, beyond the limit" : undefined)
      return perSecond(jobsOfRound * (queue === undefined ? queues - 2 : 1))(labels, load)
    },
    series: replicas * 3
  },
  "job.time": { values: [is(0.05), is(0.09), is(0.099)], series: queues },
  "job.time, per second": { values: perSecond(jobsOfRound), series: replicas * queues },
  "job.time.fine": { values: [within(0.05), within(0.09), within(0.099)], series: 1 },
  "job.time.fine, per second": { values: perSecond(all), series: replicas },
  "job.time.quantiles": {
    values: (labels, load) => about(Number(labels.quantile) / 10, 0.03)(labels, load),
    series: replicas * 3
  },
  "job.size": { values: is(10 * 1024), series: replicas },
  "job.last.size": { values: is(10), series: replicas },
  "jobs.waiting": { values: sum(2), series: replicas },
  "jobs.ok": { values: is(0.75), series: replicas },
  "jobs.rate": { values: sum(all / 60), series: replicas },
  "job.size.recent": { values: [sum(all * 10), is(10), is(10), is(10)], series: replicas },
  "job.size.recent, values": { values: sum(all), series: replicas },
  "job.extremes": { values: is(10), series: replicas },
  "jobs.queues": { values: is(queues), series: replicas },
  "jobs.by_queue": { values: perSecond(jobsOfRound), series: replicas * queues },
  "jobs.by_hand": {
    values: (labels, load) => sum(labels.dimension === "done" ? all : 2)(labels, load),
    series: replicas * 2
  },
  // Its view throws.
  "jobs.broken": nothing,
  "Events, per second": { values: [perSecond(all + 2), perSecondBefore(all + 2), is(0), is(0)], series: replicas },
  "Refused events, per second": { values: is(0), series: replicas * 3 },
  "Pending events, of the capacity": { values: () => [0, 1], series: replicas },
  "Metrics in trouble": { values: is(1), series: replicas },
  "Durable state: what a kill would lose": nothing,
  "Durable state: age of the last write": nothing,
  "Exports, per second": nothing
}

const legendOf = (format: string, labels: Labels): string =>
  format.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? "")

describe.skipIf(!has("prometheus", "--version"))("a dashboard over two replicas", () => {
  it("has results that match the load, for every expression", async () => {
    await using one = await startJobService()
    await using other = await startJobService()
    await using prometheus = await startPrometheus([one.port, other.port])
    await prometheus.until("min(count_over_time(jobs_by_hand{dimension='done'}[1m]))", (count) => count >= 13)
    await prometheus.until("count(jobs_ok_ratio)", (count) => count === replicas)

    // All is asked for one moment: that of a scrape, from which the rounds until then are known exactly.
    const scraped = await prometheus.query("timestamp(jobs_waiting)")
    expect(scraped).toHaveLength(replicas)
    const time = Math.min(...scraped.map(({ value }) => value))
    const byInstance = async (expression: string): Promise<ReadonlyMap<string, number>> => {
      const samples = await prometheus.query(expression, time)
      return new Map(samples.map(({ metric, value }) => [metric.instance!, value]))
    }
    const [rounds, paces] = [await byInstance("jobs_waiting / 2"), await byInstance("rate(jobs_waiting[10s]) / 2")]
    for (const pace of paces.values()) expect(pace).toBeGreaterThan(0)

    const compare = async (title: string, expr: string, expected: Expected, series: number) => {
      const variables = templating.list.reduce((text, { name }) => text.replaceAll(`$${name}`, ".*"), expr)
      const query = variables.replaceAll("$__rate_interval", "10s").replaceAll("[5m]", "[10s]")
      const samples = await prometheus.query(query, time)
      expect(samples, `${title}: ${query}`).toHaveLength(series)
      for (const { metric, value } of samples) {
        const instance = metric.instance ?? ""
        const wanted = expected(metric, { rounds: rounds.get(instance) ?? 0, pace: paces.get(instance) ?? 0 })
        const [least, most] = typeof wanted === "number" ? [wanted * (1 - 1e-9), wanted * (1 + 1e-9)] : wanted
        const what = `${title}: ${query} of ${JSON.stringify(metric)}`
        expect(value, what).toBeGreaterThanOrEqual(least)
        expect(value, what).toBeLessThanOrEqual(most)
      }
      return samples
    }

    const shown = panels.filter(({ targets }) => targets !== undefined)
    expect(shown.map(({ title }) => title).sort()).toEqual(Object.keys(checks).sort())
    for (const { targets = [], title } of shown) {
      const { series, values } = checks[title]!
      const legends: Array<string> = []
      for (const [i, { expr, legendFormat }] of targets.entries()) {
        const expected = typeof values === "function" ? values : values[i]!
        const samples = await compare(title, expr, expected, series)
        legends.push(...samples.map(({ metric }) => legendOf(legendFormat, metric)))
      }
      expect(new Set(legends).size, `${title}: ${legends.join(" | ")}`).toBe(legends.length)
    }

    const rules = rulesOf(metrics).groups.flatMap((group) => group.rules)
    const recorded = rules.flatMap((rule) => ("record" in rule ? [rule] : []))
    const values: { readonly [record: string]: number } = {
      "recorder:job_size_bytes:mean5m": 10 * 1024,
      "recorder:jobs_ok_ratio:rate5m": 0.75
    }
    expect(recorded.map(({ record }) => record).sort()).toEqual(Object.keys(values).sort())
    for (const { expr, record } of recorded) await compare(record, expr, is(values[record]!), replicas)
  })
})
