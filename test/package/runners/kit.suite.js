// The testing kit as users have it, in whichever runner: each gives its own `test`, and its matcher of about a number.
import assert from "node:assert/strict"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Metric, Recorder, Replay } from "mvx-metrics"
import { MetricsRuntime } from "mvx-metrics/promise"
import {
  assertSnapshot,
  assertSnapshotMatches,
  assertSnapshots,
  assertSnapshotsMatch,
  TestRecorder
} from "mvx-metrics/testing"
import { CacheEvent, Lookups } from "./cache.metrics.js"

const Rate = Metric.rate("cache.rate", { events: CacheEvent, window: "10 seconds" })
/** A state that is no plain object. */
const Tenants = Metric.make("cache.tenants", {
  events: CacheEvent,
  initial: { seen: new Set(), last: new Date(0) },
  reduce: {
    "cache.lookup": ({ seen }, { tenant }, at) => ({ seen: new Set([...seen, tenant]), last: new Date(at) })
  }
})

const lookup = (hit, tenant = "a") => ({ _tag: "cache.lookup", hit, tenant })
const one = (series) => ({ ...series, value: 1 })
const expected = {
  value: 3,
  series: [
    { labels: { hit: false, tenant: "b" }, value: 1 },
    { labels: { hit: true, tenant: "a" }, value: 2 }
  ]
}

export const suite = (test, closeTo) => {
  test("assertions pass for what a replay gives", () => {
    const events = [lookup(true), lookup(true), lookup(false, "b")].map((event) => ({ at: 5, event }))
    const snapshots = Replay.run([Lookups, Tenants], events)
    assertSnapshots(snapshots, {
      "cache.lookups": expected,
      "cache.tenants": { seen: new Set(["a", "b"]), last: new Date(5) }
    })
    assertSnapshotsMatch(snapshots, { "cache.lookups": { series: [{ labels: { hit: true, tenant: "a" } }] } })
    assertSnapshot(snapshots["cache.lookups"], expected)
    assertSnapshotMatches(snapshots["cache.lookups"], { value: closeTo(3.001) })
  })

  test("assertions say what differs", () => {
    const snapshots = Replay.run(Lookups, [{ at: 0, event: lookup(true) }])
    assert.throws(() => assertSnapshots(snapshots, { "cache.lookups": { value: 2, series: [] } }), {
      name: "AssertionError",
      message: /cache\.lookups\.value: expected 2, received 1/
    })
  })

  test("a recorder under a TestClock has exact times", async () => {
    const program = Effect.gen(function* () {
      yield* Recorder.register(Lookups)
      yield* Recorder.register(Rate)
      yield* Recorder.emit(lookup(true))
      yield* TestClock.adjust("5 seconds")
      yield* Recorder.emit(lookup(true))
      yield* Recorder.emit(lookup(false, "b"))
      assertSnapshots(yield* Recorder.snapshots, { "cache.lookups": expected, "cache.rate": { perSecond: 0.3 } })
      yield* TestClock.adjust("1 minute")
      assertSnapshotsMatch(yield* Recorder.snapshots, { "cache.rate": { perSecond: 0 } })
      assert.deepEqual((yield* TestRecorder.events).length, 3)
    })
    await Effect.runPromise(program.pipe(Effect.provide(TestRecorder.layer()), Effect.provide(TestClock.layer())))
  })

  test("a recorder without a clock captures what was emitted", () => {
    const program = Effect.gen(function* () {
      yield* Recorder.emit(lookup(true))
      yield* Recorder.emit(lookup(false, "b"))
      yield* Effect.ignore(Recorder.emit({ hit: true }))
      const events = yield* TestRecorder.eventsOf(CacheEvent)
      assert.deepEqual(
        events.map(({ event }) => event.tenant),
        ["a", "b"]
      )
      assert.equal((yield* TestRecorder.refused).length, 1)
      assertSnapshots(yield* Recorder.snapshots, { "cache.lookups": { value: 2, series: expected.series.map(one) } })
    })
    Effect.runSync(Effect.provide(program, TestRecorder.layerSync({ metrics: [Lookups] })))
  })

  test("a worker imports its metrics, and answers", async () => {
    const metrics = new URL("./cache.metrics.js", import.meta.url)
    const runtime = await MetricsRuntime.start({ namespace: "runners", logging: "silent", metrics })
    const recorder = await runtime.createRecorder("cache")
    await recorder.registerMetric(Lookups)
    for (const event of [lookup(true), lookup(true), lookup(false, "b")]) recorder.registerEvent(event)
    assertSnapshots(await recorder.getMetricSnapshots(), { "cache.lookups": expected })
    await runtime.shutdown()
  })

  test("a definition with a misspelt field is refused", () => {
    assert.throws(() => Metric.counter("m", { events: CacheEvent, labels: ["tenent"] }), {
      _tag: "mvx-metrics/InvalidArgument",
      message: /Did you mean "tenant"\?/
    })
    assert.throws(() => Metric.counter("m", { events: Schema.Struct({}) }), { _tag: "mvx-metrics/InvalidArgument" })
  })
}
