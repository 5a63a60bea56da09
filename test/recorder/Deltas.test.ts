// The differences since a reader's last read add up to the total, and the reads do not affect anything else.
import { expect } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { TestClock } from "effect/testing"
import fc from "fast-check"
import type { Metric, RecorderService, Snapshot } from "mvx-metrics"
import { onBothLayers, recorderWith } from "../support/bothLayers.ts"
import { request } from "../support/instruments.metrics.ts"
import { forEvery } from "../support/property.ts"
import { Count, Durations, Expiring, Latest, Longest, Opaque, Sum, Users, Whole } from "../support/shapes.metrics.ts"

const modules = [new URL("../support/shapes.metrics.ts", import.meta.url)]

const emit = (recorder: RecorderService, ...seconds: ReadonlyArray<number>) =>
  Effect.forEach(seconds, (each) => recorder.emit(request({ seconds: each })), { discard: true })

const visit = (recorder: RecorderService, ...users: ReadonlyArray<string>) =>
  Effect.forEach(users, (user) => recorder.emit(request({ user })), { discard: true })

const dimensions = <M extends Metric.Any>(snapshots: Snapshot.Snapshots, { name }: M) =>
  (snapshots[name] as Snapshot.Snapshot<Metric.Dimensions<M>>).dimensions

onBothLayers(
  "a delta reader",
  (it) => {
    it.effect("shows everything on the first read, and then the difference", () =>
      Effect.gen(function* () {
        const recorder = yield* recorderWith(Count, Durations, Sum)
        yield* emit(recorder, 1, 2)
        const { read } = yield* recorder.deltaReader
        expect(yield* read).toEqual(yield* recorder.snapshots)
        yield* emit(recorder, 5)
        yield* recorder.emit(request({ method: "PUT", seconds: 0.5 }))
        const snapshots = yield* read
        expect(dimensions(snapshots, Count)).toEqual({
          value: 2,
          series: [
            { labels: { method: "GET" }, value: 1 },
            { labels: { method: "PUT" }, value: 1 }
          ]
        })
        expect(dimensions(snapshots, Durations)).toMatchObject({ count: 2, sum: 5.5, counts: [1, 1] })
        expect(dimensions(snapshots, Sum)).toEqual({ value: 5.5 })
        expect(dimensions(yield* read, Sum)).toEqual({ value: 0 })
      })
    )

    it.effect("adds up to the total, however it is read, next to another reader and snapshots", () =>
      forEvery(
        fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom("one", "other", "snapshots")), {
          maxLength: 30,
          size: "max"
        }),
        (steps) =>
          Effect.gen(function* () {
            const recorder = yield* recorderWith(Count, Durations, Sum)
            const readers = { one: yield* recorder.deltaReader, other: yield* recorder.deltaReader }
            const sums = { one: [0, 0, 0], other: [0, 0, 0] }
            const read = (who: "one" | "other") =>
              Effect.map(readers[who].read, (snapshots) => {
                const durations = dimensions(snapshots, Durations)
                const seen = [dimensions(snapshots, Count).value, durations.sum, dimensions(snapshots, Sum).value]
                sums[who] = sums[who].map((sum, i) => sum + seen[i]!)
              })
            for (const step of steps) {
              if (typeof step === "number") yield* emit(recorder, step)
              else if (step === "snapshots") yield* recorder.snapshots
              else yield* read(step as "one" | "other")
            }
            yield* read("one")
            yield* read("other")
            const numbers = steps.filter((step) => typeof step === "number")
            const total = numbers.reduce((sum, each) => sum + each, 0)
            expect(sums).toEqual({ one: [numbers.length, total, total], other: [numbers.length, total, total] })
            const whole = yield* recorder.snapshots
            expect(dimensions(whole, Sum)).toEqual({ value: total })
          }),
        25
      )
    )

    it.effect("shows current values for metrics without differences", () =>
      Effect.gen(function* () {
        const recorder = yield* recorderWith(Longest, Latest, Users)
        const { read } = yield* recorder.deltaReader
        yield* emit(recorder, 9)
        yield* read
        yield* emit(recorder, 3)
        expect(yield* read).toEqual(yield* recorder.snapshots)
        expect(yield* read).toEqual(yield* recorder.snapshots)
      })
    )

    it.effect("leaves out a metric whose state cannot be cloned", () =>
      Effect.gen(function* () {
        const recorder = yield* recorderWith(Opaque, Sum)
        yield* emit(recorder, 1)
        expect(Object.keys(yield* (yield* recorder.deltaReader).read)).toEqual([Sum.name])
      })
    )

    it.effect("shows a metric that was registered later, from then on", () =>
      Effect.gen(function* () {
        const recorder = yield* recorderWith(Sum)
        const { read } = yield* recorder.deltaReader
        yield* emit(recorder, 1)
        yield* read
        yield* recorder.register(Count)
        yield* emit(recorder, 2)
        const snapshots = yield* read
        expect([dimensions(snapshots, Sum).value, dimensions(snapshots, Count).value]).toEqual([2, 1])
      })
    )

    it.effect("reports why the view of a metric cannot show the difference, and continues", () =>
      Effect.gen(function* () {
        const recorder = yield* recorderWith(Whole, Sum)
        const { read } = yield* recorder.deltaReader
        yield* emit(recorder, 1, 1)
        expect(dimensions(yield* read, Whole)).toEqual({ count: 2 })
        yield* emit(recorder, 1)
        const snapshots = yield* read
        expect(snapshots[Whole.name]?.quarantine?.error).toContain("cannot show 1")
        expect(dimensions(snapshots, Sum)).toEqual({ value: 1 })
        expect(yield* recorder.snapshot(Whole)).toEqual({ name: Whole.name, dimensions: { count: 3 } })
        yield* emit(recorder, 1, 1)
        expect(dimensions(yield* read, Whole)).toEqual({ count: 2 })
      })
    )
  },
  modules
)

