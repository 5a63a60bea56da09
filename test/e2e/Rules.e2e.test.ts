/**
 * Rules and dashboards that are made from definitions, as Prometheus reads them.
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

  it("takes the rules, as YAML and as JSON", () => {
    const rules = rulesOf(all)
    const count = rules.groups.flatMap((group) => group.rules).length
    expect(check(rulesYaml(rules))).toContain(`SUCCESS: ${count} rules found`)
    expect(check(JSON.stringify(rules))).toContain(`SUCCESS: ${count} rules found`)
  })

  it("sees alerts come when something is wrong, and none before", () => {
    writeFileSync(join(folder, "rules.yml"), rulesYaml(rulesOf(all)))
    const series = {
      mvx_metrics_metrics_quarantined: "0x5 2x5",
      mvx_metrics_events_evicted_total: "0x5 60x5",
      mvx_metrics_events_pending: "10x5 900x5",
      mvx_metrics_events_capacity: "1000x10",
      // It begins when there is something to count.
      'mvx_metrics_measurements_rejected_total{metric="m"}': "_x6 3x5"
    }
    const wrong = {
      MetricQuarantined: "2 metrics of r are quarantined",
      MetricEventsEvicted: "r evicted events to make room for newer ones",
      MetricEventsNearCapacity: "r has used 90% of its capacity",
      MetricMeasurementsRejected: "m of r rejected measurements"
    }
    const alerts = rulesOf(all).groups[0]!.rules.flatMap((rule) => ("alert" in rule ? [rule] : []))
    const at = (eval_time: string, expected: { readonly [alert: string]: string }) =>
      alerts.map(({ alert, annotations, labels }) => ({
        eval_time,
        alertname: alert,
        exp_alerts:
          expected[alert] === undefined
            ? []
            : [
                {
                  exp_labels: {
                    ...labels,
                    recorder: "r",
                    ...(alert === "MetricMeasurementsRejected" && { metric: "m" })
                  },
                  exp_annotations: {
                    summary: expected[alert],
                    description: annotations.description.replace(
                      "{{ $value | humanize }}",
                      alert === "MetricEventsEvicted" ? "60" : "3"
                    )
                  }
                }
              ]
      }))
    const test = {
      rule_files: ["rules.yml"],
      evaluation_interval: "1m",
      tests: [
        {
          interval: "1m",
          input_series: Object.entries(series).map(([name, values]) => ({
            series: name.endsWith("}") ? name.replace("{", '{recorder="r",') : `${name}{recorder="r"}`,
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

  it("takes every expression of the dashboard", () => {
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
