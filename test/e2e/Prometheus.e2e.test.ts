/**
 * A scrape is checked by other programs: a real Prometheus, its promtool, and the parser of the official Python client.
 */
import { spawnSync } from "node:child_process"
import { describe, expect, it } from "@effect/vitest"
import { queues } from "./fixtures/jobs.metrics.ts"
import { startDocumentService } from "./support/documentService.ts"
import { jobsOfRound, startJobService, traceOf } from "./support/jobService.ts"
import { has } from "./support/program.ts"
import { startPrometheus } from "./support/prometheus.ts"

const openMetrics = "application/openmetrics-text; version=1.0.0"

/** A string as PromQL has it. */
const quoted = (text: string): string => JSON.stringify(text)

describe.skipIf(!has("prometheus", "--version"))("Prometheus", () => {
  it("scrapes correct numbers from a service under load", async () => {
    await using service = await startJobService()
    await using prometheus = await startPrometheus(service.port)
    expect(await prometheus.until("up", (up) => up === 1)).toBe(1)
    await prometheus.until('count_over_time(jobs_done_total{queue="plain"}[1m])', (count) => count >= 8)

    // A round before each scrape, of a hundred jobs in each queue, of 1 to 100 milliseconds. Two more wait after each.
    for (const queue of queues) {
      const [sample, ...more] = await prometheus.query(
        `rate(jobs_done_total{queue=${quoted(queue)}}[5s]) / scalar(rate(jobs_waiting[5s]) / 2)`
      )
      expect(more).toEqual([])
      expect(sample!.metric).toMatchObject({ queue, recorder: 'service "one"' })
      expect(sample!.value).toBeCloseTo(jobsOfRound, 9)
    }
    const quantile = (q: number, buckets: string) =>
      prometheus.value(`histogram_quantile(${q}, sum by (le) (rate(${buckets}[5s])))`)
    expect(await quantile(0.5, "job_time_seconds_bucket")).toBeCloseTo(0.05, 9)
    expect(await quantile(0.95, "job_time_seconds_bucket")).toBeCloseTo(0.095, 9)
    // The buckets of the exponential one are within a factor of 2^(1/4).
    for (const q of [0.5, 0.95]) {
      const found = (await quantile(q, "job_time_fine_seconds_bucket"))!
      expect(Math.abs(Math.log2(found / (q / 10)))).toBeLessThan(0.25)
    }
    expect(
      await prometheus.value("rate(job_time_fine_seconds_sum[5s]) / rate(job_time_fine_seconds_count[5s])")
    ).toBeCloseTo(0.0505, 9)
    expect(await prometheus.value("jobs_ok_ratio")).toBeCloseTo(0.75, 9)
    expect(await prometheus.value("job_last_size_bytes")).toBe(10)

    // At rest every counter stands where the load left it.
    service.rest()
    const jobs = service.rounds() * jobsOfRound
    await prometheus.until("sum(jobs_done_total)", (done) => done === jobs * queues.length)
    const counted = await prometheus.query("jobs_done_total")
    expect(Object.fromEntries(counted.map(({ metric, value }) => [metric.queue, value]))).toEqual(
      Object.fromEntries(queues.map((queue) => [queue, jobs]))
    )
    expect(await prometheus.value("sum(jobs_capped_total)")).toBe(jobs * queues.length)
    expect(await prometheus.value('jobs_capped_total{otel_metric_overflow="true"}')).toBe(jobs * (queues.length - 2))
    expect(await prometheus.value("sum(job_time_seconds_count)")).toBe(jobs * queues.length)
    expect(await prometheus.value("jobs_waiting")).toBe(service.rounds() * 2)
    expect(await prometheus.value("job_size_bytes_sum / job_size_bytes_count")).toBe(10 * 1024)
    expect(await prometheus.value('sum(jobs_by_queue_total{value="plain"})')).toBe(jobs)
    expect(await prometheus.value('jobs_by_hand{dimension="done"}')).toBe(jobs * queues.length)
    // One that fails within a second was not too slow for this machine.
    expect(await prometheus.query("((up == 0) and (scrape_duration_seconds < 0.9))[1m:100ms]")).toEqual([])
  })

  it("scrapes numbers from the document service that match the load", async () => {
    await using service = await startDocumentService()
    await using prometheus = await startPrometheus(service.port)
    const loaded = 'count_over_time(document_service_operations_total{operation="put",outcome="SUCCESS"}[1m])'
    for (let scrapes = 0; scrapes < 5; scrapes = (await prometheus.value(loaded).catch(() => 0)) ?? 0) {
      await service.load()
    }
    const operations = Object.values(service.counted).reduce((sum, count) => sum + count, 0)
    await prometheus.until("sum(document_service_operations_total)", (count) => count === operations)
    expect(await prometheus.value("up")).toBe(1)
    const shown = await prometheus.query("document_service_operations_total")
    expect(
      Object.fromEntries(shown.map(({ metric, value }) => [`${metric.operation} ${metric.outcome}`, value]))
    ).toEqual(service.counted)
    expect(service.counted["put FAILURE"]).toBeGreaterThan(0)
    expect(await prometheus.value('document_service_bytes_total{operation="put"}')).toBe(service.stored())
    expect(await prometheus.value("sum(document_service_duration_seconds_count)")).toBe(operations)
    expect(await prometheus.value("sum(rate(document_service_operations_total[10s]))")).toBeGreaterThan(0)
    const median = "histogram_quantile(0.5, sum by (le) (document_service_duration_seconds_bucket))"
    expect(await prometheus.value(median)).toBeLessThan(0.1)
    expect(await prometheus.value(median)).toBeGreaterThan(0.00005)
    expect(await prometheus.value("mvx_metrics_events_accepted_total")).toBe(operations)
  })
})

