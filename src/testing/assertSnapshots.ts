/**
 * Assertions on snapshots, for any test runner. They throw an `AssertionError` that lists the differences.
 *
 * The expected value is the dimensions by metric name. Series are compared by their labels, in any order. An expected
 * value may be a matcher of the test framework, `expect.closeTo(0.3)`. A quarantined metric never passes.
 */
import { AssertionError } from "node:assert"
import { aRecord, aSnapshot, type Check, check, got, isRecord } from "../internal/model/optionChecks.ts"
import { isQuarantined, type Snapshot, type Snapshots } from "../Snapshot.ts"
import { differences, type Extent, partOf } from "./differences.ts"

/**
 * The dimensions of metrics by name.
 *
 * @category models
 * @since 0.2.0
 */
export type Expected = { readonly [name: string]: unknown }

/**
 * Some of the fields of dimensions, at any depth. An array must have every element.
 *
 * @category utility types
 * @since 0.2.0
 */
export type PartOf<Dimensions> =
  Dimensions extends ReadonlyArray<infer Element>
    ? ReadonlyArray<PartOf<Element>>
    : Dimensions extends object
      ? { readonly [K in keyof Dimensions]?: PartOf<Dimensions[K]> }
      : Dimensions

/**
 * Asserts that the snapshots have these metrics and no others, with exactly these dimensions.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric, Replay } from "mvx-metrics"
 * import { assertSnapshots } from "mvx-metrics/testing"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const Hits = Metric.ratio("cache.hits", { events: CacheEvent, hits: "hit" })
 *
 * const snapshots = Replay.run(Hits, [{ at: 0, event: { _tag: "cache.lookup", hit: true } }])
 * assertSnapshots(snapshots, { "cache.hits": { ratio: 1, hits: 1, total: 1 } })
 *
 * let difference = ""
 * try {
 *   assertSnapshots(snapshots, { "cache.hits": { ratio: 0.5, hits: 1, total: 2 } })
 * } catch (error) {
 *   difference = (error as Error).message
 * }
 * difference.split("\n")[1]?.trim() // "cache.hits.ratio: expected 0.5, received 1"
 * ```
 *
 * @category testing
 * @since 0.2.0
 */
export const assertSnapshots = (received: Snapshots, expected: Expected): void =>
  compare(received, expected, "whole", assertSnapshots)

/**
 * Asserts that the snapshots have at least these metrics, with at least these dimensions.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric, Replay } from "mvx-metrics"
 * import { assertSnapshotsMatch } from "mvx-metrics/testing"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const Hits = Metric.ratio("cache.hits", { events: CacheEvent, hits: "hit" })
 *
 * const snapshots = Replay.run(Hits, [{ at: 0, event: { _tag: "cache.lookup", hit: true } }])
 * assertSnapshotsMatch(snapshots, { "cache.hits": { total: 1 } })
 * ```
 *
 * @category testing
 * @since 0.2.0
 */
export const assertSnapshotsMatch = (received: Snapshots, expected: Expected): void =>
  compare(received, expected, "part", assertSnapshotsMatch)

/**
 * Asserts that a metric has exactly these dimensions.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric, Replay } from "mvx-metrics"
 * import { assertSnapshot } from "mvx-metrics/testing"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const Hits = Metric.ratio("cache.hits", { events: CacheEvent, hits: "hit" })
 *
 * const snapshots = Replay.run(Hits, [{ at: 0, event: { _tag: "cache.lookup", hit: true } }])
 * assertSnapshot(snapshots["cache.hits"], { ratio: 1, hits: 1, total: 1 })
 * ```
 *
 * @category testing
 * @since 0.2.0
 */
export const assertSnapshot = <D>(received: Snapshot<D>, expected: NoInfer<D>): void =>
  compareOne(received, expected, "whole", assertSnapshot)

/**
 * Asserts that a metric has at least these dimensions.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric, Replay } from "mvx-metrics"
 * import { assertSnapshotMatches } from "mvx-metrics/testing"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const Hits = Metric.ratio("cache.hits", { events: CacheEvent, hits: "hit" })
 *
 * const snapshots = Replay.run(Hits, [{ at: 0, event: { _tag: "cache.lookup", hit: true } }])
 * assertSnapshotMatches(snapshots["cache.hits"], { total: 1 })
 * ```
 *
 * @category testing
 * @since 0.2.0
 */
export const assertSnapshotMatches = <D>(received: Snapshot<D>, expected: PartOf<NoInfer<D>>): void =>
  compareOne(received, expected, "part", assertSnapshotMatches)

type Caller = (...args: never) => void

const compareOne = (received: Snapshot, expected: unknown, extent: Extent, caller: Caller): void => {
  check("received", received, aSnapshot)
  compare({ [received.name]: received }, { [received.name]: expected } as Expected, extent, caller)
}

const someSnapshots: Check = (value) =>
  isRecord(value) && Object.values(value).every((each) => aSnapshot(each) === undefined)
    ? undefined
    : `must be snapshots by the name of their metric, got ${got(value)}`

const compare = (received: Snapshots, expected: Expected, extent: Extent, caller: Caller): void => {
  check("received", received, someSnapshots)
  check("expected", expected, aRecord)
  const names = new Set([...Object.keys(expected), ...(extent === "whole" ? Object.keys(received) : [])])
  const lines = [...names].flatMap((name) => difference(name, received, expected, extent))
  if (lines.length === 0) return
  const dimensions = Object.fromEntries(Object.entries(received).map(([name, each]) => [name, each.dimensions]))
  throw new AssertionError({
    message: [`the snapshots are not as expected`, ...lines].join("\n  "),
    actual: extent === "whole" ? dimensions : partOf(dimensions, expected),
    expected,
    operator: caller.name,
    stackStartFn: caller as (...args: Array<never>) => void
  })
}

const difference = (name: string, received: Snapshots, expected: Expected, extent: Extent): ReadonlyArray<string> => {
  const snapshot = Object.hasOwn(received, name) ? received[name] : undefined
  if (snapshot === undefined) {
    return [`${name}: no such metric. There are: ${Object.keys(received).join(", ") || "none"}`]
  }
  if (!Object.hasOwn(expected, name)) return [`${name}: no such metric is expected`]
  const own = differences(snapshot.dimensions, expected[name], extent, name)
  if (!isQuarantined(snapshot)) return own
  return [
    `${name}: is quarantined, and missed ${snapshot.quarantine.missed} events: ${snapshot.quarantine.error}`,
    ...own
  ]
}
