// How an exporter handles a collector that rejects, is slow, hangs, or accepts only a part, and what it reports.
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Schedule } from "effect"
import { HttpClient } from "effect/http"
import { MetricsRuntime } from "mvx-metrics"
import type * as Otlp from "mvx-metrics/Otlp"
import * as Prometheus from "mvx-metrics/Prometheus"
import { done } from "../support/exported.metrics.ts"
import { recordLogs } from "../support/logs.ts"
import { ScriptedCollector, type Turn } from "../support/scriptedCollector.ts"
import { pointsIn, type Scripted, scripted, Tick } from "../support/scriptedExport.ts"

const accept: Turn = { do: "accept", delay: 0 }
const refuse = (status: number, retryAfter?: string): Turn => ({
  do: "refuse",
  status,
  ...(retryAfter !== undefined && { retryAfter })
})
const hang: Turn = { do: "hang", takes: true }

/** Each time after a second, so that times are known. */
const everySecond = Schedule.spaced("1 second")

const withCollector = <A, E>(
  script: ReadonlyArray<Turn>,
  options: Otlp.OtlpOptions,
  use: (world: Scripted & { readonly collector: ScriptedCollector }) => Effect.Effect<A, E>
) => {
  const collector = new ScriptedCollector(script)
  const logs = recordLogs()
  const url = "http://user:secret@collector:4318/v1/metrics?key=secret"
  return scripted(collector, { url, exportInterval: "1 hour", retry: everySecond, ...options }, (world) =>
    use({ ...world, collector })
  ).pipe(
    Effect.scoped,
    Effect.provide(logs.layer),
    Effect.map((value) => ({ value, logs: logs.lines.filter(({ level }) => level !== "Debug") }))
  )
}

const place = "http://collector:4318/v1/metrics"

const jobs = (count: number, { make }: Scripted) =>
  Effect.gen(function* () {
    const recorder = yield* make
    for (let i = 0; i < count; i++) yield* recorder.emit(done(1))
    return recorder
  })

const amounts = (collector: ScriptedCollector) =>
  collector.taken.map((each) => pointsIn(each, "jobs").map(({ asDouble }) => asDouble))

