import { expect, it } from "@effect/vitest"
import { Effect, Layer, Logger, References } from "effect"
import { type LoggingDetail, MetricsRuntime, type RecorderService } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { foldTurn } from "../support/foldTurn.ts"
import { type LogLine, recordLogs } from "../support/logs.ts"
import { Fragile, poison, Ticks, tick } from "../support/probe.metrics.ts"

/** Runs `body` with a recorder that logs in this detail, and gives the lines. */
const linesOf = <A, E, R>(body: (logging: LoggingDetail) => Effect.Effect<A, E, R>, logging: LoggingDetail) =>
  Effect.suspend(() => {
    const { layer, lines } = recordLogs()
    return body(logging).pipe(
      // A failure is logged at the turn after the one in which it is told.
      Effect.tap(foldTurn),
      Effect.map((result) => ({ result, lines: lines as ReadonlyArray<LogLine> })),
      Effect.provide(layer)
    )
  })

/** A life in which nothing goes wrong, with so many events of each form of emit. */
const goodLife = (events: number) => (logging: LoggingDetail) =>
  Effect.gen(function* () {
    const recorder = yield* newRecorder({ logging })
    yield* recorder.register(Ticks)
    for (let n = 0; n < events; n++) {
      recorder.emitUnsafe(tick(n))
      yield* recorder.emit(tick(n))
    }
    yield* recorder.stop
    yield* recorder.start
    yield* recorder.stop
    return recorder.recorderId
  })

/** A life in which everything goes wrong that leaves a recorder alive until its stop, which fails as well. */
const badLife = (logging: LoggingDetail) =>
  Effect.gen(function* () {
    const recorder = yield* newRecorder({
      logging,
      onMetricChanged: () => Effect.fail("the sink is closed"),
      onStopped: Effect.fail("the sink was closed before")
    })
    yield* recorder.register(Fragile)
    yield* recorder.emit(tick())
    yield* recorder.emit(poison("a bad reducer"))
    yield* recorder.snapshots
    yield* Effect.ignore(recorder.stop)
    return recorder.recorderId
  })

const read = (logging: LoggingDetail) =>
  Effect.gen(function* () {
    const recorder = yield* newRecorder({ logging })
    yield* recorder.register(Ticks)
    yield* recorder.snapshots
  })

/** Every kind of read of a recorder. */
const reads: { readonly [name: string]: (recorder: RecorderService) => Effect.Effect<unknown, unknown> } = {
  snapshots: (recorder) => recorder.snapshots,
  snapshot: (recorder) => recorder.snapshot(Ticks),
  report: (recorder) => recorder.report,
  states: (recorder) => recorder.states,
  "a delta read": (recorder) => Effect.flatMap(recorder.deltaReader, ({ read }) => read),
  metrics: (recorder) => recorder.metrics,
  stats: (recorder) => recorder.stats,
  state: (recorder) => recorder.state
}

