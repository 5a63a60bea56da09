// Built-in metrics have the names, units, boundaries and attributes of OpenTelemetry's conventions.

import type { SchemaAST } from "effect"
import { Metric, type MetricEvent } from "mvx-metrics"
import * as Caches from "mvx-metrics/Caches"
import * as Fetch from "mvx-metrics/Fetch"
import * as Queues from "mvx-metrics/Queues"
import * as Sql from "mvx-metrics/Sql"
import { describe, expect, it, vi } from "vitest"
import { knownMethods, methodsOf } from "../../src/internal/http/words.ts"
import { layoutOf } from "../../src/internal/stream/rows/layout.ts"
import { type Convention, database, httpClient, httpServer, valuesOf } from "./conventions.ts"

const asConvention = ({ instrument, name, unit }: Metric.Any): Convention => {
  const { kind, labels, settings } = instrument!
  const { boundaries } = settings as { readonly boundaries?: ReadonlyArray<number> }
  return {
    name,
    kind: kind as Convention["kind"],
    unit: unit!,
    ...(boundaries !== undefined && { boundaries }),
    attributes: labels.map(([label]) => label).sort()
  }
}

/** Without boundaries where the conventions have none. */
const shown = (set: Metric.MetricSet, expected: ReadonlyArray<Convention>) =>
  set.metrics.map((metric) => {
    const { boundaries, ...rest } = asConvention(metric)
    return expected.find(({ name }) => name === metric.name)?.boundaries === undefined ? rest : { ...rest, boundaries }
  })

const sorted = (all: ReadonlyArray<Convention>) =>
  all.map((each) => ({ ...each, attributes: [...each.attributes].sort() }))

const families: ReadonlyArray<readonly [string, Metric.MetricSet, MetricEvent.Family]> = [
  ["an HTTP server", Fetch.HttpServerMetrics, Fetch.HttpServerEvent],
  ["an HTTP client", Fetch.HttpClientMetrics, Fetch.HttpClientEvent],
  ["a database client", Sql.SqlMetrics, Sql.SqlEvent],
  ["queues", Queues.QueueMetrics, Queues.QueueEvent],
  ["caches", Caches.CacheMetrics, Caches.CacheEvent]
]

describe("built-in metrics", () => {
  it.each([
    ["an HTTP server", Fetch.HttpServerMetrics, httpServer],
    ["an HTTP client", Fetch.HttpClientMetrics, httpClient],
    ["a database client", Sql.SqlMetrics, database]
  ])("of %s match the semantic conventions", (_, set, expected) => {
    expect(shown(set, expected)).toEqual(sorted(expected))
  })

  it.each(families)("of %s read all its events", (_, set, family) => {
    expect(Metric.unread(family, [set])).toEqual([])
  })

  it.each(families)("of %s have events in rows of fixed width", (_, set, family) => {
    for (const [tag, event] of Object.entries(family.cases)) {
      expect(layoutOf(tag, (event as { readonly ast: SchemaAST.AST }).ast), tag).toBeDefined()
    }
    expect(set.metrics.length).toBeGreaterThan(0)
  })

  it("recognise the methods of the conventions, and report all others as _OTHER", () => {
    const methods = valuesOf("HTTP_REQUEST_METHOD")
    expect([...knownMethods, "_OTHER"].sort()).toEqual([...methods].sort())
    const methodOf = methodsOf()
    expect(methods.map(methodOf)).toEqual(methods)
    expect(["get", "PURGE", "", undefined].map(methodOf)).toEqual(["_OTHER", "_OTHER", "_OTHER", "_OTHER"])
    expect(["GET", "PURGE"].map(methodsOf(["PURGE"]))).toEqual(["_OTHER", "PURGE"])
  })

  it("recognise the methods of the environment variable instead, unless the options list methods", () => {
    vi.stubEnv("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", "GET, PURGE,")
    const labels = (given?: ReadonlyArray<string>) => ["GET", "POST", "PURGE", "get", ""].map(methodsOf(given))
    expect(labels()).toEqual(["GET", "_OTHER", "PURGE", "_OTHER", "_OTHER"])
    expect(labels(["POST"])).toEqual(["_OTHER", "POST", "_OTHER", "_OTHER", "_OTHER"])
    vi.stubEnv("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", " , ")
    expect(labels()).toEqual(["GET", "POST", "_OTHER", "_OTHER", "_OTHER"])
    vi.unstubAllEnvs()
  })
})
