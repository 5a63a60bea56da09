/** A reducer should be pure. One that emits corrupts nothing: in process it runs within the emitting call. */
import { expect, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Metric, MetricsRuntime } from "mvx-metrics"

const Outer = Schema.TaggedUnion({ outer: { n: Schema.Number } })
const Inner = Schema.TaggedUnion({ inner: { n: Schema.Number, text: Schema.String } })

it.live.each([1, 1000])("every event arrives once, also if every %dth causes another", (every) =>
  Effect.gen(function* () {
    const events = 50_000
    let refused = 0
    let emitInner = (_n: number): void => {}
    const Outers = Metric.make("outer", {
      events: Outer,
      initial: { count: 0, sum: 0 },
      reduce: {
        outer: ({ count, sum }, { n }) => {
          if (n % every === 0) emitInner(n)
          return { count: count + 1, sum: sum + n }
        }
      }
    })
    const Inners = Metric.make("inner", {
      events: Inner,
      initial: { count: 0, sum: 0, wrong: 0 },
      reduce: {
        inner: ({ count, sum, wrong }, { n, text }) => ({
          count: count + 1,
          sum: sum + n,
          wrong: text.trim() === `${n % 100}` ? wrong : wrong + 1
        })
      }
    })
    const runtime = yield* MetricsRuntime.makeInProcess({ namespace: "test.reducers", logging: "silent" })
    yield* runtime.start
    const outer = yield* runtime.createRecorder("outer", { capacity: 2 * events })
    const inner = yield* runtime.createRecorder("inner", { capacity: 2 * events })
    yield* outer.register(Outers)
    yield* inner.register(Inners)
    emitInner = (n) => {
      // Longer than what stays in the dictionary: such strings take turns with their codes.
      if (!inner.emitUnsafe({ _tag: "inner", n, text: `${n % 100}`.padEnd(260) })) refused++
    }
    for (let n = 0; n < events; n++) if (!outer.emitUnsafe({ _tag: "outer", n })) refused++
    expect(refused).toBe(0)
    expect((yield* outer.snapshot(Outers)).dimensions).toEqual({ count: events, sum: (events * (events - 1)) / 2 })
    const count = Math.ceil(events / every)
    expect((yield* inner.snapshot(Inners)).dimensions).toEqual({
      count,
      sum: (every * count * (count - 1)) / 2,
      wrong: 0
    })
    expect((yield* inner.stats).pending).toBe(0)
  }).pipe(Effect.scoped)
)

it.live.each([1, 2, 4])(
  "an event that is emitted while a recorder of capacity %d looks for room arrives as well",
  (capacity) =>
    Effect.gen(function* () {
      let emitInner = (): void => {}
      const Outers = Metric.make("outer", {
        events: Outer,
        initial: 0,
        reduce: {
          outer: (count) => {
            emitInner()
            return count + 1
          }
        }
      })
      const Inners = Metric.counter("inner", { events: Inner })
      const runtime = yield* MetricsRuntime.makeInProcess({ namespace: "test.reducers", logging: "silent" })
      yield* runtime.start
      const outer = yield* runtime.createRecorder("outer", { capacity })
      const inner = yield* runtime.createRecorder("inner")
      yield* outer.register(Outers)
      yield* inner.register(Inners)
      emitInner = () => void inner.emitUnsafe({ _tag: "inner", n: 1, text: "" })
      for (let n = 0; n < 20; n++) expect(outer.emitUnsafe({ _tag: "outer", n })).toBe(true)
      expect((yield* outer.snapshot(Outers)).dimensions).toEqual({ value: 20 })
      expect((yield* inner.snapshot(Inners)).dimensions).toEqual({ value: 20 })
    }).pipe(Effect.scoped)
)
