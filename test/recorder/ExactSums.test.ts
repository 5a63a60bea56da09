// On every path of events, in any order and grouping, every shown sum is the exact one, rounded once.
import { expect, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import fc from "fast-check"
import { Metric, MetricsRuntime, Replay, type RuntimeService, Snapshot } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { openStore } from "../durable/support.ts"
import { runtimeLayers } from "../support/bothLayers.ts"
import { awkwardValues, sumOf } from "../support/exactSums.ts"
import { runs } from "../support/long.ts"
import { forEvery } from "../support/property.ts"
import { type SumEvent, summing, sumsIn } from "../support/sums.metrics.ts"

const paid = (amount: number, i: number): SumEvent => ({ _tag: "paid", amount, by: i % 3 === 0 ? "cash" : "card" })

/** Events of several recorders. */
const parts = fc
  .array(awkwardValues(12), { minLength: 2, maxLength: 4 })
  .map((parts) => parts.map((part) => part.map(paid)))

/** What is shown of no events. */
const nothing = (name: string): number | null => (name === "sums.level" ? null : 0)

const expectExact = (shown: Snapshot.Snapshots, events: ReadonlyArray<SumEvent>, where: string): void => {
  for (const { name } of summing) {
    const taken = name === "sums.total" ? events.filter(({ amount }) => amount >= 0) : events
    const sums = sumsIn(shown[name]!.dimensions)
    expect(sums.length).toBeGreaterThan(0)
    for (const [by, sum] of sums) {
      const values = taken.filter((event) => by === undefined || event.by === by).map(({ amount }) => amount)
      expect(sum, `${where}: ${name} ${by ?? ""}`).toBe(values.length === 0 ? nothing(name) : sumOf(values))
    }
  }
}

/** The states of recorders that took a part each, and were removed. */
const statesOf = Effect.fnUntraced(function* (runtime: RuntimeService, parts: ReadonlyArray<ReadonlyArray<SumEvent>>) {
  return yield* Effect.forEach(parts, (events, i) =>
    Effect.gen(function* () {
      const recorder = yield* runtime.createRecorder(`part ${i}`)
      for (const metric of summing) yield* recorder.register(metric)
      for (const event of events) expect(recorder.emitUnsafe(event)).toBe(true)
      const states = yield* recorder.states
      yield* runtime.stopAndRemoveRecorder(`part ${i}`)
      return JSON.parse(JSON.stringify(states)) as Snapshot.States
    })
  )
})

/** In one order and the other, and in groups. */
const merged = Effect.fnUntraced(function* (states: ReadonlyArray<Snapshot.States>) {
  const backwards = states.toReversed()
  const [first, ...others] = states as [Snapshot.States, ...Array<Snapshot.States>]
  const grouped = yield* Snapshot.mergeStates(summing, others)
  const ways = [states, backwards, [grouped, first]]
  return yield* Effect.forEach(ways, (way) => Snapshot.merge(summing, way))
})

it.effect("exact sums are equal in a fold, a replay, and merged recorders, on both layers", () =>
  Effect.gen(function* () {
    const runtimes = yield* Effect.forEach(
      Object.entries(runtimeLayers([new URL("../support/sums.metrics.ts", import.meta.url)])),
      ([where, layer]) =>
        Effect.map(Layer.build(layer), (context) => [where, Context.get(context, MetricsRuntime)] as const)
    )
    yield* forEvery(
      parts,
      (parts) =>
        Effect.gen(function* () {
          const events = parts.flat()
          const state = (metric: Metric.Any) => Metric.fold(metric, events as never)
          const folded = summing.map((metric) => [metric.name, Metric.snapshot(metric as Metric.Any, state(metric))])
          expectExact(Object.fromEntries(folded), events, "fold")
          const replayed = Replay.run(
            summing,
            events.map((event) => ({ event, at: 0 }))
          )
          expectExact(replayed, events, "replay")
          for (const [where, runtime] of runtimes) {
            for (const shown of yield* merged(yield* statesOf(runtime, parts))) expectExact(shown, events, where)
          }
        }),
      runs(16)
    )
  })
)

it.effect("exact sums are equal over successive processes, and removed recorders", () =>
  forEvery(
    parts,
    (parts) =>
      Effect.gen(function* () {
        const { store } = openStore()
        const namespace = "test.sums"
        for (const [i, part] of parts.entries()) {
          yield* Effect.gen(function* () {
            const runtime = yield* MetricsRuntime.makeInProcess({
              namespace,
              logging: "silent",
              durable: { store, levels: true }
            })
            yield* runtime.start
            const recorder = yield* runtime.createRecorder("a")
            for (const metric of summing) yield* recorder.register(metric)
            for (const event of part) yield* recorder.emit(event)
            expectExact(yield* recorder.snapshots, parts.slice(0, i + 1).flat(), `process ${i}`)
          }).pipe(Effect.scoped)
        }
        const runtime = yield* MetricsRuntime.makeInProcess({ namespace, logging: "silent" })
        yield* runtime.start
        yield* statesOf(runtime, parts)
        const text = yield* Prometheus.render().pipe(Effect.provideService(MetricsRuntime, runtime))
        for (const by of ["card", "cash"]) {
          const values = parts.flat().filter((event) => event.by === by && event.amount >= 0)
          if (values.length === 0) continue
          const shown = new RegExp(`^sums_total{recorder="removed",.*by="${by}"} (.*)$`, "m").exec(text)?.[1]
          expect(Number(shown?.replace("Inf", "Infinity"))).toBe(sumOf(values.map(({ amount }) => amount)))
        }
      }).pipe(Effect.provide(TestClock.layer())),
    runs(16)
  )
)
