// Whatever happens to series, metrics and recorders, and in whatever order: deltas that arrived add up to what was
// measured, none is told twice, and their intervals follow each other.
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import fc from "fast-check"
import { type Metric, MetricsRuntime, type RecorderService, Snapshot } from "mvx-metrics"
import { type Collected, collect, collectSource } from "../../src/internal/exporters/collect.ts"
import type { HistogramDataPoint, NumberPoint } from "../../src/internal/formats/metricData.ts"
import type { Streamed } from "../../src/internal/formats/otlp/streamed.ts"
import type { Timed } from "../../src/internal/formats/otlp/streams.ts"
import { internalsOf } from "../../src/internal/runtime/internals.ts"
import { runtimeLayers } from "../support/bothLayers.ts"
import { expiring, hit, makeHits } from "../support/expiring.metrics.ts"
import { runs } from "../support/long.ts"
import { forEvery } from "../support/property.ts"
import { type Exported, streams } from "../support/streams.ts"

type Step =
  | { readonly do: "hit"; readonly page: string; readonly n: number }
  | { readonly do: "pass" | "go back"; readonly millis: number }
  | { readonly do: "export"; readonly arrives: boolean }
  | { readonly do: "reset" | "replace" | "make again" | "restart" | "read" | "collect without it" }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("hit" as const),
      page: fc.constantFrom("a", "b", "c"),
      n: fc.integer({ min: 1, max: 9 })
    })
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("pass" as const), millis: fc.constantFrom(1, 1000, 40_000, 70_000) })
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("export" as const), arrives: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("reset", "replace", "make again", "restart", "read", "read", "collect without it")
    })
  }
)

const steps = fc.array(step, { maxLength: 40, size: "max" })
const withClockSetBack = fc.array(
  fc.oneof(
    { weight: 9, arbitrary: step },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant("go back" as const), millis: fc.constantFrom(1000, 60_000, 500_000) })
    }
  ),
  { maxLength: 40, size: "max" }
)

const names = expiring.map(({ name }) => name)
const Accepted = "mvx_metrics.events.accepted"

const zeros = (): Record<string, number> => Object.fromEntries([...names, Accepted].map((name) => [name, 0]))

const amountOf = (point: unknown): number =>
  "count" in (point as object) ? (point as HistogramDataPoint).count : (point as NumberPoint).value

/** What is shown as the number of hits, whatever the metric. */
const shownAmount = (snapshot: Snapshot.Snapshot): number => {
  const shown = snapshot.dimensions as { readonly value?: number; readonly count?: number; readonly counts?: object }
  return shown.value ?? shown.count ?? Object.values(shown.counts ?? {}).reduce((sum, each) => sum + each, 0)
}

