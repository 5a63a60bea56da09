// `exemplar: "span"`: the trace of an event is the span in which it is emitted, whatever path it takes to the fold.
import { expect } from "@effect/vitest"
import { Duration, Effect, Fiber, Tracer } from "effect"
import { TestClock } from "effect/testing"
import { Recorder } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { forkNow } from "../support/forkNow.ts"
import { makeGate } from "../support/gate.ts"
import { Batches, batch, Calls, CallTime, call, Mapped, Others, Seen } from "../support/spans.metrics.ts"

interface Ids {
  readonly traceId: string
  readonly spanId: string
}

const idsOf = ({ spanId, traceId }: Tracer.AnySpan): Ids => ({ traceId, spanId })

const spanHere = Effect.map(Effect.currentParentSpan, idsOf)

const external = (sampled: boolean) => Tracer.externalSpan({ traceId: "e".repeat(32), spanId: "f".repeat(16), sampled })

/** The exemplars of a recorder, by the sample that each stands at. */
const exemplarsOf = ({ recorderId }: { readonly recorderId: string }) =>
  Effect.map(Prometheus.render("openmetrics"), (text) =>
    Object.fromEntries(
      text.split("\n").flatMap((line) => {
        const found = /^(\w+)\{(.*)\} \S+ # \{trace_id="(\w+)",span_id="(\w+)"\}/.exec(line)
        if (found === null || !line.includes(`recorder="${recorderId}"`)) return []
        const label = /(?:route|le)="([^"]*)"/.exec(found[2]!)?.[1] ?? ""
        return [[`${found[1]} ${label}`.trim(), { traceId: found[3], spanId: found[4] }]]
      })
    )
  )

const callsAt = (recorder: { readonly recorderId: string }, route = "/") =>
  Effect.map(exemplarsOf(recorder), (exemplars) => exemplars[`span_calls_total ${route}`])

