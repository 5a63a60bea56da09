// Whatever happens to series, metrics and recorders, in any order: delivered deltas add up to the measured totals, none
// is delivered twice, and their intervals are contiguous.
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import fc from "fast-check"
import { type Metric, MetricsRuntime, type RecorderService, Snapshot } from "mvx-metrics"
import { type Collected, collect, collectLast, collectOwn } from "../../src/internal/exporters/collect.ts"
import { Batches, ownersOf, type Told } from "../../src/internal/exporters/otlp/batches.ts"
import type { HistogramDataPoint, NumberPoint } from "../../src/internal/formats/metricData.ts"
import { requestSteps } from "../../src/internal/formats/otlp/encode.ts"
import type { Streamed } from "../../src/internal/formats/otlp/streamed.ts"
import type { Timed } from "../../src/internal/formats/otlp/streams.ts"
import { internalsOf } from "../../src/internal/runtime/internals.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import { runtimeLayers } from "../support/bothLayers.ts"
import { expiring, hit, makeHits } from "../support/expiring.metrics.ts"
import { runs } from "../support/long.ts"
import { forEvery } from "../support/property.ts"
import { metricsOfRequest } from "../support/renderedOtlp.ts"
import type { SunkMetric, SunkPoint } from "../support/sink.ts"
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

/** A metric of a request in JSON, as far as it is looked at here. */
const asStreamed = ({ name, ...metric }: SunkMetric): Streamed => {
  const [data] = Object.values(metric).filter((each) => typeof each === "object") as ReadonlyArray<{
    readonly aggregationTemporality?: number
    readonly dataPoints: ReadonlyArray<SunkPoint>
  }>
  const points = data!.dataPoints.map(({ asDouble, attributes = [], count, startTimeUnixNano, timeUnixNano }) => ({
    start: BigInt(startTimeUnixNano!),
    end: BigInt(timeUnixNano!),
    point: {
      attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]])),
      ...(count === undefined ? { value: asDouble } : { count: Number(count) })
    }
  }))
  return { name, isDelta: data!.aggregationTemporality === 1, points } as unknown as Streamed
}

/** What is shown as the number of hits, whatever the metric. */
const shownAmount = (snapshot: Snapshot.Snapshot): number => {
  const shown = snapshot.dimensions as { readonly value?: number; readonly count?: number; readonly counts?: object }
  return shown.value ?? shown.count ?? Object.values(shown.counts ?? {}).reduce((sum, each) => sum + each, 0)
}

/** How an export is made: of what is collected on the thread of the application, or where the metrics are folded. */
type How = "collected" | "encoded"

const play = (all: ReadonlyArray<Step>, how: How) =>
  Effect.gen(function* () {
    const runtime = yield* MetricsRuntime
    const internals = internalsOf(runtime)
    let now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
    const begun = now
    const setsBack = all.some((each) => each.do === "go back")

    let metrics: ReadonlyArray<Metric.Any> = expiring
    let departed: ReadonlyArray<Timed> = []
    const batches = new Batches<{ readonly told: Told }>("delta", BigInt(begun) * 1_000_000n)
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
      Effect.map(collectLast(runtime, source), ({ all }) => {
        const left = all.map((each) => ({ ...each, until: nanos() }))
        departed = [...departed, ...left]
        batches.left(left)
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
      departed = []
      arrive(data)
    }

    /** Likewise by the fold. */
    const sendEncoded = Effect.fnUntraced(function* (missing: ReadonlySet<number>, arrives: boolean) {
      let { asked } = batches
      const rendered = yield* internals.otlp!({
        rendering: { format: "otlp", protocol: "http/json", temporality: "delta", begun, maxPoints: 2 },
        timeout: "5 seconds",
        from: () => {
          asked = batches.asked
          return { ...asked, without: new Set([...ownersOf(asked.departed), ...missing]) }
        }
      })
      const { base, encoded: all = [] } = rendered
      batches.read({ all: collectOwn(runtime), unread: new Set() }, { ...asked, base, encoded: all })
      const own: Array<Streamed> = []
      const { encoded, told } = allSteps(batches.next(nanos(), false, (metric) => own.push(metric)))
      if (!arrives) return
      batches.delivered({ told })
      const bodies = encoded.map((each) =>
        requestSteps("http/json", [each], { attributes: {} }, { name: "", version: "" })
      )
      const metrics = bodies.flatMap((each) => metricsOfRequest("http/json", allSteps(each)))
      arrive([...own, ...metrics.map(asStreamed)])
    })

    const arrive = (data: ReadonlyArray<Streamed>): void => {
      for (const each of data.filter(({ isDelta, name }) => isDelta && name in arrived)) {
        for (const { point } of each.points as ReadonlyArray<{ readonly point: unknown }>) {
          expect(amountOf(point)).toBeGreaterThanOrEqual(0)
          arrived[each.name]! += amountOf(point)
        }
        follow(each)
      }
    }

    const exportAll = (arrives: boolean) =>
      Effect.gen(function* () {
        if (how === "encoded") yield* sendEncoded(new Set(), arrives)
        else send(yield* collect(runtime), arrives)
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
          if (how === "encoded") yield* sendEncoded(new Set([ofIt!]), true)
          else send({ all: rest, unread: new Set([ofIt!]) }, true)
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

describe("the sum of all deltas equals the total", () => {
  const { "in process": inProcess, "on the worker": onWorker } = runtimeLayers([
    new URL("../support/expiring.metrics.ts", import.meta.url)
  ])

  const hows = ["collected", "encoded"] as const

  it.effect.each(hows)("in process, and their intervals are contiguous: %s", (how) =>
    forEvery(steps, (all) => play(all, how), runs(150)).pipe(Effect.provide(inProcess!))
  )

  it.effect.each(hows)("when clocks are set back: %s", (how) =>
    forEvery(withClockSetBack, (all) => play(all, how), runs(100)).pipe(Effect.provide(inProcess!))
  )

  it.effect.each(hows)("when a clock is set back after a reset: %s", (how) =>
    play(
      [
        { do: "pass", millis: 1 },
        { do: "reset" },
        { do: "hit", page: "a", n: 1 },
        { do: "export", arrives: true },
        { do: "go back", millis: 1000 }
      ],
      how
    ).pipe(Effect.scoped, Effect.provide(inProcess!))
  )

  it.effect.each(hows)("on the worker: %s", (how) =>
    forEvery(steps, (all) => play(all, how), 10).pipe(Effect.provide(onWorker!))
  )
})