describe("an undelivered request", () => {
  it.effect.each([
    ...[429, 502, 503, 504].map((status) => [String(status), refuse(status)] as const),
    ["a refused connection", { do: "lose", code: "ECONNREFUSED", takes: false }] as const,
    ["a lost connection", { do: "lose", code: "ECONNRESET", takes: false }] as const
  ])("is retried after %s", ([, turn]) =>
    withCollector([turn, turn], {}, (world) =>
      Effect.gen(function* () {
        yield* jobs(1, world)
        const [exit, millis] = yield* world.through(world.flush)
        expect(exit).toEqual(Exit.void)
        expect(millis).toBe(2000)
        expect(amounts(world.collector)).toEqual([[1]])
      })
    )
  )

  it.effect("is retried if the collector has not answered in time", () =>
    withCollector([hang], { timeout: 2000 }, (world) =>
      Effect.gen(function* () {
        yield* jobs(1, world)
        expect(yield* world.through(world.flush)).toEqual([Exit.void, 3000])
      })
    )
  )

  it.effect.each([
    ["seconds", "7", 7000],
    ["a date", "Thu, 01 Jan 1970 00:00:09 GMT", 9000],
    ["a past date", "Wed, 31 Dec 1969 00:00:00 GMT", 1000],
    ["an invalid value", "soon", 1000]
  ] as const)("is retried after a Retry-After in %s", ([, retryAfter, expected]) =>
    withCollector([refuse(503, retryAfter)], {}, (world) =>
      Effect.gen(function* () {
        yield* jobs(1, world)
        expect(yield* world.through(world.flush)).toEqual([Exit.void, expected])
      })
    )
  )

  it.effect("is not retried if Retry-After exceeds the time limit, and the next export waits for it", () =>
    withCollector([refuse(429, "3600")], { exportInterval: "10 seconds" }, (world) =>
      Effect.gen(function* () {
        yield* jobs(1, world)
        const [exit, millis] = yield* world.through(world.flush)
        expect(exit).toMatchObject(Exit.fail({ attempts: 1, reason: "the collector answered 429" }))
        expect(millis).toBeLessThanOrEqual(Tick)
        // No longer than a minute.
        yield* world.pass(65_000)
        expect(world.collector.requests.map((at) => Math.floor(at / 1000))).toEqual([0, 60])
      })
    )
  )

  it.effect.each([400, 401, 404, 413, 500])("is not retried after %i; the next export contains its data", (status) =>
    withCollector([refuse(status)], { temporality: "delta" }, (world) =>
      Effect.gen(function* () {
        const recorder = yield* jobs(2, world)
        const [exit] = yield* world.through(world.flush)
        expect(exit).toMatchObject(Exit.fail({ attempts: 1, reason: `the collector answered ${status}` }))
        yield* recorder.emit(done(1))
        yield* world.through(world.flush)
        expect(amounts(world.collector)).toEqual([[3]])
      })
    )
  )

  it.effect("fails the flush with the attempts made, without the secrets of the URL", () =>
    withCollector(
      Array.from({ length: 9 }, (): Turn => ({ do: "lose", code: "ECONNREFUSED", takes: false })),
      { exportTimeout: 3500 },
      (world) =>
        Effect.gen(function* () {
          yield* jobs(1, world)
          const [exit] = yield* world.through(world.flush)
          expect(exit).toMatchObject(
            Exit.fail({
              _tag: "mvx-metrics/ExportFailed",
              url: place,
              attempts: 4,
              points: expect.any(Number),
              reason: expect.stringContaining("ECONNREFUSED"),
              cause: expect.objectContaining({ code: "ECONNREFUSED" })
            })
          )
          expect(JSON.stringify(exit)).not.toContain("secret")
        })
    )
  )

  it.effect("fails the flush if the HttpClient throws, and the exporter continues", () => {
    let throws = true
    const { client } = new ScriptedCollector([])
    const fragile = HttpClient.make((request) =>
      throws ? Effect.die(new Error("no socket")) : client.execute(request)
    )
    return scripted({ client: fragile }, { exportInterval: "1 hour" }, (world) =>
      Effect.gen(function* () {
        yield* jobs(1, world)
        expect((yield* world.through(world.flush))[0]).toMatchObject(Exit.fail({ reason: "Error: no socket" }))
        throws = false
        expect((yield* world.through(world.flush))[0]).toEqual(Exit.void)
      })
    ).pipe(Effect.scoped, Effect.provide(recordLogs().layer))
  })
})

describe("a delta that may have arrived", () => {
  it.effect("is retried with the same bytes, before later data", () =>
    withCollector([hang, hang, hang], { temporality: "delta", timeout: 1000, exportTimeout: 2500 }, (world) =>
      Effect.gen(function* () {
        const { collector, flush, through } = world
        const recorder = yield* jobs(2, world)
        expect((yield* through(flush))[0]).toMatchObject(
          Exit.fail({ attempts: 2, reason: "the collector did not answer within 1s" })
        )
        yield* recorder.emit(done(1))
        yield* through(flush)
        expect(collector.requests).toHaveLength(5)
        expect(amounts(collector)).toEqual([[2], [1]])
        const [first, second] = collector.taken.map((each) => pointsIn(each, "jobs")[0]!)
        expect(second!.startTimeUnixNano).toBe(first!.timeUnixNano)
      })
    )
  )

  it.effect("is retried on close, as is later data, each within its share of the limit", () =>
    withCollector(
      [hang, hang],
      { temporality: "delta", timeout: "20 seconds", exportTimeout: "30 seconds", shutdownTimeout: 2000 },
      (world) =>
        Effect.gen(function* () {
          const { close, collector, flush, through } = world
          const recorder = yield* jobs(2, world)
          yield* Effect.forkChild(Effect.exit(flush), { startImmediately: true })
          yield* world.pass(1000)
          yield* recorder.emit(done(1))
          const [exit, millis] = yield* through(close)
          expect(exit).toEqual(Exit.void)
          expect(millis).toBeLessThanOrEqual(2000)
          expect(amounts(collector)).toEqual([[2], [1]])
          expect(collector.taken.map(({ acknowledged }) => acknowledged)).toEqual([false, true])
        })
    )
  )

  it.effect("is settled when the same bytes are rejected", () =>
    withCollector([{ do: "hang", takes: false }, refuse(400)], { temporality: "delta", timeout: 1000 }, (world) =>
      Effect.gen(function* () {
        const recorder = yield* jobs(2, world)
        expect((yield* world.through(world.flush))[0]).toMatchObject(Exit.fail({ attempts: 2 }))
        yield* recorder.emit(done(1))
        yield* world.through(world.flush)
        expect(amounts(world.collector)).toEqual([[3]])
      })
    )
  )
})