describe.skipIf(!has("promtool", "--version"))("promtool", () => {
  const check = async (url: string) => {
    const input = await (await fetch(url)).text()
    const { status, stderr, stdout } = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" })
    return { status, stdout, stderr }
  }
  const nothing = { status: 0, stdout: "", stderr: "" }

  it("reports no problem with metrics of all kinds", async () => {
    await using service = await startJobService()
    expect(await check(service.url)).toEqual(nothing)
  })

  it("reports no problem with the metrics of the document service", async () => {
    await using service = await startDocumentService()
    await service.load()
    expect(await check(`${service.url}/metrics`)).toEqual(nothing)
  })
})

/** Debian's own: others know nothing of its packages. */
const python = "/usr/bin/python3"

/** Reads OpenMetrics, and writes what it has read as JSON. */
const parse = `
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
families = text_string_to_metric_families(sys.stdin.buffer.read().decode("utf-8"))
print(json.dumps([[f.name, f.type, f.unit, f.documentation, [[s.name, s.labels, s.value, s.exemplar and [s.exemplar.labels, s.exemplar.value]] for s in f.samples]] for f in families]))
`

type Family = readonly [
  name: string,
  type: string,
  unit: string,
  help: string,
  samples: ReadonlyArray<
    readonly [
      name: string,
      labels: { readonly [name: string]: string },
      value: number,
      exemplar: readonly [labels: { readonly [name: string]: string }, value: number] | null
    ]
  >
]

describe.skipIf(!has(python, "-c", "import prometheus_client"))("the Python client", () => {
  it("parses OpenMetrics with correct values", async () => {
    await using service = await startJobService()
    const text = await (await fetch(service.url, { headers: { accept: openMetrics } })).text()
    const { stderr, stdout } = spawnSync(python, ["-c", parse], { input: text, encoding: "utf8" })
    expect(stderr).toBe("")
    const families = new Map((JSON.parse(stdout) as ReadonlyArray<Family>).map((family) => [family[0], family]))
    const [, type, , help, samples] = families.get("jobs_done")!
    expect([type, help]).toEqual(["counter", 'Jobs, "done".\nAll of them: \\o/'])
    const totals = samples.filter(([name]) => name === "jobs_done_total")
    expect(totals.map(([, labels, value]) => [labels, value])).toEqual(
      queues.map((queue) => [{ queue, recorder: 'service "one"', namespace: "e2e" }, jobsOfRound])
    )
    expect(totals.map(([, , , exemplar]) => exemplar)).toEqual(
      queues.map((queue) => [{ trace_id: traceOf(queue, 100) }, 1])
    )
    const bucket = families
      .get("job_time_seconds")![4]
      .find(([, { le, queue }]) => le === "0.02" && queue === queues[1])!
    expect(bucket[3]).toEqual([{ trace_id: traceOf(queues[1]!, 20) }, 0.02])
    for (const [name, , value] of samples) {
      if (name === "jobs_done_created") expect(Math.abs(value - Date.now() / 1000)).toBeLessThan(120)
    }
    expect(families.get("job_time_seconds")!.slice(1, 3)).toEqual(["histogram", "seconds"])
    expect(families.get("job_time_fine_seconds")![1]).toBe("histogram")
    expect(families.get("job_time_quantiles_seconds")![1]).toBe("summary")
    expect(families.get("job_size_bytes")!.slice(1, 3)).toEqual(["summary", "bytes"])
    expect(families.get("mvx_metrics_events_accepted")![1]).toBe("counter")
    expect(families.has("jobs_broken")).toBe(false)
  })
})