onBothLayers("the log of a recorder", (it) => {
  it.effect("is nothing if it is silent, whatever happens", () =>
    Effect.gen(function* () {
      expect((yield* linesOf(goodLife(10), "silent")).lines).toEqual([])
      expect((yield* linesOf(badLife, "silent")).lines).toEqual([])
      expect((yield* linesOf(read, "silent")).lines).toEqual([])
    })
  )

  it.effect("names the recorder and the namespace in every line", () =>
    Effect.gen(function* () {
      const { namespace } = yield* MetricsRuntime
      const lives = yield* Effect.all([linesOf(goodLife(10), "inspection"), linesOf(badLife, "inspection")])
      for (const { lines, result: recorderId } of lives) {
        expect(lines.length).toBeGreaterThan(0)
        for (const { annotations } of lines) expect(annotations).toMatchObject({ namespace, recorderId })
      }
    })
  )

  it.effect("is its lifecycle, at debug level, if all goes well", () =>
    Effect.gen(function* () {
      const { lines } = yield* linesOf(goodLife(10), "normal")
      expect([...new Set(lines.map(({ level }) => level))]).toEqual(["Debug"])
      for (const step of [/registered.*probe\.ticks/, /started/, /stopped/]) {
        expect(lines.map(({ text }) => text)).toContainEqual(expect.stringMatching(step))
      }
    })
  )

  it.effect("is never a line per event, at any logging level", () =>
    Effect.gen(function* () {
      for (const detail of ["normal", "inspection"] as const) {
        const few = yield* linesOf(goodLife(1), detail)
        const many = yield* linesOf(goodLife(2000), detail)
        expect(many.lines.length).toBe(few.lines.length)
      }
    })
  )

  it.effect("is a warning for what it survives: a quarantined metric, a failed hook of a change", () =>
    Effect.gen(function* () {
      const { lines } = yield* linesOf(badLife, "normal")
      const warnings = lines.filter(({ level }) => level === "Warn").map(({ text }) => text)
      expect(warnings).toHaveLength(2)
      expect(warnings).toContainEqual(expect.stringMatching(/onMetricChanged.*the sink is closed/s))
      expect(warnings).toContainEqual(expect.stringMatching(/probe\.fragile.*a bad reducer/s))
    })
  )

  it.effect("is an error when a hook fails its start or its stop", () =>
    Effect.gen(function* () {
      const start = (logging: LoggingDetail) =>
        Effect.flatMap(newRecorder({ logging, onStarting: Effect.fail("no sink") }), ({ start }) => Effect.flip(start))
      const stopped = yield* linesOf(badLife, "normal")
      const started = yield* linesOf(start, "normal")
      const errors = [...stopped.lines, ...started.lines].filter(({ level }) => level === "Error")
      expect(errors.map(({ text }) => text)).toEqual([
        expect.stringMatching(/onStopped.*the sink was closed before/s),
        expect.stringMatching(/onStarting.*no sink/s)
      ])
    })
  )

  it.effect.each(Object.entries(reads))("is %s, in one line at debug level, only under inspection", ([_, look]) =>
    Effect.gen(function* () {
      const life = (logging: LoggingDetail) =>
        Effect.gen(function* () {
          const recorder = yield* newRecorder({ logging })
          yield* recorder.register(Ticks)
          yield* look(recorder)
        })
      const normal = yield* linesOf(life, "normal")
      const inspection = yield* linesOf(life, "inspection")
      expect(inspection.lines).toHaveLength(normal.lines.length + 1)
      expect(inspection.lines.at(-1)).toMatchObject({ level: "Debug", text: expect.stringMatching(/read/) })
    })
  )

  it.effect("includes its creation and removal, at debug level", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const { lines } = yield* linesOf(
        (logging) =>
          Effect.flatMap(newRecorder({ logging }), ({ recorderId }) => runtime.stopAndRemoveRecorder(recorderId)),
        "normal"
      )
      expect(lines.filter(({ text }) => text === "made" || text === "removed")).toEqual([
        { level: "Debug", text: "made", annotations: expect.anything() },
        { level: "Debug", text: "removed", annotations: expect.anything() }
      ])
    })
  )

  it.effect("includes its reads, at debug level, only under inspection", () =>
    Effect.gen(function* () {
      const normal = yield* linesOf(read, "normal")
      const inspection = yield* linesOf(read, "inspection")
      expect(inspection.lines).toHaveLength(normal.lines.length + 1)
      expect(inspection.lines.at(-1)).toMatchObject({ level: "Debug", text: expect.stringMatching(/read/) })
    })
  )

  it.effect("includes a warning for a hook of a change that throws or interrupts itself", () =>
    Effect.gen(function* () {
      const wrong = [
        () => Effect.interrupt,
        () => {
          throw new Error("the sink is closed")
        }
      ]
      for (const onMetricChanged of wrong) {
        const { lines } = yield* linesOf(
          (logging) =>
            Effect.gen(function* () {
              const recorder = yield* newRecorder({ logging, onMetricChanged })
              yield* recorder.register(Ticks)
              yield* recorder.emit(tick())
              yield* recorder.snapshots
            }),
          "normal"
        )
        expect(lines.filter(({ level }) => level === "Warn")).toHaveLength(1)
      }
    })
  )
})

it.effect("a runtime logs each look-up, list and scrape, at debug level, only under inspection", () =>
  Effect.gen(function* () {
    const { layer, lines } = recordLogs()
    const look = (logging: LoggingDetail) =>
      Effect.gen(function* () {
        const runtime = yield* MetricsRuntime.makeInProcess({ namespace: "test", logging })
        yield* runtime.start
        yield* runtime.createRecorder("a", { logging: "silent" })
        const before = lines.length
        yield* runtime.recorderIds
        yield* runtime.getRecorder("a")
        yield* runtime.findRecorder("b")
        yield* Effect.provideService(Prometheus.render(), MetricsRuntime, runtime)
        return lines.slice(before)
      }).pipe(Effect.scoped, Effect.provide(layer))
    expect(yield* look("normal")).toEqual([])
    const annotations = { namespace: "test" }
    expect(yield* look("inspection")).toEqual([
      { level: "Debug", text: "listed the recorders", annotations },
      { level: "Debug", text: "looked up the recorder a", annotations },
      { level: "Debug", text: "looked for the recorder b", annotations },
      { level: "Debug", text: "scraped 1 recorders", annotations }
    ])
  })
)

it.effect("a logger that throws changes nothing", () => {
  const logger = Logger.make(() => {
    throw new Error("the logger is closed")
  })
  const layer = Layer.merge(Logger.layer([logger]), Layer.succeed(References.MinimumLogLevel, "All"))
  return Effect.gen(function* () {
    const runtime = yield* MetricsRuntime.makeInProcess({ namespace: "test", logging: "inspection" })
    yield* runtime.start
    const recorder = yield* runtime.createRecorder("a", { onMetricChanged: () => Effect.fail("no sink") })
    yield* recorder.register(Ticks)
    yield* recorder.emit(tick(3))
    expect((yield* recorder.report).stats).toMatchObject({ state: "Running", applied: 1 })
    yield* runtime.shutdown
    expect(yield* runtime.state).toBe("Closed")
  }).pipe(Effect.scoped, Effect.provide(layer))
})