describe("an export of several requests", () => {
  /** Twenty series of each metric. */
  const work = (recorder: Effect.Success<Scripted["make"]>) =>
    Effect.forEach(Array.from({ length: 20 }), (_, i) => recorder.emit(done(1, `queue ${i}`)))
  const totals = (collector: ScriptedCollector) => {
    const sums = new Map<string, number>()
    for (const each of collector.taken.filter(({ acknowledged }) => acknowledged)) {
      for (const { asDouble = 0, attributes } of pointsIn(each, "jobs")) {
        const key = JSON.stringify(attributes)
        sums.set(key, (sums.get(key) ?? 0) + asDouble)
      }
    }
    return [...sums.values()]
  }
  const maxExportBatchSize = 10

  it.effect("continues after a rejected request, and the failure reports what was not delivered", () =>
    withCollector([accept, refuse(413)], { maxExportBatchSize }, (world) =>
      Effect.gen(function* () {
        const { collector } = world
        yield* work(yield* world.make)
        const [exit] = yield* world.through(world.flush)
        const requests = collector.requests.length
        expect(requests).toBeGreaterThan(4)
        expect(collector.taken).toHaveLength(requests - 1)
        expect(exit).toMatchObject(Exit.fail({ attempts: 1, reason: "the collector answered 413" }))
        const { points } = yield* Effect.flip(exit)
        expect(points).toBeGreaterThan(0)
        expect(points).toBeLessThanOrEqual(10)
        expect((yield* world.runtime.stats).exports).toMatchObject([{ delivered: 0, failed: 1, failing: "413" }])
      })
    )
  )

  it.effect("sends the missing deltas first, with the same times", () =>
    withCollector(
      [accept, accept, { do: "hang", takes: false }],
      { maxExportBatchSize, temporality: "delta", timeout: 1000, exportTimeout: 1000 },
      (world) =>
        Effect.gen(function* () {
          const { collector } = world
          const recorder = yield* world.make
          yield* work(recorder)
          const [exit] = yield* world.through(world.flush)
          expect(exit).toMatchObject(Exit.fail({ _tag: "mvx-metrics/ExportFailed" }))
          yield* world.pass(2000)
          yield* work(recorder)
          expect((yield* world.through(world.flush))[0]).toEqual(Exit.void)
          expect(totals(collector)).toEqual(Array.from({ length: 20 }, () => 2))
          const ends = collector.taken.flatMap((each) => pointsIn(each, "jobs").map((point) => point.timeUnixNano))
          expect(new Set(ends).size).toBe(2)
          expect(ends).toEqual(ends.toSorted())
        })
    )
  )

  it.effect("drops a rejected request of deltas if others are accepted, and counts its points", () =>
    withCollector([accept, refuse(400)], { maxExportBatchSize, temporality: "delta" }, (world) =>
      Effect.gen(function* () {
        const { collector, flush, runtime, through } = world
        const recorder = yield* world.make
        for (const round of [1, 2, 3]) {
          yield* world.pass(1000)
          yield* work(recorder)
          expect((yield* through(flush))[0], `flush ${round}`).toEqual(Exit.void)
        }
        const [stats] = (yield* runtime.stats).exports!
        expect(stats).toMatchObject({ delivered: 2, partial: 1, failed: 0, failing: undefined })
        expect(stats!.rejectedPoints).toBeGreaterThan(0)
        expect(stats!.rejectedPoints).toBeLessThanOrEqual(maxExportBatchSize)
        // What was refused was not of these.
        expect(totals(collector)).toEqual(Array.from({ length: 20 }, () => 3))
      })
    )
  )

  it.effect("counts rejected points, and is one export", () =>
    withCollector(
      [accept, { do: "accept", delay: 0, rejected: 2 }, { do: "accept", delay: 0, rejected: 1 }],
      { maxExportBatchSize },
      (world) =>
        Effect.gen(function* () {
          yield* work(yield* world.make)
          expect((yield* world.through(world.flush))[0]).toEqual(Exit.void)
          yield* world.through(world.flush)
          expect((yield* world.runtime.stats).exports).toMatchObject([{ delivered: 1, partial: 1, rejectedPoints: 3 }])
        })
    )
  )

  it.effect("counts rejected points before the other requests are answered", () =>
    withCollector(
      [
        { do: "accept", delay: 0, rejected: 2 },
        { do: "accept", delay: 5000 }
      ],
      { maxExportBatchSize },
      (world) =>
        Effect.gen(function* () {
          yield* work(yield* world.make)
          yield* world.begin(Effect.exit(world.flush))
          yield* world.pass(1000)
          expect(world.collector.requests).toHaveLength(2)
          expect((yield* world.runtime.stats).exports).toMatchObject([{ partial: 0, rejectedPoints: 2 }])
        })
    )
  )

  it.effect("reports that there is no time left for the rest if the first requests used it up", () =>
    withCollector(
      [
        { do: "accept", delay: 900 },
        { do: "accept", delay: 5000 }
      ],
      { maxExportBatchSize, exportTimeout: 1000 },
      (world) =>
        Effect.gen(function* () {
          yield* work(yield* world.make)
          const [exit, millis] = yield* world.through(world.flush)
          expect(exit).toMatchObject(Exit.fail({ attempts: 1, reason: expect.stringContaining("within") }))
          expect(millis).toBeLessThanOrEqual(1000 + Tick)
        })
    )
  )
})

