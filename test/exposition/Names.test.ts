// The Prometheus names of metrics, and the units of their values.
import { describe, expect, it } from "@effect/vitest"
import type { MetricData } from "../../src/internal/formats/metricData.ts"
import { counterOf, gaugeOf, samplesOf, textOf } from "../support/exposition.ts"
import { parseExposition } from "../support/expositionParser.ts"

const sampleOf = (data: MetricData): string => samplesOf([data])[0]!

describe("an exported name", () => {
  it.each([
    ["http.requests", "http_requests 1"],
    ["http.requests-in/flight", "http_requests_in_flight 1"],
    ["a..b__c", "a_b_c 1"],
    ["_private_", "private 1"],
    ["2xx", "_2xx 1"],
    ["job:rate", "job_rate 1"],
    ["größe", "gr_uf6_udf_e 1"],
    ["долг", "u434_u43e_u43b_u433 1"],
    ["…", "u2026 1"],
    ["--", "_ 1"]
  ])("%s has only characters that Prometheus allows", (name, sample) => {
    expect(sampleOf(gaugeOf(1, { name }))).toBe(sample)
  })

  it("of a monotonic metric ends in _total, once", () => {
    expect(sampleOf(counterOf(1, { name: "requests" }))).toBe("requests_total 1")
    expect(sampleOf(counterOf(1, { name: "requests.total" }))).toBe("requests_total 1")
    expect(sampleOf(counterOf(1, { name: "time", unit: "s" }))).toBe("time_seconds_total 1")
    expect(sampleOf(counterOf(1, { name: "total" }))).toBe("total 1")
    expect(sampleOf(counterOf(1, { name: "total", unit: "By" }))).toBe("total_bytes_total 1")
  })

  it("of a counter named total is total in OpenMetrics, with the type unknown", () => {
    expect(textOf([counterOf(1, { name: "total" })], "openmetrics")).toBe(
      "# TYPE total unknown\n# HELP total The metric total.\ntotal 1\n# EOF\n"
    )
  })
})

describe("a unit", () => {
  it.each([
    ["s", "g_seconds 12"],
    ["ms", "g_seconds 0.012"],
    ["us", "g_seconds 0.000012"],
    ["ns", "g_seconds 1.2e-8"],
    ["min", "g_seconds 720"],
    ["h", "g_seconds 43200"],
    ["By", "g_bytes 12"],
    ["kBy", "g_bytes 12000"],
    ["KiBy", "g_bytes 12288"],
    ["MBy", "g_bytes 12000000"],
    ["MiBy", "g_bytes 12582912"],
    ["%", "g_ratio 0.12"],
    ["1", "g_ratio 12"],
    ["{request}", "g 12"],
    ["{request}/s", "g_per_second 12"],
    ["By/s", "g_bytes_per_second 12"],
    ["KiBy/min", "g_bytes_per_second 204.8"],
    ["By/{request}", "g_bytes 12"],
    ["1/s", "g_per_second 12"],
    ["USD", "g_USD 12"]
  ])("%s becomes its base unit, in the name and in the value", (unit, sample) => {
    expect(sampleOf(gaugeOf(12, { unit }))).toBe(sample)
  })

  it("is not repeated", () => {
    expect(sampleOf(gaugeOf(1, { name: "wait.seconds", unit: "s" }))).toBe("wait_seconds 1")
    expect(sampleOf(gaugeOf(1, { name: "seconds", unit: "s" }))).toBe("seconds 1")
  })

  it("1 leaves the name of a sum unchanged", () => {
    expect(sampleOf(counterOf(1, { unit: "1" }))).toBe("g_total 1")
  })

  it("has no UNIT line if it is the whole name, because Prometheus then rejects the whole scrape", () => {
    for (const data of [counterOf(1, { name: "bytes", unit: "By" }), gaugeOf(1, { name: "seconds", unit: "ms" })]) {
      const families = parseExposition(textOf([data], "openmetrics"), "openmetrics")
      expect([...families.values()].map(({ name, unit }) => [name, unit])).toEqual([[data.name, undefined]])
    }
  })

  it("has a UNIT line in OpenMetrics, and ends the family name there", () => {
    expect(textOf([counterOf(1, { unit: "KiBy", description: "Sent." })], "openmetrics")).toBe(
      "# TYPE g_bytes counter\n# UNIT g_bytes bytes\n# HELP g_bytes Sent.\ng_bytes_total 1024\n# EOF\n"
    )
  })

  it.each([
    [3, "0.003"],
    [7, "0.007"],
    [1.1, "0.0011"],
    [33, "0.033"]
  ])("%d milliseconds are exported as the exact decimal", (value, seconds) => {
    expect(sampleOf(gaugeOf(value, { unit: "ms" }))).toBe(`g_seconds ${seconds}`)
  })
})
