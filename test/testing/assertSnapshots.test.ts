// Assertions on snapshots: what passes, and how a difference is reported.
import { AssertionError } from "node:assert"
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { Metric, Replay, type Snapshot } from "mvx-metrics"
import {
  assertSnapshot,
  assertSnapshotMatches,
  assertSnapshots,
  assertSnapshotsMatch,
  type Expected
} from "mvx-metrics/testing"

const snapshotsOf = (dimensions: Expected): Snapshot.Snapshots =>
  Object.fromEntries(Object.entries(dimensions).map(([name, each]) => [name, { name, dimensions: each }]))

const failing = (assertion: () => void): AssertionError => {
  try {
    assertion()
  } catch (error) {
    if (error instanceof AssertionError) return error
    throw error
  }
  throw new Error("the assertion passed")
}

const differences = (assertion: () => void): ReadonlyArray<string> =>
  failing(assertion)
    .message.split("\n")
    .slice(1)
    .map((line) => line.trim())

const lookups = {
  total: 3,
  latency: { p50: 1.5, p99: 4 },
  buckets: [0, 2, 1],
  series: [
    { labels: { tenant: "a", ok: true }, value: 2 },
    { labels: { tenant: "b", ok: true }, value: 1 }
  ]
}
const shown = snapshotsOf({ "cache.lookups": lookups, "cache.hits": { ratio: 0.1 + 0.2 } })

describe("an exact assertion", () => {
  it("passes for the same dimensions, whatever the order of fields and series", () => {
    assertSnapshots(shown, {
      "cache.hits": { ratio: expect.closeTo(0.3) },
      "cache.lookups": {
        series: [
          { value: 1, labels: { ok: true, tenant: "b" } },
          { value: 2, labels: { ok: true, tenant: "a" } }
        ],
        buckets: [0, 2, 1],
        latency: { p99: 4, p50: 1.5 },
        total: 3
      }
    })
    assertSnapshots({}, {})
    assertSnapshots(snapshotsOf({ a: { value: -0, none: undefined, no: Number.NaN } }), {
      a: { value: 0, none: undefined, no: Number.NaN }
    })
  })

  it.each<[what: string, expected: Expected, difference: ReadonlyArray<string>]>([
    ["a field", { ...lookups, total: 4 }, ["cache.lookups.total: expected 4, received 3"]],
    [
      "nested fields",
      { ...lookups, latency: { p50: 2, p90: 3 } },
      [
        "cache.lookups.latency.p50: expected 2, received 1.5",
        "cache.lookups.latency.p90: expected 3, but it is not there",
        "cache.lookups.latency.p99: not expected, received 4"
      ]
    ],
    ["an element", { ...lookups, buckets: [0, 3, 1] }, ["cache.lookups.buckets[1]: expected 3, received 2"]],
    ["the length", { ...lookups, buckets: [0, 2] }, ["cache.lookups.buckets[2]: not expected, received 1"]],
    ["the type", { ...lookups, latency: "4" }, ["cache.lookups.latency: expected '4', received { p50: 1.5, p99: 4 }"]],
    [
      "series",
      {
        ...lookups,
        series: [
          { labels: { tenant: "b", ok: true }, value: 5 },
          { labels: { tenant: "c", ok: true }, value: 1 }
        ]
      },
      [
        "cache.lookups.series{tenant='b', ok=true}.value: expected 5, received 1",
        "cache.lookups.series{tenant='c', ok=true}: expected { labels: { tenant: 'c', ok: true }, value: 1 }, but it is not there",
        "cache.lookups.series{tenant='a', ok=true}: not expected, received { labels: { tenant: 'a', ok: true }, value: 2 }"
      ]
    ],
    [
      "a field with an unusual name",
      { ...lookups, "a b": 1 },
      ["cache.lookups['a b']: expected 1, but it is not there"]
    ]
  ])("reports where it differs: %s", (_what, expected, lines) => {
    const snapshots = snapshotsOf({ "cache.lookups": lookups })
    expect(differences(() => assertSnapshots(snapshots, { "cache.lookups": expected }))).toEqual(lines)
  })

  it("names missing metrics and unexpected ones", () => {
    expect(differences(() => assertSnapshots(shown, { "cache.hits": { ratio: 0.1 + 0.2 }, misses: {} }))).toEqual([
      "misses: no such metric. There are: cache.lookups, cache.hits",
      "cache.lookups: no such metric is expected"
    ])
    expect(differences(() => assertSnapshots({}, { misses: {} }))).toEqual(["misses: no such metric. There are: none"])
  })

  it("never passes for a quarantined metric", () => {
    const quarantine = { error: "Error: broken", missed: 2 }
    const snapshots = { a: { name: "a", dimensions: { value: 1 }, quarantine } }
    const lines = ["a: is quarantined, and missed 2 events: Error: broken"]
    expect(differences(() => assertSnapshots(snapshots, { a: { value: 1 } }))).toEqual(lines)
    expect(differences(() => assertSnapshotsMatch(snapshots, { a: {} }))).toEqual(lines)
  })
})