describe("closing an exporter", () => {
  it.effect("interrupts a pause between attempts, and tries the current state at once", () =>
    withCollector([refuse(503)], { retry: Schedule.spaced("20 seconds") }, (world) =>
      Effect.gen(function* () {
        const recorder = yield* jobs(1, world)
        yield* world.begin(Effect.exit(world.flush))
        yield* world.pass(1000)
        yield* recorder.emit(done(1))
        const [, millis] = yield* world.through(world.close)
        expect(millis).toBeLessThanOrEqual(Tick)
        expect(amounts(world.collector)).toEqual([[2]])
      })
    )
  )

  it.effect("lets a pending request finish", () =>
    withCollector([{ do: "accept", delay: 400 }], { temporality: "delta" }, (world) =>
      Effect.gen(function* () {
        yield* jobs(1, world)
        const flushed = yield* world.begin(Effect.exit(world.flush))
        yield* world.pass(100)
        yield* world.through(world.close)
        expect(world.collector.taken.map(({ acknowledged }) => acknowledged)).not.toContain(false)
        expect(amounts(world.collector).flat()).toEqual([1])
        expect(flushed.pollUnsafe()).toEqual(Exit.succeed(Exit.void))
      })
    )
  )

  it.effect("fails a later flush", () =>
    withCollector([], {}, (world) =>
      Effect.gen(function* () {
        yield* world.through(world.close)
        expect((yield* world.through(world.flush))[0]).toMatchObject(Exit.fail({ reason: "the exporter was closed" }))
      })
    )
  )
})

