// Merged recorders: the counts of one of them stay in the sum when it is reset.
import { expect, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import fc from "fast-check"
import { Metric, MetricsLayer, MetricsRuntime, type RecorderService } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { RegisteredMetric } from "../../src/internal/fold/registeredMetric.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import { all, BriefParts, PartSizes, Parts, part } from "../support/addedUp.metrics.ts"
import { onBothLayers } from "../support/bothLayers.ts"
import { parseExposition } from "../support/expositionParser.ts"
import { forEvery } from "../support/property.ts"

/** The values of a scrape that adds recorders up, by the name of the sample and the label `kind`. */
const shownBy = (recorderLabel: "none" | "total") =>
  Effect.map(
    Prometheus.render("openmetrics", { recorderLabel, selfMetrics: false }),
    (text) =>
      new Map<string, number>(
        [...parseExposition(text, "openmetrics").values()].flatMap(({ samples }) =>
          samples.map(({ labels, name, value }) => [`${name} ${labels.kind}`, value] as const)
        )
      )
  )

const registered = (id: string) =>
  Effect.gen(function* () {
    const recorder = yield* (yield* MetricsRuntime).createRecorder(id)
    for (const metric of all) yield* recorder.register(metric)
    return recorder
  })

/** Counted by all, whatever recorders begin anew. */
const lasting = ["parts_total", "part_sizes_count", "part_spread_count", "part_summary_count"]

/** Likewise, in series that expire. */
const brief = ["parts_brief_total", "part_sizes_brief_count"]

const Minute = 60_000

let runs = 0

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ of: fc.nat(2), what: fc.constant("emit" as const), kind: fc.nat(1) }) },
  fc.record({ of: fc.nat(2), what: fc.constantFrom("reset" as const, "resetAll" as const, "remove" as const) }),
  fc.record({ seconds: fc.constantFrom(1, 20, 50, 70), what: fc.constant("wait" as const) })
)

onBothLayers(
  "a merged total",
  (it) => {
    it.effect.each(["none", "total"] as const)("never decreases while its series exists, by the label %s", (label) =>
      forEvery(
        fc.array(step, { minLength: 3, maxLength: 20 }),
        (steps) =>
          Effect.gen(function* () {
            const runtime = yield* MetricsRuntime
            const run = ++runs
            const kinds = [`${run}a`, `${run}b`]
            const recorders: Array<RecorderService> = []
            for (const i of [0, 1, 2]) recorders.push(yield* registered(`${run}-${i}`))
            const counted = new Map<string, number>()
            /** Of a series that expires: its last event, its events since it began, and what it began from. */
            const lives = new Map<string, { at: number; count: number; base: number | undefined }>()
            let now = yield* Effect.clockWith(({ currentTimeMillis }) => currentTimeMillis)
            for (const each of steps) {
              if (each.what === "wait") {
                yield* TestClock.adjust(`${each.seconds} seconds`)
                now += each.seconds * 1000
              } else if (each.what === "emit") {
                const kind = kinds[each.kind]!
                yield* recorders[each.of]!.emit(part(kind))
                counted.set(kind, (counted.get(kind) ?? 0) + 1)
                for (const name of brief) {
                  const key = `${name} ${kind}`
                  const life = lives.get(key)
                  if (life !== undefined && now - life.at < Minute)
                    lives.set(key, { ...life, at: now, count: life.count + 1 })
                  else lives.set(key, { at: now, count: 1, base: undefined })
                }
              } else if (each.what === "remove") {
                yield* runtime.stopAndRemoveRecorder(`${run}-${each.of}`)
                recorders[each.of] = yield* registered(`${run}-${each.of}`)
              } else yield* recorders[each.of]!.reset(...(each.what === "reset" ? [BriefParts] : []))
              const shown = yield* shownBy(label)
              for (const [kind, count] of counted) {
                for (const name of lasting) expect(shown.get(`${name} ${kind}`), `${name} ${kind}`).toBe(count)
              }
              for (const [key, life] of lives) {
                const value = shown.get(key)
                expect(value === undefined, key).toBe(now - life.at >= Minute)
                if (value === undefined) continue
                // It may have what it had before it expired.
                if (life.base === undefined) lives.set(key, { ...life, base: value - life.count })
                expect(value, key).toBeGreaterThanOrEqual(life.count)
                expect(value, key).toBe(life.count + (lives.get(key)!.base ?? 0))
              }
            }
            for (const i of [0, 1, 2]) yield* runtime.stopAndRemoveRecorder(`${run}-${i}`)
          }),
        12
      )
    )
  },
  [new URL("../support/addedUp.metrics.ts", import.meta.url)]
)