onBothLayers(
  "series that expire",
  (it) => {
    const series = (shown: Metric.Dimensions<typeof Expiring>) =>
      Object.fromEntries(shown.series.map(({ labels, value }) => [labels.user, value]))

    it.effect("expire by the reader's time, stay in the total, and start again", () =>
      Effect.gen(function* () {
        const recorder = yield* recorderWith(Expiring)
        yield* visit(recorder, "Ann", "Bob", "Bob")
        yield* TestClock.adjust("9 seconds")
        yield* visit(recorder, "Ann")
        const before = (yield* recorder.snapshot(Expiring)).dimensions
        expect([before.value, series(before)]).toEqual([4, { Ann: 2, Bob: 2 }])
        yield* TestClock.adjust("1 second")
        const after = (yield* recorder.snapshot(Expiring)).dimensions
        expect([after.value, series(after)]).toEqual([4, { Ann: 2 }])
        yield* visit(recorder, "Bob")
        const again = (yield* recorder.snapshot(Expiring)).dimensions
        expect([again.value, series(again)]).toEqual([5, { Ann: 2, Bob: 1 }])
        yield* TestClock.adjust("1 minute")
        const gone = (yield* recorder.snapshot(Expiring)).dimensions
        expect([gone.value, series(gone)]).toEqual([5, {}])
      })
    )

    it.effect("are distinguished from earlier ones by more than time, which may be set back", () =>
      Effect.gen(function* () {
        const recorder = yield* recorderWith(Expiring)
        const now = yield* Clock.currentTimeMillis
        const { read } = yield* recorder.deltaReader
        yield* visit(recorder, "Ann", "Ann", "Ann")
        yield* read
        yield* TestClock.adjust("11 seconds")
        yield* visit(recorder, "Bob")
        yield* TestClock.setTime(now)
        yield* visit(recorder, "Ann", "Ann", "Ann", "Ann")
        const shown = dimensions(yield* read, Expiring)
        expect([shown.value, series(shown)]).toEqual([5, { Ann: 4, Bob: 1 }])
      })
    )

    it.effect("are counted once in the difference, whether they have gone, gone and returned, or stayed", () =>
      Effect.gen(function* () {
        const recorder = yield* recorderWith(Expiring)
        const { read } = yield* recorder.deltaReader
        yield* visit(recorder, "Ann", "Ann", "Bob", "Cid")
        expect(dimensions(yield* read, Expiring).value).toBe(4)
        yield* TestClock.adjust("6 seconds")
        yield* visit(recorder, "Cid")
        yield* TestClock.adjust("6 seconds")
        // Bob has come and gone again before anybody looks.
        yield* visit(recorder, "Bob", "Bob", "Cid")
        const came = dimensions(yield* read, Expiring)
        expect([came.value, series(came)]).toEqual([4, { Bob: 2, Cid: 2 }])
        yield* TestClock.adjust("20 seconds")
        yield* visit(recorder, "Ann")
        const last = dimensions(yield* read, Expiring)
        expect([last.value, series(last)]).toEqual([1, { Ann: 1 }])
        expect((yield* recorder.snapshot(Expiring)).dimensions.value).toBe(9)
      })
    )

    it.effect("add up, whenever events come and readers read", () =>
      forEvery(
        fc.array(fc.oneof(fc.constantFrom("Ann", "Bob", "Cid", "read"), fc.integer({ min: 1, max: 15 })), {
          maxLength: 40,
          size: "max"
        }),
        (steps) =>
          Effect.gen(function* () {
            const recorder = yield* recorderWith(Expiring)
            const { read } = yield* recorder.deltaReader
            let seen = 0
            let count = 0
            for (const step of [...steps, "read"]) {
              if (typeof step === "number") yield* TestClock.adjust(`${step} seconds`)
              else if (step === "read") {
                const shown = dimensions(yield* read, Expiring)
                const inSeries = shown.series.map(({ value }) => value)
                expect(Math.min(0, ...inSeries)).toBe(0)
                expect(inSeries.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(shown.value)
                seen += shown.value
                expect(seen).toBe(count)
              } else {
                yield* visit(recorder, step)
                count++
              }
            }
            expect((yield* recorder.snapshot(Expiring)).dimensions.value).toBe(count)
          }),
        40
      )
    )
  },
  modules
)
