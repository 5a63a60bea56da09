// An invalid event gets a typed error that names the argument and the reason, is counted, and changes nothing.
import { expect, it } from "@effect/vitest"
import { Data, Effect } from "effect"
import { MetricEvent, MetricsError, Recorder } from "mvx-metrics"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { Notes, Ticks, tick } from "../support/probe.metrics.ts"

const revokedProxy = () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const throwing = (thrown: unknown) => () => {
  throw thrown
}

/** By what is wrong with it: not an event at all. */
const notEvents: ReadonlyArray<readonly [what: string, event: unknown]> = [
  ["undefined", undefined],
  ["null", null],
  ["a string", "probe.tick"],
  ["a number", 1],
  ["true", true],
  ["a symbol", Symbol("probe.tick")],
  ["a bigint", 1n],
  ["a function", Object.assign(() => {}, { _tag: "probe.tick" })],
  ["an object without _tag", { n: 1 }],
  ["an array", [tick()]],
  ["an empty _tag", { _tag: "", n: 1 }],
  ["a blank _tag", { _tag: " \t\n", n: 1 }],
  ["a number as _tag", { _tag: 1 }],
  ["null as _tag", { _tag: null }],
  ["a String object as _tag", { _tag: new String("probe.tick") }],
  ["a _tag that throws", Object.defineProperty({}, "_tag", { get: throwing(new Error("no tag")) })],
  [
    "a _tag that throws an unprintable value",
    Object.defineProperty({}, "_tag", { get: throwing(Object.create(null)) })
  ],
  ["a proxy that throws", new Proxy({}, { get: throwing(new Error("no access")) })],
  ["a revoked proxy", revokedProxy()]
]

/** With a `_tag`, but not plain data: it could not cross a thread, or not without losing something. */
const notPlainData: ReadonlyArray<readonly [what: string, event: unknown]> = [
  ["a function inside", { _tag: "probe.tick", n: () => 1 }],
  ["a function deep inside", { _tag: "probe.note", text: "", tags: [{ deep: { deeper: () => 1 } }] }],
  ["a symbol inside", { _tag: "probe.tick", n: Symbol("n") }],
  ["a promise inside", { _tag: "probe.tick", n: Promise.resolve(1) }],
  ["a WeakMap inside", { _tag: "probe.tick", n: new WeakMap() }],
  [
    "a property that throws",
    {
      _tag: "probe.tick",
      get n() {
        throw new Error("no n")
      }
    }
  ],
  [
    "a property that throws an unprintable value",
    {
      _tag: "probe.tick",
      get n() {
        throw Object.create(null)
      }
    }
  ],
  ["a proxy whose keys throw", new Proxy({ _tag: "probe.tick" }, { ownKeys: throwing(new Error("no keys")) })]
]

const badEvents = [...notEvents, ...notPlainData]

onBothLayers("an invalid event", (it) => {
  it.effect.each(badEvents)("%s: is rejected with a typed error, counted, and changes nothing", ([, event]) =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      const before = yield* recorder.report
      const error = yield* Effect.flip(recorder.emit(event as never))
      expect(error).toBeInstanceOf(MetricsError.InvalidArgument)
      expect(error).toMatchObject({
        _tag: "mvx-metrics/InvalidArgument",
        argument: "event",
        reason: expect.stringMatching(/\S/)
      })
      expect(recorder.emitUnsafe(event as never)).toBe(false)
      yield* Effect.provideService(Recorder.emit(event as never), Recorder, recorder)
      const after = yield* recorder.report
      const refusals = { offered: 3, refused: 3, refusedBy: { overflow: 0, invalid: 3, notRunning: 0 } }
      expect(after).toEqual({ ...before, stats: { ...before.stats, ...refusals } })
    })
  )

  it.effect("between valid ones is skipped", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      for (const [, event] of badEvents) {
        recorder.emitUnsafe(tick(1))
        recorder.emitUnsafe(event as never)
      }
      const count = badEvents.length
      expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count, sum: count })
      expect(yield* recorder.stats).toMatchObject({
        offered: 2 * count,
        accepted: count,
        refusedBy: { invalid: count }
      })
    })
  )
})

it("MetricEvent.isMetricEvent distinguishes events from other values, and never throws", () => {
  for (const [what, event] of notEvents) expect(MetricEvent.isMetricEvent(event), what).toBe(false)
  expect(MetricEvent.isMetricEvent(tick())).toBe(true)
  expect(MetricEvent.isMetricEvent({ _tag: "unheard.of" })).toBe(true)
})

class Saved extends Data.TaggedClass("probe.note")<{ readonly text: string; readonly tags: ReadonlyArray<string> }> {
  get shout(): string {
    return this.text.toUpperCase()
  }
}

onBothLayers("an instance of a class", (it) => {
  it.effect("is an event with its own data", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Notes)
      expect(yield* recorder.emit(new Saved({ text: "a", tags: ["b"] }))).toBe(true)
      expect((yield* recorder.snapshot(Notes)).dimensions).toEqual({ notes: ["a #b"] })
    })
  )
})