onBothLayers(
  "exemplars of spans",
  (it) => {
    it.effect("are the span in which an event is emitted, in each series and bucket", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Calls)
        yield* recorder.register(CallTime)
        const emitted = (route: string, seconds: number) =>
          Effect.andThen(recorder.emit(call(route, seconds)), spanHere).pipe(Effect.withSpan("work"))
        yield* emitted("/a", 0.1)
        const a = yield* emitted("/a", 0.5)
        const b = yield* emitted("/b", 5)
        expect(a).not.toEqual(b)
        expect(yield* exemplarsOf(recorder)).toEqual({
          "span_calls_total /a": a,
          "span_calls_total /b": b,
          "span_call_time_seconds_bucket 1.0": a,
          "span_call_time_seconds_bucket 10.0": b
        })
      })
    )

    it.effect("are the innermost span, that of the parent in a child fiber, and that of an Effect.fn", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Calls)
        const outer = yield* Effect.gen(function* () {
          const inner = yield* Effect.andThen(recorder.emit(call("/inner")), spanHere).pipe(Effect.withSpan("inner"))
          yield* recorder.emit(call("/outer"))
          yield* Fiber.join(yield* Effect.forkChild(recorder.emit(call("/child"))))
          const here = yield* spanHere
          expect(inner.traceId).toBe(here.traceId)
          expect(yield* callsAt(recorder, "/inner")).toEqual(inner)
          return here
        }).pipe(Effect.withSpan("outer"))
        const named = Effect.fn("named")(function* () {
          yield* recorder.emit(call("/named"))
          return yield* spanHere
        })
        const inFn = yield* named()
        expect(yield* exemplarsOf(recorder)).toMatchObject({
          "span_calls_total /outer": outer,
          "span_calls_total /child": outer,
          "span_calls_total /named": inFn
        })
      })
    )

    it.effect("are an external span if it is the parent", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Calls)
        yield* recorder.emit(call()).pipe(Effect.withParentSpan(external(true)))
        expect(yield* callsAt(recorder)).toEqual(idsOf(external(true)))
      })
    )

    it.effect("are omitted without a span or with an unsampled one, and the event counts", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Calls)
        yield* recorder.emit(call())
        yield* recorder.emit(call()).pipe(Effect.withParentSpan(external(false)))
        yield* recorder.emit(call()).pipe(Effect.withSpan("unsampled", { sampled: false }))
        yield* recorder.emit(call()).pipe(Effect.withSpan("disabled"), Effect.withTracerEnabled(false))
        expect((yield* recorder.snapshot(Calls)).dimensions.value).toBe(4)
        expect(yield* exemplarsOf(recorder)).toEqual({})
      })
    )

    it.effect("are kept when later events have no span", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Calls)
        const span = yield* Effect.andThen(recorder.emit(call()), spanHere).pipe(Effect.withSpan("work"))
        yield* recorder.emit(call())
        expect(yield* callsAt(recorder)).toEqual(span)
      })
    )

    it.effect("are taken by emitUnsafe in a fiber, and not outside of one", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Calls)
        const span = yield* Effect.andThen(
          Effect.sync(() => recorder.emitUnsafe(call("/in"))),
          spanHere
        ).pipe(Effect.withSpan("work"))
        yield* Effect.promise(async () => {
          await Promise.resolve()
          recorder.emitUnsafe(call("/out"))
        }).pipe(Effect.withSpan("work"))
        expect(yield* exemplarsOf(recorder)).toEqual({ "span_calls_total /in": span })
      })
    )

    it.effect("are taken by Recorder.emit, and by Recorder.onExit at its position", () =>
      Effect.gen(function* () {
        const recorder = yield* Recorder
        yield* recorder.register(Calls)
        const inside = yield* spanHere.pipe(
          Effect.tap(Recorder.emit(call("/emit"))),
          Effect.tap(
            Effect.gen(function* () {
              yield* Recorder.emit(call("/generator"))
            })
          ),
          Recorder.onExit(() => call("/inside")),
          Effect.withSpan("work")
        )
        const outside = yield* Effect.void.pipe(
          Effect.withSpan("work"),
          Recorder.onExit(() => call("/outside")),
          Effect.andThen(spanHere),
          Effect.withSpan("around")
        )
        const named = Effect.fn("named")(
          function* () {
            return yield* spanHere
          },
          Recorder.onExit(() => call("/fn"))
        )
        const inFn = yield* named()
        yield* Effect.void.pipe(
          Effect.withSpan("work"),
          Recorder.onExit(() => call("/none"))
        )
        expect(yield* exemplarsOf(recorder)).toEqual({
          "span_calls_total /emit": inside,
          "span_calls_total /generator": inside,
          "span_calls_total /inside": inside,
          "span_calls_total /outside": outside,
          "span_calls_total /fn": inFn
        })
      }).pipe(Effect.provideServiceEffect(Recorder, newRecorder()))
    )

    it.effect("are taken by an emitter, and by its onExit and track at their position", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        const metrics = yield* recorder.register(Calls)
        const inside = yield* Effect.gen(function* () {
          yield* metrics.emit(call("/emit"))
          metrics.emitUnsafe(call("/unsafe"))
          return yield* spanHere
        }).pipe(
          metrics.onExit(() => call("/exit")),
          metrics.track(() => call("/track")),
          Effect.withSpan("work")
        )
        const outside = yield* Effect.void.pipe(
          Effect.withSpan("work"),
          metrics.track(() => call("/outside")),
          Effect.andThen(spanHere),
          Effect.withSpan("around")
        )
        const named = Effect.fn("named")(
          function* () {
            return yield* spanHere
          },
          metrics.track((_, { duration }) => call("/fn", Duration.toSeconds(duration)))
        )
        const inFn = yield* named()
        expect(yield* exemplarsOf(recorder)).toEqual({
          "span_calls_total /emit": inside,
          "span_calls_total /unsafe": inside,
          "span_calls_total /exit": inside,
          "span_calls_total /track": inside,
          "span_calls_total /outside": outside,
          "span_calls_total /fn": inFn
        })
      })
    )

    it.effect("are those at emission for an exit that waits for room", () =>
      Effect.gen(function* () {
        const gate = yield* makeGate
        const recorder = yield* newRecorder({ capacity: 1, overflow: "backpressure", onStarting: gate.pass })
        const metrics = yield* recorder.register(Calls)
        yield* metrics.emit(call("/first"))
        const waiting = yield* forkNow(
          spanHere.pipe(
            metrics.track(() => call("/waits")),
            Effect.withSpan("waits")
          )
        )
        expect((yield* recorder.stats).accepted).toBe(1)
        yield* gate.open.pipe(Effect.withSpan("another"))
        const span = yield* Fiber.join(waiting)
        expect(yield* exemplarsOf(recorder)).toEqual({ "span_calls_total /waits": span })
      })
    )

    it.effect("are also taken for events that do not fit a row, and for a user's function", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Batches)
        const span = yield* Effect.andThen(recorder.emit(batch("a", "b")), spanHere).pipe(Effect.withSpan("work"))
        yield* recorder.emit(batch("a"))
        expect(yield* exemplarsOf(recorder)).toEqual({ span_batches_total: span })
        expect((yield* recorder.snapshot(Batches)).dimensions.value).toBe(3)
      })
    )

    it.effect("are those at emission for events that wait while the recorder starts", () =>
      Effect.gen(function* () {
        const gate = yield* makeGate
        const recorder = yield* newRecorder({ onStarting: gate.pass })
        yield* recorder.register(Calls)
        yield* recorder.register(Batches)
        const starting = yield* forkNow(recorder.start)
        const span = yield* Effect.all([recorder.emit(call()), recorder.emit(batch("a")), spanHere]).pipe(
          Effect.map(([, , ids]) => ids),
          Effect.withSpan("work")
        )
        yield* recorder.emit(call("/none"))
        yield* gate.open.pipe(Effect.andThen(Fiber.join(starting)), Effect.withSpan("another"))
        expect(yield* exemplarsOf(recorder)).toEqual({ "span_calls_total /": span, span_batches_total: span })
        expect((yield* recorder.snapshot(Calls)).dimensions.value).toBe(2)
      })
    )

    it.effect("are those at emission for a fiber that waits for room", () =>
      Effect.gen(function* () {
        const gate = yield* makeGate
        const recorder = yield* newRecorder({ capacity: 1, overflow: "backpressure", onStarting: gate.pass })
        yield* recorder.register(Calls)
        yield* recorder.emit(call("/first")).pipe(Effect.withSpan("first"))
        const waiting = yield* forkNow(
          Effect.andThen(recorder.emit(call("/waits")), spanHere).pipe(Effect.withSpan("waits"))
        )
        expect((yield* recorder.stats).accepted).toBe(1)
        yield* gate.open.pipe(Effect.withSpan("another"))
        const span = yield* Fiber.join(waiting)
        expect(yield* callsAt(recorder, "/waits")).toEqual(span)
      })
    )

    it.effect("are those at emission if every change is reported", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder({ onMetricChanged: () => Effect.void.pipe(Effect.withSpan("hook")) })
        for (const metric of [Calls, Batches]) yield* recorder.register(metric)
        const span = yield* Effect.all([recorder.emit(call()), recorder.emit(batch("a")), spanHere]).pipe(
          Effect.map(([, , ids]) => ids),
          Effect.withSpan("work")
        )
        yield* recorder.emit(call())
        expect((yield* recorder.snapshot(Calls)).dimensions.value).toBe(2)
        expect(yield* exemplarsOf(recorder)).toEqual({ "span_calls_total /": span, span_batches_total: span })
      })
    )

    it.effect(
      "stay with a metric that is mapped to another family, and are taken for one that is registered later",
      () =>
        Effect.gen(function* () {
          const recorder = yield* newRecorder()
          yield* recorder.register(Mapped)
          const emitted = Effect.andThen(recorder.emit(batch("a", "b")), spanHere).pipe(Effect.withSpan("work"))
          const span = yield* emitted
          expect((yield* recorder.snapshot(Mapped)).dimensions.value).toBe(2)
          expect(yield* exemplarsOf(recorder)).toEqual({ span_mapped_total: span })
          yield* recorder.register(Batches)
          const later = yield* emitted
          expect(yield* exemplarsOf(recorder)).toEqual({ span_mapped_total: later, span_batches_total: later })
        })
    )

    it.effect("are not visible to reducers", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        for (const metric of [Calls, Batches, Seen]) yield* recorder.register(metric)
        yield* Effect.andThen(recorder.emit(call("/")), recorder.emit(batch("a"))).pipe(Effect.withSpan("work"))
        const { seen } = (yield* recorder.snapshot(Seen)).dimensions
        expect(seen).toStrictEqual(
          [call("/"), batch("a")].map((event) => [Object.keys(event).sort(), event, JSON.stringify(event)])
        )
        expect(Object.keys(yield* exemplarsOf(recorder)).sort()).toEqual(["span_batches_total", "span_calls_total /"])
      })
    )

    it.effect("are not taken for metrics that do not request them", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        for (const metric of [Calls, Others]) yield* recorder.register(metric)
        yield* recorder.emit({ _tag: "span.other", n: 1 }).pipe(Effect.withSpan("work"))
        yield* TestClock.adjust(1)
        expect((yield* recorder.snapshot(Others)).dimensions.value).toBe(1)
        expect(yield* exemplarsOf(recorder)).toEqual({})
      })
    )

    it.effect("never make an event fail, whatever span a tracer has", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Calls)
        const odd = (ids: object): Tracer.AnySpan =>
          Object.defineProperties(external(true), Object.getOwnPropertyDescriptors(ids)) as Tracer.AnySpan
        const spans = [
          odd({ traceId: 7 }),
          odd({ traceId: "" }),
          odd({ spanId: null }),
          odd({
            get traceId() {
              throw new Error("no trace")
            }
          })
        ]
        for (const span of spans) {
          expect(yield* recorder.emit(call()).pipe(Effect.withParentSpan(span))).toBe(true)
        }
        expect((yield* recorder.snapshot(Calls)).dimensions.value).toBe(4)
        expect(yield* exemplarsOf(recorder)).toEqual({})
      })
    )
  },
  [new URL("../support/spans.metrics.ts", import.meta.url)]
)
