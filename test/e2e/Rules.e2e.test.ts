/**
 * Rules and dashboards generated from definitions, as Prometheus reads them.
 */
import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "@effect/vitest"
import { dashboardOf } from "../../src/internal/catalogue/dashboard.ts"
import { rulesOf, rulesYaml } from "../../src/internal/catalogue/rules.ts"
import { all } from "./fixtures/http.metrics.ts"

const hasPromtool = spawnSync("promtool", ["--version"]).status === 0
if (!hasPromtool) console.warn("Skipped: there is no promtool (apt-get install prometheus)")

describe.skipIf(!hasPromtool)("promtool", () => {
  const folder = mkdtempSync(join(tmpdir(), "mvx-metrics-rules-"))
  afterAll(() => rmSync(folder, { recursive: true }))

  const check = (text: string): string => {
    const file = join(folder, "rules.yml")
    writeFileSync(file, text)
    return execFileSync("promtool", ["check", "rules", "--lint-fatal", file], { encoding: "utf8" })
  }

  it("accepts the rules as YAML and as JSON", () => {
    const rules = rulesOf(all)
    const count = rules.groups.flatMap((group) => group.rules).length
    expect(check(rulesYaml(rules))).toContain(`SUCCESS: ${count} rules found`)
    expect(check(JSON.stringify(rules))).toContain(`SUCCESS: ${count} rules found`)
  })

  it("fires alerts when something is wrong, and none before", () => {
    writeFileSync(join(folder, "rules.yml"), rulesYaml(rulesOf(all)))
    const target = { instance: "i", job: "j" }
    const recorder = { recorder: "r", ...target }
    const runtime = { namespace: "n", ...target }
    const exporter = { ...runtime, exporter: "OTLP" }
    const refused = { ...recorder, reason: "overflow" }
    const series: ReadonlyArray<readonly [name: string, labels: { readonly [name: string]: string }, values: string]> =
      [
        ["mvx_metrics_metrics_quarantined", recorder, "0x5 2x5"],
        ["mvx_metrics_events_evicted_total", recorder, "0x5 60x5"],
        ["mvx_metrics_events_pending", recorder, "10x5 900x5"],
        ["mvx_metrics_events_capacity", recorder, "1000x10"],
        // These begin when there is something to count.
        ["mvx_metrics_measurements_rejected_total", { ...recorder, metric: "m" }, "_x6 3x5"],
        ["mvx_metrics_events_refused_total", refused, "_x6 7x5"],
        ["mvx_metrics_events_refused_total", { ...refused, reason: "invalid" }, "_x6 0x5"],
        ["mvx_metrics_worker_restarts_total", runtime, "0x6 2x5"],
        ["mvx_metrics_fold_lag_seconds", runtime, "0.1x4 2+1x7"],
        ["mvx_metrics_exports_failing", { ...exporter, reason: "503" }, "_x6 1x5"],
        ["mvx_metrics_points_rejected_total", exporter, "0x6 4x5"],
        ["mvx_metrics_recorders", { ...runtime, ...target }, "1x6"],
        ["up", target, "1x5 0x6"],
        // It serves no metrics of ours.
        ["up", { instance: "other", job: "j" }, "0x11"]
      ]
    const wrong: { readonly [alert: string]: readonly [labels: { readonly [name: string]: string }, string, string?] } =
      {
        MetricQuarantined: [recorder, "2 metrics of r on i are quarantined"],
        MetricEventsRefused: [refused, "r on i refused events: overflow", "7"],
        MetricEventsEvicted: [recorder, "r on i evicted events to make room for newer ones", "60"],
        MetricEventsNearCapacity: [recorder, "r on i has used 90% of its capacity"],
        MetricMeasurementsRejected: [{ ...recorder, metric: "m" }, "m of r on i rejected measurements", "3"],
        MetricWorkerRestarted: [runtime, "The metrics worker of n on i was replaced", "2"],
        MetricFoldLagging: [runtime, "The fold of n on i is 5s behind"],
        MetricExportsFailing: [{ ...exporter, reason: "503" }, "Exports of n on i do not arrive: OTLP, 503"],
        MetricPointsRejected: [exporter, "Points of n on i were rejected: OTLP", "4"],
        MetricTargetDown: [target, "i does not answer scrapes of its metrics"]
      }
    const alerts = rulesOf(all).groups[0]!.rules.flatMap((rule) => ("alert" in rule ? [rule] : []))
    expect(alerts.map(({ alert }) => alert)).toEqual(expect.arrayContaining(Object.keys(wrong)))
    const at = (eval_time: string, expected: typeof wrong) =>
      alerts.map(({ alert, annotations, labels }) => {
        const [own, summary, value = ""] = expected[alert] ?? []
        const description = annotations.description.replace("{{ $value | humanize }}", value)
        const one = { exp_labels: { ...labels, ...own }, exp_annotations: { summary, description } }
        return { eval_time, alertname: alert, exp_alerts: own === undefined ? [] : [one] }
      })
    const test = {
      rule_files: ["rules.yml"],
      evaluation_interval: "1m",
      tests: [
        {
          interval: "1m",
          input_series: series.map(([name, labels, values]) => ({
            series: `${name}{${Object.entries(labels).map(([label, value]) => `${label}="${value}"`)}}`,
            values
          })),
          alert_rule_test: [...at("5m", {}), ...at("8m", wrong)]
        }
      ]
    }
    writeFileSync(join(folder, "test.yml"), JSON.stringify(test))
    const { stderr, stdout } = spawnSync("promtool", ["test", "rules", join(folder, "test.yml")], { encoding: "utf8" })
    expect(stdout + stderr).toContain("SUCCESS")
  })

  const grown = ["events_refused", "events_evicted", "measurements_rejected", "worker_restarts", "state_failures"]
  const cases = [
    ["is there in the first scrape", "7x12", ["0m", "1m", "4m"], ["5m", "6m", "11m"]],
    ["is there in the first scrape of a series that comes later", "_x4 7x12", ["4m", "8m"], ["3m", "9m", "12m"]],
    ["is there in the first scrape, and grows", "7x2 9x12", ["1m", "4m", "7m"], ["9m"]],
    ["is 0 in the first scrape", "0x12", [], ["0m", "1m", "6m"]],
    ["grows from 0", "0x2 1x12", ["3m", "7m"], ["2m", "9m"]],
    ["begins again at 0", "7x6 0x8", [], ["6m", "8m", "12m"]],
    ["begins again with something", "7x6 2x8", ["8m"], ["6m", "14m"]]
  ] as const

  it.each(cases)("fires alerts on losses when the counter %s", (_, values, alertsAt, quietAt) => {
    writeFileSync(join(folder, "rules.yml"), rulesYaml(rulesOf(all)))
    const rules = rulesOf(all).groups.flatMap((group) => group.rules)
    const tests = grown.map((name) => {
      const sample = `mvx_metrics_${name}_total`
      const rule = rules.find((each) => "alert" in each && each.expr.includes(`${sample}[`))
      const promql_expr_test = [
        ...alertsAt.map((eval_time) => ({ eval_time, samples: 1 })),
        ...quietAt.map((eval_time) => ({ eval_time, samples: 0 }))
      ].map(({ eval_time, samples }) => ({
        expr: `count(${rule!.expr})`,
        eval_time,
        exp_samples: samples === 0 ? [] : [{ labels: "{}", value: samples }]
      }))
      const input_series = [{ series: `${sample}{recorder="r",instance="i",job="j"}`, values }]
      return { interval: "1m", input_series, promql_expr_test }
    })
    writeFileSync(join(folder, "test.yml"), JSON.stringify({ rule_files: ["rules.yml"], tests }))
    const { stderr, stdout } = spawnSync("promtool", ["test", "rules", join(folder, "test.yml")], { encoding: "utf8" })
    expect(stdout + stderr).toContain("SUCCESS")
  })

  it("accepts every expression of the dashboard", () => {
    const { panels } = dashboardOf(all, "Test") as {
      readonly panels: ReadonlyArray<{ readonly targets?: ReadonlyArray<{ readonly expr: string }> }>
    }
    const rules = panels
      .flatMap(({ targets = [] }) => targets)
      // Grafana puts in a duration.
      .map(({ expr }, index) => ({ record: `expression:${index}`, expr: expr.replaceAll("$__rate_interval", "5m") }))
    expect(rules.length).toBeGreaterThan(all.length)
    expect(check(rulesYaml({ groups: [{ name: "dashboard", rules }] }))).toContain(`SUCCESS: ${rules.length} rules`)
  })
})
