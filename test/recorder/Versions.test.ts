// States of two versions of a definition: either they fit, and merge to what one recorder would have, or the difference
// is named. Incompatible states are never merged.
import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect, Result, Schema } from "effect"
import { TestClock } from "effect/testing"
import fc from "fast-check"
import { Metric, Recorder, Snapshot } from "mvx-metrics"
import { Ledger } from "../../src/internal/cluster/ledger.ts"
import { isBuiltInLevel } from "../../src/internal/metric/definition/levels.ts"
import { stateOf } from "../../src/internal/metric/definition/stateShape.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import { badInputOf } from "../support/badInput.ts"
import { inAnyOrder } from "../support/inAnyOrder.ts"
import { runs } from "../support/long.ts"
import { forEvery } from "../support/property.ts"

const events = Schema.TaggedUnion({ job: { a: Schema.String, b: Schema.String, n: Schema.Number } })
type Job = typeof events.Type

/** What two versions of a metric may differ in. The last two do not matter to their states. */
interface Version {
  readonly kind: "average" | "counter" | "derived" | "gauge" | "hand" | "histogram" | "labelled" | "summary" | "window"
  readonly labels: ReadonlyArray<"a" | "b">
  readonly boundaries: ReadonlyArray<number>
  readonly slots: number
  readonly unit: string | undefined
  readonly expires: boolean
  readonly maxSeries: number
  readonly description: string
}

const version: fc.Arbitrary<Version> = fc.record({
  kind: fc.constantFrom("average", "counter", "derived", "gauge", "hand", "histogram", "labelled", "summary", "window"),
  labels: fc.constantFrom<ReadonlyArray<"a" | "b">>([], ["a"], ["b"], ["a", "b"], ["b", "a"]),
  boundaries: fc.constantFrom([1], [2], [1, 2], [1, 2, 3]),
  slots: fc.constantFrom(6, 10),
  unit: fc.constantFrom(undefined, "s", "ms"),
  expires: fc.boolean(),
  maxSeries: fc.constantFrom(100, 200),
  description: fc.constantFrom("Old.", "New.")
})

const ByHand = Metric.make("m", {
  events,
  initial: { total: 0 },
  reduce: { job: ({ total }, { n }) => ({ total: total + n }) },
  merge: (left, right) => ({ total: left.total + right.total })
})

const metricOf = ({ boundaries, description, expires, kind, labels, maxSeries, slots, unit }: Version): Metric.Any => {
  const options = {
    events,
    labels,
    maxSeries,
    description,
    ...(unit !== undefined && { unit }),
    ...(expires && { expireAfter: "1 hour" as const })
  }
  const value = { ...options, value: "n" } as const
  switch (kind) {
    case "average":
      return Metric.average("m", value)
    case "counter":
      return Metric.counter("m", value)
    case "derived":
      return Metric.derive("m", { from: { source: Metric.counter("source", value) }, view: ({ source }) => source })
    case "gauge":
      return Metric.gauge("m", { ...value, mode: slots === 6 ? "set" : "add" })
    case "hand":
      return unit === undefined ? ByHand : ByHand.pipe(Metric.unit(unit))
    case "histogram":
      return Metric.histogram("m", { ...value, boundaries })
    case "labelled": {
      const metric =
        labels.length === 0 ? ByHand : ByHand.pipe(Metric.labelled(Object.fromEntries(labels.map((l) => [l, l]))))
      return unit === undefined ? metric : metric.pipe(Metric.unit(unit))
    }
    case "summary":
      return Metric.summary("m", { ...value, slots })
    case "window":
      return Metric.window("m", { ...value, slots })
  }
}

/** What the states of a version depend on. */
const essence = ({ boundaries, expires, kind, labels, slots, unit }: Version): string => {
  const isByHand = kind === "hand" || kind === "labelled"
  return JSON.stringify([
    kind === "labelled" && labels.length === 0 ? "hand" : kind,
    kind === "hand" ? [] : labels,
    kind === "histogram" && boundaries,
    ["gauge", "summary", "window"].includes(kind) && slots,
    unit ?? null,
    !isByHand && expires
  ])
}

const jobs: fc.Arbitrary<ReadonlyArray<Job>> = fc.array(
  fc.record({
    _tag: fc.constant("job" as const),
    a: fc.constantFrom("x", "y"),
    b: fc.constantFrom("x", "y"),
    n: fc.integer({ min: 0, max: 4 })
  }),
  { minLength: 1, maxLength: 6 }
)

const two = fc.record({
  versions: fc.oneof(
    fc.tuple(version, version),
    version.chain((one) =>
      fc
        .record({
          changed: version,
          part: fc.constantFrom<keyof Version>("labels", "boundaries", "unit", "description")
        })
        .map(({ changed, part }): [Version, Version] => [one, { ...one, [part]: changed[part] }])
    )
  ),
  first: jobs,
  second: jobs
})

const statesOf = (metric: Metric.Any, all: ReadonlyArray<Job>) =>
  Effect.gen(function* () {
    const recorder = yield* Recorder.make()
    yield* recorder.register(metric)
    for (const event of all) yield* recorder.emit(event)
    return JSON.parse(JSON.stringify(yield* recorder.states)) as Snapshot.States
  })