it.effect("a sum of all recorders keeps what has expired in one, even if others merge some of them", () =>
  Effect.gen(function* () {
    const runtime = yield* MetricsRuntime
    yield* TestClock.setTime(1_000_000)
    const own = yield* runtime.createRecorder("own", { totalOfRemoved: "owned" })
    const other = yield* runtime.createRecorder("other")
    for (const recorder of [own, other]) yield* recorder.register(BriefParts)
    const sum = Effect.gen(function* () {
      // There, nobody has the series of a recorder that it expired in.
      yield* shownBy("total")
      return (yield* shownBy("none")).get("parts_brief_total a")
    })
    yield* own.emit(part("a"))
    yield* other.emit(part("a"))
    expect(yield* sum).toBe(2)
    yield* TestClock.adjust("50 seconds")
    yield* other.emit(part("a"))
    yield* TestClock.adjust("20 seconds")
    // Its series are looked through.
    yield* own.emit(part("b"))
    expect(yield* sum).toBe(3)
    yield* other.emit(part("a"))
    expect(yield* sum).toBe(4)
  }).pipe(Effect.provide(MetricsLayer.layerInProcess({ namespace: "some" })))
)

it.effect("a sum has the creation time of its first recorder, also when that is removed or reset", () =>
  Effect.gen(function* () {
    const runtime = yield* MetricsRuntime
    yield* TestClock.setTime(1_000_000)
    const created = Effect.gen(function* () {
      for (const label of ["none", "total"] as const) {
        const shown = yield* shownBy(label)
        expect(shown.get("parts_created a")).toBe(1000)
        expect(shown.get("part_sizes_created a")).toBe(1000)
        expect(shown.get("parts_brief_created a")).toBe(1000)
      }
    })
    for (const id of ["r", "q"]) yield* (yield* registered(id)).emit(part("a"))
    yield* created
    yield* TestClock.adjust("20 seconds")
    yield* (yield* runtime.getRecorder("q")).reset()
    yield* created
    yield* runtime.stopAndRemoveRecorder("r")
    yield* created
    yield* TestClock.adjust("20 seconds")
    yield* runtime.stopAndRemoveRecorder("q")
    yield* created
  }).pipe(Effect.provide(MetricsLayer.layerInProcess({ namespace: "created" })))
)

it("a saved metric includes what was counted before a reset", () => {
  const owner = {
    quarantined: () => {},
    cut: () => {
      throw new Error("No series are read.")
    }
  }
  const Kinds = Metric.counter("kinds", { events: PartSizes.events })
  const first = new RegisteredMetric(Kinds, 0, 0, 5, owner)
  first.reduce(part("a"), 6)
  const second = first.next(Kinds, 7)
  const third = new RegisteredMetric(Kinds, 0, 1, 7, owner)
  third.load(allSteps(second.saving()), undefined)
  third.reduce(part("a"), 8)
  const fourth = third.next(Kinds, 9)
  expect(fourth.earliest).toBe(5)
  expect(allSteps(fourth.saving()).earlier).toEqual(
    ((): unknown => {
      const both = new RegisteredMetric(Kinds, 0, 0, 5, owner)
      for (const at of [6, 8]) both.reduce(part("a"), at)
      return both.kernel!.save()
    })()
  )
})

it.effect("a series that has expired in all recorders goes on in their sum with what it had, and anew in each", () =>
  Effect.gen(function* () {
    const runtime = yield* MetricsRuntime
    yield* TestClock.setTime(1_000_000)
    const one = yield* runtime.createRecorder("one")
    const two = yield* runtime.createRecorder("two")
    for (const recorder of [one, two]) yield* recorder.register(BriefParts)
    const sum = Effect.map(shownBy("none"), (shown) => shown.get("parts_brief_total a"))
    yield* sum
    for (const recorder of [one, one, two]) yield* recorder.emit(part("a"))
    expect(yield* sum).toBe(3)
    yield* TestClock.adjust("90 seconds")
    expect(yield* sum).toBeUndefined()
    yield* one.emit(part("a"))
    expect(yield* sum).toBe(4)
    yield* two.emit(part("a"))
    expect(yield* sum).toBe(5)
    expect((yield* one.snapshot(BriefParts)).dimensions.series).toEqual([{ labels: { kind: "a" }, value: 1 }])
  }).pipe(Effect.provide(MetricsLayer.layerInProcess({ namespace: "expired", logging: "silent" })))
)

