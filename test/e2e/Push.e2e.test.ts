// Pushes to real programs: remote write into Prometheus, and Debian's Pushgateway.
import { describe, expect, it } from "@effect/vitest"
import * as Prometheus from "mvx-metrics/Prometheus"
import { parseExposition } from "../support/expositionParser.ts"
import { decodeFamilies } from "../support/familyDecoder.ts"
import { has, startProgram } from "./support/program.ts"
import { startPrometheus } from "./support/prometheus.ts"
import { startReplica } from "./support/replica.ts"

const protobuf = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"

const values = Array.from({ length: 1000 }, (_, i) => (i + 1) / 1000)

describe.skipIf(!has("prometheus", "--version"))("remote write", () => {
  it.each([false, true])("arrives in Prometheus, with native histograms: %s", async (nativeHistograms) => {
    await using replica = await startReplica("e2e", [])
    const flags = ["--web.enable-remote-write-receiver", "--enable-feature=native-histograms"]
    await using prometheus = await startPrometheus([], { flags })
    await prometheus.until("vector(1)", (one) => one === 1)
    replica.measure(...values)
    const pushing = await Prometheus.startPush(replica.runtime, {
      protocol: "remote-write",
      url: `${prometheus.url}/api/v1/write`,
      job: "batch",
      labels: { instance: 'a "quoted" é' },
      nativeHistograms,
      pushInterval: "1 hour"
    })
    expect(await pushing.push()).toMatchObject({ attempts: 1, requests: 1 })
    replica.measure(...values)
    await pushing.stop()
    const [sample, ...more] = await prometheus.query("values_total")
    expect(more).toEqual([])
    expect(sample).toEqual({
      metric: {
        __name__: "values_total",
        job: "batch",
        instance: 'a "quoted" é',
        namespace: "e2e",
        recorder: "api"
      },
      value: 2000
    })
    expect(await prometheus.value("mvx_metrics_events_accepted_total")).toBe(2000)
    const of = nativeHistograms ? "time_seconds" : "sum by (le) (time_seconds_bucket)"
    const median = (await prometheus.value(`histogram_quantile(0.5, ${of})`))!
    expect(median / 0.5).toBeGreaterThan(nativeHistograms ? 2 ** (-1 / 8) : 0.5)
    expect(median / 0.5).toBeLessThan(nativeHistograms ? 2 ** (1 / 8) : 2)
    const count = nativeHistograms ? "histogram_count(time_seconds)" : "time_seconds_count"
    const sum = nativeHistograms ? "histogram_sum(time_seconds)" : "time_seconds_sum"
    expect(await prometheus.value(count)).toBe(2000)
    expect(await prometheus.value(sum)).toBeCloseTo(1001, 9)
  })

  it("reports the response of a receiver that does not accept it", async () => {
    await using replica = await startReplica("e2e", [])
    await using prometheus = await startPrometheus([])
    await prometheus.until("vector(1)", (one) => one === 1)
    const url = `${prometheus.url}/api/v1/write`
    await expect(Prometheus.pushFrom(replica.runtime, { protocol: "remote-write", url })).rejects.toMatchObject({
      _tag: "mvx-metrics/PushFailed",
      kind: "404",
      attempts: 1,
      delivered: 0,
      reason: expect.stringContaining("remote write receiver needs to be enabled")
    })
  })
})

const gateway = "prometheus-pushgateway"

describe.skipIf(!has(gateway, "--version"))("the Pushgateway", () => {
  // Debian's keeps its groups from one run to the next.
  const startGateway = () =>
    startProgram(gateway, (folder, port) => [
      `--web.listen-address=127.0.0.1:${port}`,
      `--persistence.file=${folder}/groups`
    ])

  const metricsOf = async (url: string) => parseExposition(await (await fetch(`${url}/metrics`)).text(), "text")

  const groupsOf = (families: Awaited<ReturnType<typeof metricsOf>>) =>
    families
      .get("values_total")!
      .samples.toSorted((a, b) => b.value - a.value)
      .map(({ labels, value }) => [labels, value])

  it.each(["text", "protobuf"] as const)("keeps the last push of each group, in %s", async (format) => {
    await using program = await startGateway()
    const { url } = program
    await using replica = await startReplica("e2e", [])
    replica.measure(...values)
    // It takes a moment to start, which is what retries are for.
    const first = { url, format, job: "nightly/copy", labels: { instance: "a b", zone: "" } }
    await Prometheus.pushFrom(replica.runtime, first)
    await Prometheus.pushFrom(replica.runtime, { url, format, job: "other", method: "POST" })
    replica.measure(...values)
    await Prometheus.pushFrom(replica.runtime, first)
    const families = await metricsOf(url)
    const own = { namespace: "e2e", recorder: "api" }
    expect(groupsOf(families)).toEqual([
      [{ ...own, job: "nightly/copy", instance: "a b", zone: "" }, 2000],
      [{ ...own, job: "other", instance: "" }, 1000]
    ])
    const { samples, type } = families.get("time_seconds")!
    expect(type).toBe("histogram")
    const nightly = samples.filter(({ labels }) => labels.job === "nightly/copy")
    expect(nightly.find(({ name }) => name === "time_seconds_count")!.value).toBe(2000)
    expect(nightly.find(({ labels }) => labels.le === "0.5")!.value).toBe(1000)
    if (format === "text") return
    const bytes = await (await fetch(`${url}/metrics`, { headers: { accept: protobuf } })).arrayBuffer()
    const native = decodeFamilies(new Uint8Array(bytes)).get("time_seconds")!.native
    expect(native.map(({ count, labels, schema }) => [labels.job, count, schema]).sort()).toEqual([
      ["nightly/copy", 2000, 3],
      ["other", 1000, 3]
    ])
  })

  it("is scraped by Prometheus, with native histograms of the jobs", async () => {
    await using program = await startGateway()
    const { port, url } = { url: program.url, port: Number(new URL(program.url).port) }
    await using replica = await startReplica("e2e", [])
    replica.measure(...values)
    await Prometheus.pushFrom(replica.runtime, { url, job: "batch" })
    const flags = ["--enable-feature=native-histograms"]
    await using prometheus = await startPrometheus(port, { flags, honorLabels: true })
    expect(await prometheus.until('values_total{job="batch"}', (value) => value > 0)).toBe(1000)
    const median = (await prometheus.value('histogram_quantile(0.5, time_seconds{job="batch"})'))!
    expect(Math.abs(Math.log2(median / 0.5))).toBeLessThan(1 / 8)
  })

  it("reports why it rejects a push", async () => {
    await using program = await startGateway()
    await using replica = await startReplica("e2e", [])
    const push = Prometheus.pushFrom(replica.runtime, { url: `${program.url}/nowhere` })
    await expect(push).rejects.toMatchObject({ kind: "404", delivered: 0, requests: 1 })
  })
})
