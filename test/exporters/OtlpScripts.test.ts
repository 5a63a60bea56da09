// For any behaviour of a collector that reports correctly, everything arrives exactly once, every result is known, the
// last export is attempted, and closing stays within its limit. Time is simulated, also outside Effect.
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Logger } from "effect"
import fc from "fast-check"
import { internalsOf } from "../../src/internal/runtime/internals.ts"
import { done } from "../support/exported.metrics.ts"
import { runs } from "../support/long.ts"
import { forEvery } from "../support/property.ts"
import { ScriptedCollector, type Taken, type Turn } from "../support/scriptedCollector.ts"
import { pointsIn, scripted, Tick, turns } from "../support/scriptedExport.ts"
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

const anyPlay = fc.record({
  script: fc.array(turn, { maxLength: 12 }),
  steps: fc.array(step, { maxLength: 12 }),
  temporality: fc.constantFrom("delta" as const, "cumulative" as const),
  runtimeFirst: fc.boolean(),
  timeout: fc.constantFrom(1000, 4000),
  maxExportBatchSize: fc.constantFrom(3, 10, 5000, 5000)
})

const shutdownTimeout = 2000
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
const latest = (taken: ReadonlyArray<Taken>, name: string): Record<string, number> =>
  Object.fromEntries(taken.flatMap((each) => pointsIn(each, name)).map((point) => [queueOf(point), amountOf(point)]))

const play = ({
  maxExportBatchSize,
  runtimeFirst,
  script,
  steps,
  temporality,
  timeout
}: typeof anyPlay extends fc.Arbitrary<infer A> ? A : never) =>
  Effect.suspend(() => {
    const collector = new ScriptedCollector(script)
    const options = {
      temporality,
      shutdownTimeout,
      exportInterval: "2 seconds",
      exportTimeout: "5 seconds",
      timeout,
      maxExportBatchSize
    } as const
    const isWhole = maxExportBatchSize === 5000
    return scripted(collector, options, ({ close, flush, make, pass, runtime, through }) =>
      Effect.gen(function* () {
        let recorder = yield* make
        const outcome = () => internalsOf(runtime).usage().exports![0]!
        /** Points of requests that the collector refused, though it had others of the same export. */
        const givenUp = () => outcome().rejectedPoints - collector.rejected
        const worked: Record<string, number> = {}
        const lately: Record<string, number> = {}
        for (const each of steps) {
          switch (each.do) {
            case "work":
              for (let i = 0; i < each.times; i++) yield* recorder.emit(done(1, each.queue))
              for (const counts of [worked, lately]) counts[each.queue] = (counts[each.queue] ?? 0) + each.times
              // Requests of some points alone would be the same bytes at the same time.
              if (!isWhole) yield* pass(Tick)
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
                if (temporality === "delta") {
                  if (givenUp() === 0) expect(totals(acknowledgedOf(collector), "jobs")).toEqual(worked)
                } else
                  expect(latest(isWhole ? collector.taken.slice(-1) : collector.taken, "jobs")).toMatchObject(lately)
              }
            }
          }
        }

        // Answers are read by then.
        yield* turns(20)
        const stats = outcome()
        const isWhollyTold = givenUp() === 0
        if (isWhole || temporality === "cumulative") expect(stats.rejectedPoints).toBe(collector.rejected)
        else expect(stats.rejectedPoints).toBeGreaterThanOrEqual(collector.rejected)
        const arrived = [stats.delivered + stats.partial, stats.partial]
        const acknowledged = [collector.acknowledgements, collector.partials]
        if (isWhole) expect(arrived, "acknowledged").toEqual(acknowledged)
        else if (isWhollyTold) {
          for (const [i, count] of arrived.entries()) expect(count).toBeLessThanOrEqual(acknowledged[i]!)
        }

        const isWell = collector.isThrough
        const before = collector.requests.length
        if (runtimeFirst) yield* through(runtime.shutdown)
        const [closed, millis] = yield* through(close)
        expect(closed).toEqual(Exit.void)
        expect(millis, "closing").toBeLessThanOrEqual(shutdownTimeout + Tick)
        expect(collector.requests.length, "the last export is tried").toBeGreaterThan(before)

        intervalsFollowEachOther(collector.taken)
        // A runtime that was shut down before may have been told of by an export in between.
        const last = isWhole
          ? collector.taken.filter((each) => pointsIn(each, "jobs").length > 0).slice(-1)
          : acknowledgedOf(collector)
        if (temporality === "delta") {
          // What nobody knows of is not in it: those that hung at the end.
          const known = totals(acknowledgedOf(collector), "jobs")
          for (const [queue, count] of Object.entries(known)) expect(count).toBeLessThanOrEqual(worked[queue]!)
          for (const [queue, count] of Object.entries(totals(collector.taken, "jobs"))) {
            expect(count, queue).toBeLessThanOrEqual(worked[queue]!)
          }
          if (isWell && isWhollyTold)
            for (const name of ["jobs", "jobs.time"]) {
              expect(totals(acknowledgedOf(collector), name), name).toEqual(worked)
            }
        } else if (isWell) {
          for (const { acknowledged } of last) expect(acknowledged).toBe(true)
          expect(latest(last, "jobs")).toMatchObject(lately)
          expect(latest(last, "jobs.time")).toMatchObject(lately)
        }
      })
    )
  }).pipe(Effect.provide(Logger.layer([])))

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

describe("a scripted collector", () => {
  it.live(
    "receives everything exactly once if it reports correctly, whatever it does",
    () => forEvery(anyPlay, play, runs(200)),
    {
      timeout: 60_000
    }
  )
})
