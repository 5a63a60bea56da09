// With durable state, the first delta of a process covers its own counts, not the restored ones.
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Option, type Scope } from "effect"
import { FetchHttpClient } from "effect/http"
import type { KeyValueStore } from "effect/persistence"
import { MetricsRuntime, type RuntimeService } from "mvx-metrics"
import * as Otlp from "mvx-metrics/Otlp"
import { internalsOf, withInternals } from "../../src/internal/runtime/internals.ts"
import { openStore } from "../durable/support.ts"
import { done, Jobs, Times } from "../support/exported.metrics.ts"
import { turns } from "../support/scriptedExport.ts"
import { makeSink, pointsOf } from "../support/sink.ts"

const exporting = (url: string) =>
  Otlp.layerJson({ url, temporality: "delta", exportInterval: "100 hours" }).pipe(Layer.provide(FetchHttpClient.layer))

/** A process with a durable state, as far as metrics see it. */
const inProcess = <A>(
  store: Layer.Layer<KeyValueStore.KeyValueStore>,
  run: (runtime: RuntimeService) => Effect.Effect<A, unknown, Scope.Scope>
) =>
  Effect.gen(function* () {
    const durable = { store }
    const runtime = yield* MetricsRuntime.makeInProcess({ namespace: "test.continued", logging: "silent", durable })
    yield* runtime.start
    return yield* run(runtime)
  }).pipe(Effect.scoped)

const emit = (runtime: RuntimeService, queues: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const found = Option.getOrUndefined(yield* runtime.findRecorder("r"))
    const recorder = found ?? (yield* runtime.createRecorder("r"))
    for (const metric of [Jobs, Times]) yield* recorder.register(metric)
    for (const queue of queues) yield* recorder.emit(done(1, queue))
  })

it.effect("the first delta after a restart excludes earlier counts", () =>
  Effect.gen(function* () {
    const sink = yield* makeSink()
    /** The jobs of the next export, by their queue, as two metrics have them. */
    const told = Effect.map(sink.next, (sunk) => {
      const of = (name: string, field: string) =>
        Object.fromEntries(
          pointsOf(sunk, name).flatMap(({ attributes, ...point }) => {
            const queue = attributes?.find(({ key }) => key === "queue")?.value.stringValue
            return Number(point[field]) > 0 ? [[queue, Number(point[field])]] : []
          })
        )
      const jobs = of("jobs", "asDouble")
      expect(of("jobs.time", "count")).toEqual(jobs)
      return jobs
    })
    const { store } = openStore()
    yield* inProcess(store, (runtime) =>
      Effect.gen(function* () {
        yield* emit(runtime, ["a", "a", "b"])
        yield* runtime.flush()
      })
    )
    yield* inProcess(store, (runtime) =>
      Effect.gen(function* () {
        yield* Layer.build(Layer.provide(exporting(sink.url), Layer.succeed(MetricsRuntime, runtime)))
        yield* emit(runtime, ["a", "c"])
        yield* runtime.flush()
        expect(yield* told).toEqual({ a: 1, c: 1 })
        yield* emit(runtime, ["a"])
        yield* runtime.flush()
        expect(yield* told).toEqual({ a: 1 })
        // The next recorder of the id goes on as well.
        yield* runtime.stopAndRemoveRecorder("r")
        yield* emit(runtime, ["b", "b"])
        yield* runtime.flush()
        expect(yield* told).toEqual({ b: 2 })
      })
    )
    yield* sink.next
    yield* inProcess(store, (runtime) =>
      Effect.gen(function* () {
        yield* emit(runtime, ["a"])
        yield* Layer.build(Layer.provide(exporting(sink.url), Layer.succeed(MetricsRuntime, runtime)))
        // What came before there was an exporter belongs to what it went on from.
        yield* emit(runtime, ["b"])
        yield* runtime.flush()
        expect(yield* told).toEqual({ b: 1 })
        const { dimensions } = yield* (yield* runtime.getRecorder("r")).snapshot(Jobs)
        expect(dimensions).toMatchObject({ value: 10 })
      })
    )
  })
)

it.effect("a base requested before an export is known to the export, however late it arrives", () =>
  Effect.gen(function* () {
    const sink = yield* makeSink()
    const { store } = openStore()
    yield* inProcess(store, (runtime) => emit(runtime, ["a"]))
    yield* inProcess(store, (runtime) =>
      Effect.gen(function* () {
        yield* emit(runtime, ["a"])
        const internals = internalsOf(runtime)
        let reads = 0
        const sources = () =>
          internals.sources().map((source) => {
            const isBase = reads++ === 0
            return { ...source, shown: Effect.tap(source.shown, isBase ? turns(20) : Effect.void) }
          })
        const slow = withInternals(runtime, { ...internals, sources })
        yield* Layer.build(Layer.provide(exporting(sink.url), Layer.succeed(MetricsRuntime, slow)))
        yield* emit(runtime, ["b"])
        yield* runtime.flush()
        const jobs = pointsOf(yield* sink.next, "jobs")
        expect(jobs.map(({ asDouble }) => asDouble)).toEqual([1])
      })
    )
  })
)