const events = Schema.TaggedUnion({ "part.made": { kind: Schema.String, size: Schema.Number } })

/** Another definition of the same name. */
const PartsBySize = Metric.counter("parts", { events, labels: ["size"] })

const replacing = fc.record({
  of: fc.nat(2),
  what: fc.constantFrom("emit" as const, "replace" as const, "reset" as const, "remove" as const)
})

it.effect.each(["none", "total"] as const)(
  "a sum has all that was counted by its definition, by the label %s",
  (label) =>
    forEvery(
      fc.array(replacing, { minLength: 3, maxLength: 30 }),
      (steps) =>
        Effect.gen(function* () {
          const runtime = yield* MetricsRuntime
          const made = (of: number) =>
            Effect.tap(runtime.createRecorder(`${of}`), (recorder) => recorder.register(Parts))
          // The first one has the definition throughout, so that this is the one that is shown.
          const first = yield* made(3)
          const recorders = yield* Effect.forEach([0, 1, 2], made)
          const replaced = new Set<RecorderService>()
          let counted = 0
          for (const { of, what } of steps) {
            yield* TestClock.adjust("1 second")
            const recorder = recorders[of]!
            if (what === "emit") {
              for (const each of [recorder, first]) {
                yield* each.emit(part("a"))
                if (!replaced.has(each)) counted++
              }
            } else if (what === "reset") yield* recorder.reset()
            else if (what === "replace") {
              const isBack = replaced.delete(recorder)
              if (!isBack) replaced.add(recorder)
              yield* isBack
                ? recorder.register(Parts, { replace: true })
                : recorder.register(PartsBySize, { replace: true })
            } else {
              yield* runtime.stopAndRemoveRecorder(`${of}`)
              recorders[of] = yield* made(of)
            }
            expect((yield* shownBy(label)).get("parts_total a") ?? 0).toBe(counted)
          }
        }).pipe(Effect.provide(MetricsLayer.layerInProcess({ namespace: "walks", logging: "silent" }))),
      40
    )
)

it.effect("a sum of all recorders keeps what one had counted whose metric was replaced, wherever it goes", () =>
  Effect.gen(function* () {
    const runtime = yield* MetricsRuntime
    yield* TestClock.setTime(1_000_000)
    const sum = Effect.map(shownBy("none"), (shown) => shown.get("parts_total a"))
    const counting = (id: string, count: number) =>
      Effect.gen(function* () {
        const recorder = yield* runtime.createRecorder(id)
        yield* recorder.register(Parts)
        for (let i = 0; i < count; i++) yield* recorder.emit(part("a"))
        return recorder
      })
    const one = yield* counting("one", 10)
    const two = yield* counting("two", 7)
    expect(yield* sum).toBe(17)
    yield* TestClock.adjust("1 second")
    // The second one, the first one, and then none has it.
    yield* two.register(PartsBySize, { replace: true })
    yield* two.emit(part("a"))
    expect(yield* sum).toBe(17)
    yield* two.register(Parts, { replace: true })
    yield* one.register(PartsBySize, { replace: true })
    expect(yield* sum).toBe(17)
    yield* two.register(PartsBySize, { replace: true })
    expect(yield* sum).toBeUndefined()
    yield* one.register(Parts, { replace: true })
    yield* one.emit(part("a"))
    expect(yield* sum).toBe(18)
    // The total of removed recorders gets the definition of the first that is removed, and keeps what others had counted.
    yield* runtime.stopAndRemoveRecorder("two")
    expect(yield* sum).toBe(18)
    yield* counting("three", 100)
    yield* runtime.stopAndRemoveRecorder("three")
    expect(yield* sum).toBe(118)
    yield* one.emit(part("a"))
    expect(yield* sum).toBe(119)
  }).pipe(Effect.provide(MetricsLayer.layerInProcess({ namespace: "replaced", logging: "silent" })))
)
