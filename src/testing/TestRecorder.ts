/**
 * A recorder for tests that captures emitted events. Components use it like any other recorder, with
 * `Recorder.register`.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Metric, Recorder } from "mvx-metrics"
 * import { assertSnapshots, fixedClock, TestRecorder } from "mvx-metrics/testing"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const Hits = Metric.ratio("cache.hits", { events: CacheEvent, hits: "hit" })
 *
 * const makeCache = Effect.map(Recorder.register(Hits), (metrics) => ({
 *   lookUp: (key: string) => metrics.emit({ _tag: "cache.lookup", hit: key === "known" })
 * }))
 *
 * const test = Effect.gen(function* () {
 *   const cache = yield* makeCache
 *   yield* cache.lookUp("known")
 *   assertSnapshots(yield* Recorder.snapshots, { "cache.hits": { ratio: 1, hits: 1, total: 1 } })
 *   return yield* TestRecorder.events
 * })
 * const captured = test.pipe(Effect.provide(TestRecorder.layerSync()), Effect.provide(fixedClock(5)))
 * Effect.runSync(captured) // [{ at: 5, event: { _tag: "cache.lookup", hit: true } }]
 * ```
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { MetricsGiven } from "../internal/metric/definition/metric.ts"
import { metricsGiven } from "../internal/metric/flattenMetrics.ts"
import { aFamily, anything, refuse, whyInvalid, whyInvalidOptions } from "../internal/model/optionChecks.ts"
import { type RecorderOptions, recorderOptionChecks } from "../internal/recorder/options.ts"
import type { RecorderService } from "../internal/recorder/service.ts"
import type { Captured } from "../internal/replay/ndjson.ts"
import type { Family } from "../MetricEvent.ts"
import type { RegisterError } from "../MetricsError.ts"
import { Recorder } from "../Recorder.ts"
import { type Captures, capturing, noCaptures, type Refused } from "./capture.ts"
import { SyncRecorder } from "./syncRecorder.ts"

export type { Captured } from "../internal/replay/ndjson.ts"
export type { Refused } from "./capture.ts"

/**
 * What a test reads from its recorder.
 *
 * @category services
 * @since 0.2.0
 */
export interface TestRecorderService {
  /** The accepted events in order, by value and with their times. */
  readonly events: Effect.Effect<ReadonlyArray<Captured>>
  /** The accepted events of a family, typed by the family. */
  readonly eventsOf: <F extends Family>(family: F) => Effect.Effect<ReadonlyArray<Captured<F["Type"]>>>
  /** The refused events, and why they were refused. */
  readonly refused: Effect.Effect<ReadonlyArray<Refused>>
  /** Forgets the captured events. Metrics keep their state; to reset them, use `recorder.reset`. */
  readonly clear: Effect.Effect<void>
}

/**
 * The options of every test recorder.
 *
 * @category options
 * @since 0.2.0
 */
export interface TestRecorderSyncOptions {
  /** The metrics registered from the start: one, a set, or a list. Components may register others. */
  readonly metrics?: MetricsGiven
}

/**
 * The metrics, and the options of any recorder.
 *
 * @category options
 * @since 0.2.0
 */
export interface TestRecorderOptions<out R = never> extends RecorderOptions<R>, TestRecorderSyncOptions {}

/**
 * The service with which a test reads the captured events.
 *
 * @category services
 * @since 0.2.0
 */
export class TestRecorder extends Context.Service<TestRecorder, TestRecorderService>()(
  "mvx-metrics/testing/TestRecorder"
) {
  /**
   * The accepted events in order, by value and with their times.
   *
   * @since 0.2.0
   */
  static readonly events: Effect.Effect<ReadonlyArray<Captured>, never, TestRecorder> = TestRecorder.use(
    (self) => self.events
  )

  /**
   * The accepted events of a family, typed by the family.
   *
   * @since 0.2.0
   */
  static readonly eventsOf = <F extends Family>(
    family: F
  ): Effect.Effect<ReadonlyArray<Captured<F["Type"]>>, never, TestRecorder> =>
    TestRecorder.use((self) => self.eventsOf(family))

  /**
   * The refused events, and why they were refused.
   *
   * @since 0.2.0
   */
  static readonly refused: Effect.Effect<ReadonlyArray<Refused>, never, TestRecorder> = TestRecorder.use(
    (self) => self.refused
  )

  /**
   * Forgets the captured events. Metrics keep their state; to reset them, use `recorder.reset`.
   *
   * @since 0.2.0
   */
  static readonly clear: Effect.Effect<void, never, TestRecorder> = TestRecorder.use((self) => self.clear)

  /**
   * Provides a recorder that folds in process, like that of `Recorder.make`, with its queue, policies and hooks.
   *
   * @since 0.2.0
   */
  static readonly layer = <R = never>(
    options?: TestRecorderOptions<R>
  ): Layer.Layer<Recorder | TestRecorder, RegisterError, NoInfer<R>> =>
    layerOf(options, { ...recorderOptionChecks, metrics: anything }, () => {
      const { metrics: _, ...others } = options ?? {}
      return Recorder.make<R>(others)
    })

  /**
   * Provides a recorder that folds each event in the call that emits it and answers reads immediately, so `Effect.runSync`
   * runs a program with it. It has no capacity limit and no hooks.
   *
   * @since 0.2.0
   */
  static readonly layerSync = (
    options?: TestRecorderSyncOptions
  ): Layer.Layer<Recorder | TestRecorder, RegisterError> =>
    layerOf<never>(options, { metrics: anything }, () =>
      Effect.gen(function* () {
        const recorder = new SyncRecorder("test", yield* Clock.Clock)
        yield* Effect.addFinalizer(() => Effect.sync(() => recorder.close()))
        return recorder.service
      })
    )
}

const layerOf = <R>(
  options: TestRecorderSyncOptions | undefined,
  checks: Parameters<typeof whyInvalidOptions>[1],
  make: () => Effect.Effect<RecorderService, never, Scope.Scope | R>
): Layer.Layer<Recorder | TestRecorder, RegisterError, Exclude<R, Scope.Scope>> =>
  Layer.effectContext(
    Effect.gen(function* () {
      yield* refuse(whyInvalidOptions(options, checks))
      const metrics = options?.metrics
      const given = metrics === undefined ? [] : yield* Effect.sync(() => metricsGiven(metrics))
      const captures = noCaptures()
      const recorder = capturing(yield* make(), captures, yield* Clock.Clock)
      for (const metric of given) yield* recorder.register(metric)
      return Context.make(Recorder, recorder).pipe(Context.add(TestRecorder, readerOf(captures)))
    })
  )

const readerOf = (captures: Captures): TestRecorderService => ({
  events: Effect.sync(() => [...captures.events]),
  eventsOf: (family) =>
    Effect.andThen(
      refuse(whyInvalid("family", family, aFamily)),
      Effect.sync(() => captures.events.filter(({ event }) => Object.hasOwn(family.cases, event._tag)))
    ),
  refused: Effect.sync(() => [...captures.refused]),
  clear: Effect.sync(() => Object.assign(captures, noCaptures()))
})
