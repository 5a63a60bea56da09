// Whatever a collector does, everything arrives exactly once where it says so, every outcome is known, the last export is
// tried, and closing takes no longer than its limit. Time is that of a test, also for what is outside.
import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect, Exit, Fiber, Layer, Scope } from "effect"
import { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import fc from "fast-check"
import { MetricsRuntime } from "mvx-metrics"
import * as Otlp from "mvx-metrics/Otlp"
import { internalsOf } from "../../src/internal/runtime/internals.ts"
import { OutsideClock } from "../../src/internal/util/liveClock.ts"
import { done, Jobs, Times } from "../support/exported.metrics.ts"
import { runs } from "../support/long.ts"
import { forEvery } from "../support/property.ts"
import { ScriptedCollector, type Taken, type Turn } from "../support/scriptedCollector.ts"
import type { SunkPoint } from "../support/sink.ts"

const turn: fc.Arbitrary<Turn> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record(
      {
        do: fc.constant("accept" as const),
        delay: fc.constantFrom(0, 300, 900, 1500, 5000),
        rejected: fc.constantFrom(0, 2)
      },
      { requiredKeys: ["do", "delay"] }
    )
  },
  {
    weight: 3,
    arbitrary: fc.record(
      {
        do: fc.constant("refuse" as const),
        status: fc.constantFrom(400, 413, 429, 500, 502, 503, 504),
        retryAfter: fc.constantFrom("1", "7", "600", "Thu, 01 Jan 1970 00:00:05 GMT", "soon")
      },
      { requiredKeys: ["do", "status"] }
    )
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("lose" as const),
      code: fc.constantFrom("ECONNRESET", "UND_ERR_SOCKET"),
      takes: fc.boolean()
    })
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("hang" as const), takes: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.constant({ do: "lose", code: "ECONNREFUSED", takes: false } as const)
  }
)

type Step =
  | { readonly do: "work"; readonly queue: string; readonly times: number }
  | { readonly do: "pass"; readonly millis: number }
  | { readonly do: "flush" | "make again" }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("work" as const),
      queue: fc.constantFrom("a", "b"),
      times: fc.integer({ min: 1, max: 5 })
    })
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("pass" as const), millis: fc.constantFrom(100, 500, 1000, 2500, 9000) })
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("flush" as const, "make again" as const) }) }
)

/** Lets others go on, and no time pass. */
const turns = (count: number) =>
  Effect.promise(async () => {
    for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve))
  })

let plays = 0

const anyPlay = fc.record({
  script: fc.array(turn, { maxLength: 12 }),
  steps: fc.array(step, { maxLength: 12 }),
  temporality: fc.constantFrom("delta" as const, "cumulative" as const),
  runtimeFirst: fc.boolean(),
  timeout: fc.constantFrom(1000, 4000)
})

const shutdownTimeout = 2000
/** Time passes in steps of this many milliseconds. */
const Tick = 100

const pointsIn = ({ metrics }: Taken, name: string): ReadonlyArray<SunkPoint> =>
  metrics
    .filter((metric) => metric.name === name)
    .flatMap((metric) => {
      const data = (metric.sum ?? metric.histogram) as { readonly dataPoints: ReadonlyArray<SunkPoint> }
      return data.dataPoints
    })

const queueOf = ({ attributes = [] }: SunkPoint): string =>
  String(attributes.find(({ key }) => key === "queue")?.value.stringValue)

const amountOf = ({ asDouble, count }: SunkPoint): number => asDouble ?? (count as number)

const totals = (all: ReadonlyArray<Taken>, name: string): Record<string, number> => {
  const sums: Record<string, number> = {}
  for (const point of all.flatMap((each) => pointsIn(each, name))) {
    sums[queueOf(point)] = (sums[queueOf(point)] ?? 0) + amountOf(point)
  }
  return sums
}

/** Of each series as it stands at the end: one of a recorder that was made again comes after that of the one before. */
const latest = (taken: Taken, name: string): Record<string, number> =>
  Object.fromEntries(pointsIn(taken, name).map((point) => [queueOf(point), amountOf(point)]))