describe("the result of exports", () => {
  it.effect("is logged when it changes: once per outage, at its end, and for a loss at the end", () =>
    Effect.gen(function* () {
      const { logs } = yield* withCollector(
        [refuse(400), refuse(400), accept, accept, refuse(400)],
        { shutdownTimeout: 500 },
        (world) =>
          Effect.gen(function* () {
            yield* jobs(1, world)
            for (let i = 0; i < 4; i++) yield* world.through(world.flush)
            yield* world.through(world.close)
          })
      )
      expect(logs.map(({ level, text }) => [level, text.replace(/ \d+ points/, " N points")])).toEqual([
        [
          "Warn",
          `the export of N points to ${place} did not arrive after 1 attempt: the collector answered 400. Check that the collector runs and takes OTLP over HTTP at this URL. Further failures are not logged until an export arrives`
        ],
        ["Info", `OTLP to ${place}: exports arrive again; failed exports: 2`],
        [
          "Warn",
          `the last export is lost: the export of N points to ${place} did not arrive after 1 attempt: the collector answered 400. Check that the collector runs and takes OTLP over HTTP at this URL`
        ]
      ])
      expect(logs[0]!.annotations).toMatchObject({ namespace: expect.stringContaining("script.") })
    })
  )

  it.effect("is counted, with the last error, in stats and in every exporter", () =>
    withCollector(
      [
        refuse(400),
        accept,
        { do: "accept", delay: 0, rejected: 2 },
        { do: "lose", code: "ECONNREFUSED", takes: false }
      ],
      { retry: Schedule.recurs(0) },
      (world) =>
        Effect.gen(function* () {
          const { collector, flush, runtime, through } = world
          yield* jobs(1, world)
          for (let i = 0; i < 4; i++) yield* through(flush)
          expect((yield* runtime.stats).exports).toEqual([
            {
              exporter: `OTLP to ${place}`,
              delivered: 1,
              partial: 1,
              failed: 2,
              rejectedPoints: 2,
              failing: "ECONNREFUSED",
              lastError: { at: expect.any(Number), message: expect.stringContaining("ECONNREFUSED") }
            }
          ])
          const text = yield* Effect.provideService(Prometheus.render("text"), MetricsRuntime, runtime)
          const own = `namespace="${runtime.namespace}",exporter="OTLP to ${place}"`
          for (const sample of [
            `mvx_metrics_exports_total{${own},outcome="delivered"} 1`,
            `mvx_metrics_exports_total{${own},outcome="partial"} 1`,
            `mvx_metrics_exports_total{${own},outcome="failed"} 2`,
            `mvx_metrics_exports_failing{${own},reason="ECONNREFUSED"} 1`,
            `mvx_metrics_points_rejected_total{${own}} 2`
          ]) {
            expect(text).toContain(sample)
          }
          yield* through(flush)
          expect((yield* runtime.stats).exports![0]).toMatchObject({ delivered: 2, failing: undefined })
          const names = collector.taken.at(-1)!.metrics.map(({ name }) => name)
          expect(names).toEqual(expect.arrayContaining(["mvx_metrics.exports", "mvx_metrics.points.rejected"]))
        })
    )
  )

  it.effect("reports a partial success once, and does not resend the points", () =>
    Effect.gen(function* () {
      const partial: Turn = { do: "accept", delay: 0, rejected: 2 }
      const { logs } = yield* withCollector([partial, partial], { temporality: "delta" }, (world) =>
        Effect.gen(function* () {
          const recorder = yield* jobs(1, world)
          yield* world.through(world.flush)
          yield* recorder.emit(done(1))
          yield* world.through(world.flush)
          expect(amounts(world.collector)).toEqual([[1], [1]])
        })
      )
      expect(logs.map(({ level, text }) => [level, text])).toEqual([
        ["Warn", `OTLP to ${place}: the collector rejected 2 points: too old`]
      ])
    })
  )

  it.effect("is shared by all flushes requested before an export begins", () =>
    withCollector([], {}, (world) =>
      Effect.gen(function* () {
        yield* jobs(1, world)
        const all = Effect.all(
          Array.from({ length: 20 }, () => world.flush),
          { concurrency: "unbounded" }
        )
        yield* world.through(all)
        expect(world.collector.requests).toHaveLength(1)
      })
    )
  )
})