const play = (all: ReadonlyArray<Step>) =>
  Effect.gen(function* () {
    const runtime = yield* MetricsRuntime
    const internals = internalsOf(runtime)
    let now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
    const begun = now
    const setsBack = all.some((each) => each.do === "go back")

    let metrics: ReadonlyArray<Metric.Any> = expiring
    let departed: ReadonlyArray<Timed> = []
    let left: ReadonlyArray<Snapshot.States> = []
    let exported: Exported
    const ends = new Map<string, bigint>()
    // What is yet to be exported: of the recorder that is there, and of those that have gone.
    let [pending, gone, unread] = [zeros(), zeros(), zeros()]
    // What is in the states now.
    let held = zeros()
    const [heldBefore, arrived, expected] = [zeros(), zeros(), zeros()]
    const nanos = (): bigint => BigInt(now) * 1_000_000n

    const forget = internals.beforeRemoval((source) =>
      Effect.map(collectSource(runtime.namespace, source), (last) => {
        departed = [...departed, ...last.map((each) => ({ ...each, until: nanos() }))]
      })
    )
    yield* Effect.addFinalizer(() =>
      Effect.andThen(Effect.sync(forget), Effect.ignore(runtime.stopAndRemoveRecorder("law")))
    )

    const makeOne = Effect.gen(function* () {
      const recorder = yield* runtime.createRecorder("law")
      for (const metric of metrics) yield* recorder.register(metric)
      return recorder
    })
    let recorder: RecorderService = yield* makeOne
    let reader = yield* recorder.deltaReader

    const read = Effect.gen(function* () {
      const snapshots = yield* reader.read
      for (const name of names) expect(shownAmount(snapshots[name]!), `read of ${name}`).toBe(unread[name])
      unread = zeros()
    })

    const follow = ({ name, points }: Streamed): void => {
      for (const { end, point, start } of points as ReadonlyArray<{ start: bigint; end: bigint; point: NumberPoint }>) {
        const key = JSON.stringify([name, Object.entries(point.attributes)])
        expect(start).toBeLessThanOrEqual(end)
        if (!setsBack) expect(start, key).toBeGreaterThanOrEqual(ends.get(key) ?? 0n)
        ends.set(key, end)
      }
    }

    const send = ({ all: present, unread: missing }: Collected, arrives: boolean): void => {
      const options = {
        temporality: "delta",
        begun: BigInt(begun) * 1_000_000n,
        now: nanos(),
        unread: missing
      } as const
      const [data, seen] = streams([...departed, ...present], exported, options)
      if (!arrives) return
      exported = seen
      for (const each of data.filter(({ isDelta, name }) => isDelta && name in arrived)) {
        for (const { point } of each.points as ReadonlyArray<{ readonly point: unknown }>) {
          expect(amountOf(point)).toBeGreaterThanOrEqual(0)
          arrived[each.name]! += amountOf(point)
        }
        follow(each)
      }
      departed = []
    }

    const exportAll = (arrives: boolean) =>
      Effect.gen(function* () {
        send(yield* collect(runtime), arrives)
        if (!arrives) return
        for (const name of Object.keys(expected)) expected[name]! += pending[name]! + gone[name]!
        pending = zeros()
        gone = zeros()
        expect(arrived).toEqual(expected)
      })

    for (const each of all) {
      switch (each.do) {
        case "hit":
          yield* recorder.emit(hit(each.page, each.n))
          for (const counts of [pending, unread, held]) for (const name of Object.keys(counts)) counts[name]!++
          break
        case "pass":
        case "go back":
          now = each.do === "pass" ? now + each.millis : Math.max(begun, now - each.millis)
          yield* TestClock.setTime(now)
          break
        case "export":
          yield* exportAll(each.arrives)
          break
        case "read":
          yield* read
          break
        case "reset":
          yield* recorder.reset()
          for (const counts of [pending, unread, held]) for (const name of names) counts[name] = 0
          break
        case "replace": {
          metrics = [makeHits(), ...metrics.slice(1)]
          yield* recorder.register(metrics[0]!, { replace: true })
          for (const counts of [pending, unread, held]) counts.hits = 0
          break
        }
        case "make again":
          yield* read
          left = [...left, yield* recorder.states]
          for (const name of names) heldBefore[name]! += held[name]!
          held = zeros()
          yield* runtime.stopAndRemoveRecorder("law")
          for (const name of Object.keys(gone)) gone[name]! += pending[name]!
          pending = zeros()
          recorder = yield* makeOne
          reader = yield* recorder.deltaReader
          break
        case "restart":
          yield* recorder.start.pipe(Effect.ignore)
          yield* recorder.stop
          yield* recorder.start
          break
        case "collect without it": {
          // It could not be read in time: its accounting is there, its metrics are not.
          const { all: present } = yield* collect(runtime)
          const ofIt = present.find(({ owner }) => owner !== undefined)?.owner
          const names = new Set(expiring.map(({ name }) => name as string))
          const rest = present.filter(({ data }) => !names.has(data.name))
          send({ all: rest, unread: new Set([ofIt!]) }, true)
          expected[Accepted]! += pending[Accepted]! + gone[Accepted]!
          pending[Accepted] = 0
          for (const name of Object.keys(gone)) {
            if (name !== Accepted) expected[name]! += gone[name]!
          }
          gone = zeros()
          expect(arrived).toEqual(expected)
        }
      }
    }
    yield* read
    yield* exportAll(true)
    const merged = yield* Snapshot.merge(metrics, [...left, yield* recorder.states], now)
    for (const name of names) expect(shownAmount(merged[name]!), `${name} merged`).toBe(heldBefore[name]! + held[name]!)
  })

describe("the sum of all deltas is what there was", () => {
  const { "in process": inProcess, "on the worker": onWorker } = runtimeLayers([
    new URL("../support/expiring.metrics.ts", import.meta.url)
  ])

  it.effect("in process, and their intervals follow each other", () =>
    forEvery(steps, play, runs(150)).pipe(Effect.provide(inProcess!))
  )

  it.effect("when clocks are set back", () =>
    forEvery(withClockSetBack, play, runs(100)).pipe(Effect.provide(inProcess!))
  )

  it.effect("on the worker", () => forEvery(steps, play, 10).pipe(Effect.provide(onWorker!)))
})