const play = ({
  runtimeFirst,
  script,
  steps,
  temporality,
  timeout
}: typeof anyPlay extends fc.Arbitrary<infer A> ? A : never) =>
  Effect.gen(function* () {
    const clock = yield* TestClock.make()
    const collector = new ScriptedCollector(script)
    const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      effect.pipe(Effect.provideService(Clock.Clock, clock), Effect.provideService(OutsideClock, clock))

    const pass = (millis: number) =>
      Effect.gen(function* () {
        for (let passed = 0; passed < millis; passed += Tick) {
          yield* turns(1)
          yield* clock.adjust(Tick)
        }
        yield* turns(1)
      })
    /** Lets time pass until an effect has ended, and says how much. */
    const through = <A, E>(effect: Effect.Effect<A, E>) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(inTime(effect), { startImmediately: true })
        let millis = 0
        for (; millis < 100_000 && fiber.pollUnsafe() === undefined; millis += Tick) yield* pass(Tick)
        return [yield* Fiber.await(fiber), millis] as const
      })

    yield* inTime(
      Effect.gen(function* () {
        const [runtimeScope, exporterScope] = [yield* Scope.make(), yield* Scope.make()]
        const runtime = yield* Scope.provide(
          MetricsRuntime.makeInProcess({ namespace: `script.${++plays}`, logging: "silent" }),
          runtimeScope
        )
        yield* runtime.start
        const exporting = Otlp.layerJson({
          temporality,
          shutdownTimeout,
          exportInterval: "2 seconds",
          exportTimeout: "5 seconds",
          timeout
        }).pipe(
          Layer.provide(Layer.succeed(MetricsRuntime, runtime)),
          Layer.provide(Layer.succeed(HttpClient.HttpClient, collector.client))
        )
        const built = yield* Layer.buildWithScope(exporting, exporterScope)
        const { flush } = yield* Effect.provide(Otlp.Exporter, built)

        const make = Effect.gen(function* () {
          const recorder = yield* runtime.createRecorder("one")
          yield* recorder.register(Jobs)
          yield* recorder.register(Times)
          return recorder
        })
        let recorder = yield* make
        const worked: Record<string, number> = {}
        const lately: Record<string, number> = {}
        for (const each of steps) {
          switch (each.do) {
            case "work":
              for (let i = 0; i < each.times; i++) yield* recorder.emit(done(1, each.queue))
              for (const counts of [worked, lately]) counts[each.queue] = (counts[each.queue] ?? 0) + each.times
              break
            case "pass":
              yield* pass(each.millis)
              break
            case "make again":
              yield* runtime.stopAndRemoveRecorder("one")
              recorder = yield* make
              for (const queue of Object.keys(lately)) delete lately[queue]
              break
            case "flush": {
              const acknowledged = collector.acknowledgements
              const [exit] = yield* through(flush)
              if (Exit.isFailure(exit)) expect(exit).toMatchObject(Exit.fail({ _tag: "mvx-metrics/ExportFailed" }))
              else {
                expect(collector.acknowledgements).toBeGreaterThan(acknowledged)
                if (temporality === "delta") expect(totals(acknowledgedOf(collector), "jobs")).toEqual(worked)
                else expect(latest(collector.taken.at(-1)!, "jobs")).toMatchObject(lately)
              }
            }
          }
        }

        // Answers are read by then.
        yield* turns(20)
        const stats = internalsOf(runtime).usage().exports![0]!
        expect(stats.delivered + stats.partial, "acknowledged").toBe(collector.acknowledgements)
        expect([stats.partial, stats.rejectedPoints]).toEqual([collector.partials, collector.rejected])

        const isWell = collector.isThrough
        const before = collector.requests.length
        if (runtimeFirst) yield* through(Effect.orDie(runtime.shutdown))
        const [closed, millis] = yield* through(Scope.close(exporterScope, Exit.void))
        expect(closed).toEqual(Exit.void)
        expect(millis, "closing").toBeLessThanOrEqual(shutdownTimeout + Tick)
        expect(collector.requests.length, "the last export is tried").toBeGreaterThan(before)

        intervalsFollowEachOther(collector.taken)
        // A runtime that was shut down before may have been told of by an export in between.
        const last = collector.taken.findLast((each) => pointsIn(each, "jobs").length > 0) ?? collector.taken.at(-1)
        if (temporality === "delta") {
          // What nobody knows of is not in it: those that hung at the end.
          const known = totals(acknowledgedOf(collector), "jobs")
          for (const [queue, count] of Object.entries(known)) expect(count).toBeLessThanOrEqual(worked[queue]!)
          for (const [queue, count] of Object.entries(totals(collector.taken, "jobs"))) {
            expect(count, queue).toBeLessThanOrEqual(worked[queue]!)
          }
          if (isWell)
            for (const name of ["jobs", "jobs.time"]) {
              expect(totals(acknowledgedOf(collector), name), name).toEqual(worked)
            }
        } else if (isWell) {
          expect(last?.acknowledged).toBe(true)
          expect(latest(last!, "jobs")).toMatchObject(lately)
          expect(latest(last!, "jobs.time")).toMatchObject(lately)
        }
        yield* through(Scope.close(runtimeScope, Exit.void))
      })
    )
  })

const acknowledgedOf = ({ taken }: ScriptedCollector): ReadonlyArray<Taken> =>
  taken.filter(({ acknowledged }) => acknowledged)

const intervalsFollowEachOther = (taken: ReadonlyArray<Taken>): void => {
  const ends = new Map<string, bigint>()
  for (const each of taken) {
    for (const metric of each.metrics.filter(({ name }) => name === "jobs")) {
      if ((metric.sum as { readonly aggregationTemporality: number }).aggregationTemporality !== 1) continue
      for (const point of pointsIn({ ...each, metrics: [metric] }, "jobs")) {
        const start = BigInt(point.startTimeUnixNano!)
        expect(start).toBeGreaterThanOrEqual(ends.get(queueOf(point)) ?? 0n)
        ends.set(queueOf(point), BigInt(point.timeUnixNano!))
      }
    }
  }
}

describe("a collector that follows a script", () => {
  it.live("has everything exactly once where it says so, whatever it does", () => forEvery(anyPlay, play, runs(200)), {
    timeout: 60_000
  })
})