describe("a partial assertion", () => {
  it("ignores everything that is not expected", () => {
    assertSnapshotsMatch(shown, {})
    assertSnapshotsMatch(shown, {
      "cache.lookups": { latency: { p99: 4 }, series: [{ labels: { tenant: "b", ok: true }, value: 1 }] }
    })
    assertSnapshotsMatch(shown, { "cache.lookups": { total: expect.any(Number) } })
  })

  it("reports where it differs", () => {
    expect(
      differences(() =>
        assertSnapshotsMatch(shown, {
          "cache.lookups": { latency: { p99: 5 }, buckets: [0], series: [{ labels: { tenant: "a" } }] },
          "cache.hits": { ratio: expect.closeTo(0.5) }
        })
      )
    ).toEqual([
      "cache.lookups.latency.p99: expected 5, received 4",
      "cache.lookups.buckets[1]: not expected, received 2",
      "cache.lookups.buckets[2]: not expected, received 1",
      "cache.lookups.series{tenant='a'}: expected { labels: { tenant: 'a' } }, but it is not there",
      expect.stringMatching(/^cache\.hits\.ratio: expected .*0\.5.*, received 0\.30/)
    ])
  })
})

describe("the error of an assertion", () => {
  it("is an AssertionError with the values from which a test runner shows a diff", () => {
    const error = failing(() => assertSnapshots(shown, { "cache.hits": { ratio: 1 } }))
    expect(error.actual).toEqual({ "cache.lookups": lookups, "cache.hits": { ratio: 0.1 + 0.2 } })
    expect(error.expected).toEqual({ "cache.hits": { ratio: 1 } })
    expect(error.operator).toBe("assertSnapshots")
    expect(error.stack?.split("\n").find((line) => line.startsWith("    at "))).toContain("assertSnapshots.test.ts")
  })

  it("has only the expected part of what was received if the rest may be anything", () => {
    const expected = {
      "cache.lookups": { latency: { p99: 5 }, series: [{ labels: { tenant: "b", ok: true }, value: 7 }] }
    }
    expect(failing(() => assertSnapshotsMatch(shown, expected)).actual).toEqual({
      "cache.lookups": { latency: { p99: 4 }, series: [{ labels: { tenant: "b", ok: true }, value: 1 }] }
    })
  })
})

describe("an assertion on one snapshot", () => {
  const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
  const Hits = Metric.ratio("cache.hits", { events: CacheEvent, hits: "hit" })
  const snapshot = Replay.run(Hits, [{ at: 0, event: { _tag: "cache.lookup", hit: true } }])["cache.hits"]

  it("has its dimensions typed", () => {
    assertSnapshot(snapshot, { ratio: 1, hits: 1, total: 1 })
    assertSnapshotMatches(snapshot, { total: 1 })
    // @ts-expect-error: there is no such dimension
    expect(differences(() => assertSnapshotMatches(snapshot, { misses: 0 }))).toEqual([
      "cache.hits.misses: expected 0, but it is not there"
    ])
    // @ts-expect-error: there are others
    expect(differences(() => assertSnapshot(snapshot, { ratio: 1 }))).toEqual([
      "cache.hits.hits: not expected, received 1",
      "cache.hits.total: not expected, received 1"
    ])
  })
})
