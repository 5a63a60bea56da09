// Dashboards and rules of built-in metrics answer the usual questions about operations: rate, failures, duration.

import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Caches from "mvx-metrics/Caches"
import * as Http from "mvx-metrics/Http"
import * as Queues from "mvx-metrics/Queues"
import * as Sql from "mvx-metrics/Sql"
import { describe, expect, it } from "vitest"
import { dashboardOf } from "../../src/internal/catalogue/dashboard.ts"
import { rulesOf, rulesYaml } from "../../src/internal/catalogue/rules.ts"

const metrics = [
  Http.HttpServerMetrics,
  Http.HttpClientMetrics,
  Sql.SqlMetrics,
  Caches.CacheMetrics,
  Queues.QueueMetrics
].flatMap((set) => set.metrics as ReadonlyArray<(typeof set.metrics)[number]>)

const { panels } = JSON.parse(JSON.stringify(dashboardOf(metrics, "Operations"))) as {
  readonly panels: ReadonlyArray<{
    readonly title: string
    readonly fieldConfig?: { readonly defaults: { readonly unit: string } }
    readonly targets?: ReadonlyArray<{ readonly expr: string; readonly legendFormat: string }>
  }>
}

const panelOf = (title: string) => panels.find((panel) => panel.title === title)!

const chosen = 'job=~"$job",instance=~"$instance",recorder=~"$recorder"'
const place = "job, instance, namespace, recorder"

describe("the dashboard of an HTTP server", () => {
  const by = "http_request_method, http_route, otel_metric_overflow"

  it("has quantiles of the duration by method and route", () => {
    const { fieldConfig, targets } = panelOf("http.server.request.duration")
    expect(fieldConfig!.defaults.unit).toBe("s")
    expect(targets!.map(({ expr }) => /histogram_quantile\([^,]+/.exec(expr)![0])).toEqual([
      "histogram_quantile(0.5",
      "histogram_quantile(0.9",
      "histogram_quantile(0.99"
    ])
    expect(targets![0]!.expr).toContain(
      `sum by (job, namespace, recorder, ${by}, le) (rate(http_server_request_duration_seconds_bucket{${chosen}}`
    )
  })

  it("has the rate of requests and the proportion of failures", () => {
    const count = `http_server_request_duration_seconds_count{${chosen}`
    expect(panelOf("http.server.request.duration, per second").targets![0]!.expr).toContain(
      `sum by (${place}, ${by}) (rate(${count}}[$__rate_interval]))`
    )
    const failed = panelOf("http.server.request.duration, failed")
    expect(failed.fieldConfig!.defaults.unit).toBe("percentunit")
    expect(failed.targets![0]!.expr).toContain(
      `(sum by (${place}, ${by}) (rate(${count},error_type!=""}[$__rate_interval])) or 0 * sum by`
    )
  })

  it("has sizes by route, without a proportion of failures", () => {
    expect(panelOf("http.server.request.body.size").targets![0]!.expr).toContain(`${by}, le)`)
    expect(panelOf("http.server.request.body.size, failed")).toBeUndefined()
  })
})

describe("the dashboard of built-in metrics", () => {
  it.each([
    ["http.client.request.duration", "http_request_method, server_address, server_port"],
    [
      "db.client.operation.duration",
      "db_system_name, db_namespace, db_operation_name, db_collection_name, server_address, server_port"
    ],
    ["effect.cache.lookup.duration", "effect_cache_name"]
  ])("of %s distinguishes operations by %s", (name, by) => {
    expect(panelOf(`${name}, failed`).targets![0]!.expr).toContain(`sum by (${place}, ${by}, otel_metric_overflow)`)
  })
})

const durations = [
  "http_server_request_duration_seconds",
  "http_client_request_duration_seconds",
  "db_client_operation_duration_seconds",
  "effect_cache_lookup_duration_seconds"
]

describe("the rules of built-in metrics", () => {
  const rules = rulesOf(metrics)

  it("record rate, errors and the 99th percentile of operations, and alert on errors", () => {
    const all = rules.groups.flatMap((group) => group.rules)
    expect(all.flatMap((rule) => ("record" in rule ? [rule.record] : []))).toEqual([
      "recorder:effect_cache_hits_ratio:rate5m",
      ...durations.flatMap((sample) => [
        `recorder:${sample}_count:rate5m`,
        `recorder:${sample}:error_ratio5m`,
        `recorder:${sample}:p99_5m`
      ])
    ])
    const alerts = all.flatMap((rule) => ("alert" in rule && rule.alert === "OperationsFailing" ? [rule.expr] : []))
    expect(alerts).toEqual(durations.map((sample) => `recorder:${sample}:error_ratio5m > 0.05`))
  })

  const hasPromtool = spawnSync("promtool", ["--version"]).status === 0

  // Where there is Prometheus. The tests of the browser and of Prometheus need it, this one does with what there is.
  it.skipIf(!hasPromtool)("evaluate in Prometheus to the expected values", () => {
    const folder = mkdtempSync(join(tmpdir(), "mvx-metrics-operations-"))
    writeFileSync(join(folder, "rules.yml"), rulesYaml(rules))
    const labels = 'job="j",instance="i",namespace="n",recorder="http",http_request_method="GET"'
    const series = (route: string, more: string, values: string) => ({
      series: `http_server_request_duration_seconds_count{${labels},http_route="${route}"${more}}`,
      values
    })
    const ratio = (route: string, value: number) => ({
      labels: `recorder:http_server_request_duration_seconds:error_ratio5m{${labels},http_route="${route}"}`,
      value
    })
    const summary = "10% fail on i, http.server.request.duration: GET /bad "
    const test = {
      rule_files: ["rules.yml"],
      evaluation_interval: "1m",
      tests: [
        {
          interval: "1m",
          input_series: [
            series("/good", ',http_response_status_code="200"', "0+60x20"),
            series("/bad", ',http_response_status_code="200"', "0+54x20"),
            series("/bad", ',http_response_status_code="500",error_type="500"', "0+6x20")
          ],
          promql_expr_test: [
            {
              expr: "recorder:http_server_request_duration_seconds:error_ratio5m",
              eval_time: "20m",
              exp_samples: [ratio("/bad", 0.1), ratio("/good", 0)]
            }
          ],
          alert_rule_test: [
            {
              eval_time: "20m",
              alertname: "OperationsFailing",
              exp_alerts: [
                {
                  exp_labels: {
                    severity: "warning",
                    metric: "http.server.request.duration",
                    job: "j",
                    instance: "i",
                    namespace: "n",
                    recorder: "http",
                    http_request_method: "GET",
                    http_route: "/bad"
                  },
                  exp_annotations: {
                    summary,
                    description:
                      "More than 5 % of the last five minutes have ended with an error. The label error_type has which."
                  }
                }
              ]
            }
          ]
        }
      ]
    }
    writeFileSync(join(folder, "test.yml"), JSON.stringify(test))
    const { stdout, stderr } = spawnSync("promtool", ["test", "rules", join(folder, "test.yml")], { encoding: "utf8" })
    const checked = spawnSync("promtool", ["check", "rules", "--lint-fatal", join(folder, "rules.yml")])
    rmSync(folder, { recursive: true })
    expect(`${stdout}${stderr}`).toContain("SUCCESS")
    expect(checked.status).toBe(0)
  })
})
