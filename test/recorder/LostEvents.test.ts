// Recorder.emit and Recorder.onExit use the fiber's recorder: their losses are reported in one warning per tag.
import { expect, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { Metric, Recorder } from "mvx-metrics"
import { vi } from "vitest"
import { recordLogs } from "../support/logs.ts"
import { Notes, ProbeEvent, Ticks, tick } from "../support/probe.metrics.ts"

/** The warnings of an effect. Tags are warned of once in a process, so each test has tags of its own. */
const warningsOf = <E, R>(effect: Effect.Effect<unknown, E, R>) =>
  Effect.gen(function* () {
    const { layer, lines } = recordLogs()
    yield* Effect.provide(effect, layer)
    return lines.filter(({ level }) => level === "Warn").map(({ text }) => text)
  })

it.effect("an event in a fiber without a recorder is warned about once per tag", () =>
  Effect.gen(function* () {
    const lost = Recorder.emit({ _tag: "lost.alone" })
    expect(yield* warningsOf(Effect.andThen(lost, lost))).toEqual([
      'mvx-metrics: Recorder.emit does nothing with "lost.alone": the fiber that runs it has no recorder. Emit through the emitter that Recorder.register returns, or provide a recorder where the component is used (Layer.provideMerge)'
    ])
    expect(yield* warningsOf(lost)).toEqual([])
    expect(yield* warningsOf(Recorder.emit({ _tag: "lost.another" }))).toHaveLength(1)
  })
)

it.effect("onExit in a fiber without a recorder emits nothing and is warned about once", () =>
  Effect.gen(function* () {
    // Other tests of this process may have been warned.
    vi.resetModules()
    const fresh = yield* Effect.promise(() => import("mvx-metrics"))
    let made = 0
    const measured = Effect.void.pipe(
      fresh.Recorder.onExit(() => {
        made++
        return tick()
      })
    )
    const warnings = yield* warningsOf(Effect.andThen(measured, measured))
    expect(warnings).toEqual([expect.stringContaining("Recorder.onExit emits no event: the fiber that runs it has no")])
    expect(made).toBe(0)
  })
)

it.effect("an event that no metric reads is counted as ignored, and warned about once per tag", () =>
  Effect.gen(function* () {
    const recorder = yield* Recorder.make({ entityId: "ticking" })
    yield* recorder.register(Ticks)
    const program = Effect.gen(function* () {
      for (let i = 0; i < 2; i++) yield* Recorder.emit({ _tag: "lost.unread" })
      for (let i = 0; i < 2; i++) yield* Effect.void.pipe(Recorder.onExit(() => ({ _tag: "lost.unread.exit" })))
      yield* Recorder.emit(tick())
    })
    expect(yield* warningsOf(Effect.provideService(program, Recorder, recorder))).toEqual([
      'mvx-metrics: Recorder.emit does nothing with "lost.unread": no metric of the recorder "ticking" reads it. Register a metric that does',
      'mvx-metrics: Recorder.emit does nothing with "lost.unread.exit": no metric of the recorder "ticking" reads it. Register a metric that does'
    ])
    expect(yield* recorder.report).toMatchObject({ stats: { accepted: 5, applied: 1, ignored: 4 } })
  }).pipe(Effect.scoped)
)

it.effect("an emitter without a recorder logs only a debug line that names what is not measured", () =>
  Effect.gen(function* () {
    const { layer, lines } = recordLogs()
    const metrics = yield* Effect.provide(Recorder.register(Metric.combine(Ticks, Notes)), layer)
    yield* Effect.provide(Effect.andThen(Recorder.emitter(ProbeEvent), metrics.emit(tick())), layer)
    expect(lines.map(({ level, text }) => [level, text])).toEqual([
      ["Debug", "mvx-metrics: no recorder here, so these metrics measure nothing: probe.ticks, probe.notes"],
      ["Debug", "mvx-metrics: no recorder here, so an emitter does nothing"]
    ])
  })
)

it.effect("a function that throws instead of returning an event is warned about once per emitter, with the error", () =>
  Effect.gen(function* () {
    const recorder = yield* Recorder.make()
    const metrics = yield* recorder.register(Ticks)
    const throws = (): never => {
      throw new Error("no outcome")
    }
    const work = Effect.andThen(metrics.onExit(Effect.void, throws), metrics.track(Effect.void, throws))
    const { layer, lines } = recordLogs()
    yield* Effect.provide(work, layer)
    expect(lines).toMatchObject([{ level: "Warn", text: "mvx-metrics: a function that makes an event threw" }])
    expect((yield* recorder.stats).refusedBy.invalid).toBe(2)
  }).pipe(Effect.scoped)
)

it.effect("an invalid event is not warned about: it is counted as invalid", () =>
  Effect.gen(function* () {
    const emitted = Effect.andThen(Recorder.emit(null as never), Recorder.emit({ _tag: 1 } as never))
    expect(yield* warningsOf(emitted)).toEqual([])
  })
)

it.effect("a logger that throws at the warning fails neither the emission nor the effect", () =>
  Effect.gen(function* () {
    const recorder = yield* Recorder.make()
    let lines = 0
    const throwing = Logger.make(() => {
      lines++
      throw new Error("no log")
    })
    yield* Effect.gen(function* () {
      yield* Recorder.emit({ _tag: "lost.logged" })
      yield* Effect.provideService(Recorder.emit({ _tag: "lost.logged_unread" }), Recorder, recorder)
      const measured = Recorder.onExit(Effect.succeed(5), () => ({ _tag: "lost.at_exit" }))
      expect(yield* Effect.provideService(measured, Recorder, recorder)).toBe(5)
      const unmeasured = yield* Recorder.register(Ticks)
      yield* unmeasured.emit(tick())
      const metrics = yield* recorder.register(Ticks)
      const throws = (): never => {
        throw new Error("no outcome")
      }
      expect(yield* metrics.onExit(Effect.succeed(6), throws)).toBe(6)
    }).pipe(Effect.provide(Logger.layer([throwing])))
    expect(lines).toBe(4)
  })
)