/** What one shows that took the events of both, those of the second a millisecond after the others. */
const wholeOf = (metric: Metric.Any, first: ReadonlyArray<Job>, second: ReadonlyArray<Job>, at: number) => {
  const state = second.reduce(
    (before, event) => Metric.reduce(metric, before, event, at + 1),
    Metric.fold(metric, first, at)
  )
  return Metric.snapshot(metric, state, at + 1)
}

describe("states of any two versions of a definition", () => {
  it.effect("are merged exactly if they fit, and named otherwise", () =>
    forEvery(
      two,
      ({ first, second, versions: [one, other] }) =>
        Effect.gen(function* () {
          const [mine, theirs] = [metricOf(one), metricOf(other)]
          const at = yield* Clock.currentTimeMillis
          const mineState = yield* statesOf(mine, first)
          yield* TestClock.adjust(1)
          const states = [mineState, yield* statesOf(theirs, second)]
          const merged = yield* Effect.result(Snapshot.merge([mine], states, at + 1))
          if (essence(one) === essence(other)) {
            expect(inAnyOrder(Result.getOrThrow(merged).m)).toEqual(inAnyOrder(wholeOf(mine, first, second, at)))
          } else {
            expect(merged).toMatchObject({ failure: { _tag: "mvx-metrics/StateMismatch", metric: "m", part: 1 } })
          }
        }),
      300
    )
  )

  it("are kept separate by the primary of a cluster, which reports them", () => {
    fc.assert(
      fc.property(two, ({ first, second, versions: [one, other] }) => {
        const [mine, theirs] = [metricOf(one), metricOf(other)]
        const problems: Array<string> = []
        const ledger = new Ledger({
          metrics: [mine],
          isLevel: isBuiltInLevel,
          maxEnded: 9,
          onProblem: (problem) => void problems.push(problem)
        })
        const told = (metric: Metric.Any, all: ReadonlyArray<Job>, at: number) => ({
          m: stateOf(metric, Metric.fold(metric, all, at))
        })
        ledger.take(1, { instance: 0, recorderId: "r", states: told(mine, first, 0) }, 0)
        ledger.take(2, { instance: 0, recorderId: "r", states: told(theirs, second, 1) }, 0)
        ledger.take(2, { instance: 0, recorderId: "r", states: told(theirs, second, 1) }, 0)
        const fits = essence(one) === essence(other)
        const whole = wholeOf(mine, first, fits ? second : [], 0)
        expect(inAnyOrder(allSteps(ledger.totals(1)).r?.snapshots.m)).toEqual(inAnyOrder(whole))
        expect(ledger.leftOut).toMatchObject(fits ? [] : [{ metric: "m", processes: [2], ended: 0 }])
        expect(problems).toHaveLength(fits ? 0 : 1)
        ledger.endProcess(2, 1)
        expect(ledger.leftOut).toMatchObject(fits ? [] : [{ metric: "m", processes: [], ended: 1 }])
      }),
      { numRuns: runs(300) }
    )
  })
})

describe("Snapshot.merge", () => {
  const AB = Metric.counter("m", { events, labels: ["a", "b"] })
  const BA = Metric.counter("m", { events, labels: ["b", "a"] })
  const job: Job = { _tag: "job", a: "x", b: "y", n: 1 }

  it.effect("reports the difference", () =>
    Effect.gen(function* () {
      const states = [yield* statesOf(AB, [job]), yield* statesOf(BA, [job])]
      const error = yield* Effect.flip(Snapshot.merge([AB], states))
      expect(error).toMatchObject({ part: 1, differences: ['labels ["b","a"] instead of ["a","b"]'] })
      expect(error.message).toBe(
        'the state of the metric "m" in parts[1] is of another version of it: labels ["b","a"] instead of ["a","b"]. Merge states of one version, or leave this one out'
      )
      expect(yield* Effect.flip(Snapshot.mergeStates([AB], states))).toEqual(error)
    })
  )

  const Apart = Metric.make("m", { events, initial: 0, reduce: { job: (n) => n + 1 } })
  const Fragile = Metric.make("m", {
    events,
    initial: 0,
    reduce: { job: (n) => n + 1 },
    merge: (): number => {
      throw new Error("cannot be")
    }
  })

  it.effect.each<readonly [string, ReadonlyArray<unknown>, unknown]>([
    ["a metric without merge", [Apart], [{ m: stateOf(Apart, 1) }]],
    ["two metrics with one name", [AB, BA], []],
    ["an invalid metric", [{}], []]
  ])("dies of %s", ([_what, metrics, parts]) =>
    Effect.gen(function* () {
      const error = yield* badInputOf(Snapshot.merge(metrics as never, parts as never))
      expect(error).toMatchObject({ argument: "metrics" })
    })
  )

  it.effect.each<readonly [string, ReadonlyArray<unknown>, unknown, object]>([
    ["an invalid list of states", [AB], { m: stateOf(AB, AB.initial) }, { argument: "parts" }],
    ["a state without its definition", [AB], [{}, { m: AB.initial }], { argument: "parts[1]", metric: "m" }],
    ["a merge that throws", [Fragile], [{ m: stateOf(Fragile, 1) }, { m: stateOf(Fragile, 1) }], { metric: "m" }]
  ])("fails with a typed error, and does not throw, for %s", ([_what, metrics, parts, refused]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Snapshot.merge(metrics as never, parts as never))
      expect(error).toMatchObject({ _tag: "mvx-metrics/InvalidArgument", ...refused })
    })
  )
})
