/**
 * Runs captured events through metrics: what would this metric have shown?
 *
 * Events are captured by a test recorder (`mvx-metrics/testing`), or read from a file with one JSON object per line.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric, Replay } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const Hits = Metric.ratio("cache.hits", { events: CacheEvent, hits: "hit" })
 *
 * const captured: ReadonlyArray<Replay.Captured<typeof CacheEvent.Type>> = [
 *   { at: 1_000, event: { _tag: "cache.lookup", hit: true } },
 *   { at: 2_000, event: { _tag: "cache.lookup", hit: false } }
 * ]
 * Replay.run(Hits, captured)["cache.hits"].dimensions // { ratio: 0.5, hits: 1, total: 2 }
 * ```
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Stream from "effect/Stream"
import { DirectFold } from "./internal/fold/directFold.ts"
import type { MetricsGiven } from "./internal/metric/definition/metric.ts"
import { metricsGiven } from "./internal/metric/flattenMetrics.ts"
import {
  anIterable,
  aTime,
  check,
  notBlank,
  refuse,
  whyInvalid,
  whyInvalidOptions
} from "./internal/model/optionChecks.ts"
import type { Captured } from "./internal/replay/ndjson.ts"
import { aStream, type FailOptions, fromNdjson, type SkipOptions, toNdjson } from "./internal/replay/ndjsonStream.ts"
import { copyOf, whyInvalidEvent } from "./internal/stream/eventWriter.ts"
import type { Family, MetricEvent } from "./MetricEvent.ts"
import { InvalidArgument, type InvalidLine } from "./MetricsError.ts"
import type { Snapshots, SnapshotsOf } from "./Snapshot.ts"

export type { Captured } from "./internal/replay/ndjson.ts"
export {
  type FailOptions,
  fromNdjson,
  type ReadOptions,
  type SkipBadLine,
  type SkipOptions,
  toNdjson
} from "./internal/replay/ndjsonStream.ts"

/**
 * The options of {@link run} and {@link runStream}.
 *
 * @category options
 * @since 0.2.0
 */
export interface RunOptions {
  /** The time at which the metrics are read, in milliseconds since the Unix epoch. Default: the time of the last event. */
  readonly now?: number
}

/** The metrics with what they have taken so far. */
class Run {
  readonly #fold = new DirectFold()
  readonly #now: number | undefined
  #last = 0
  #count = 0

  constructor(metrics: MetricsGiven, options: RunOptions | undefined) {
    const invalid = whyInvalidOptions(options, { now: aTime })
    if (invalid !== undefined) throw invalid
    for (const metric of metricsGiven(metrics)) this.#fold.register(metric)
    this.#now = options?.now
  }

  /** Folds events up to the first one with which something is wrong. */
  take(captured: Iterable<Captured>): InvalidArgument | undefined {
    const invalid = whyInvalid("captured", captured, anIterable("captured events"))
    if (invalid !== undefined) return invalid
    for (const each of captured) {
      const { at, event } = Object(each) as Captured
      const own = copyOf(event)
      const reason = aTime(at) ?? (own === undefined ? (whyInvalidEvent(event) ?? "changed") : undefined)
      if (reason !== undefined) return new InvalidArgument({ argument: `captured[${this.#count}]`, reason })
      this.#count++
      this.#last = at
      this.#fold.event(own!, at)
    }
    return undefined
  }

  get snapshots(): Snapshots {
    return this.#fold.snapshots(this.#now ?? this.#last)
  }
}

/**
 * Folds events in the given order and returns the snapshots. Metrics start from their initial state. A metric whose
 * reducer throws is quarantined, as in a recorder.
 *
 * Throws `InvalidArgument` if a value is not a metric or not a captured event.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric, Replay } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const Lookups = Metric.counter("cache.lookups", { events: CacheEvent })
 * const Rate = Metric.rate("cache.rate", { events: CacheEvent, window: "1 minute" })
 *
 * const captured = [1_000, 2_000].map((at) => ({ at, event: { _tag: "cache.lookup", hit: true } as const }))
 * const shown = Replay.run([Lookups, Rate], captured, { now: 90_000 })
 * shown["cache.lookups"].dimensions // { value: 2 }
 * shown["cache.rate"].dimensions // { perSecond: 0 }
 * ```
 *
 * @category folding
 * @since 0.2.0
 */
export const run = <const Given extends MetricsGiven, Event extends MetricEvent>(
  metrics: Given,
  captured: Iterable<Captured<Event>>,
  options?: RunOptions
): SnapshotsOf<Given> => {
  const replay = new Run(metrics, options)
  const invalid = replay.take(captured)
  if (invalid !== undefined) throw invalid
  return replay.snapshots as SnapshotsOf<Given>
}

/**
 * Folds the events of a stream without holding the whole stream in memory, and returns the snapshots.
 *
 * @example
 * ```ts
 * import { Effect, Schema, Stream } from "effect"
 * import { Metric, Replay } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const Lookups = Metric.counter("cache.lookups", { events: CacheEvent })
 *
 * const file = Stream.make('{"at":1000,"event":{"_tag":"cache.lookup","hit":true}}\n')
 * const shown = await Effect.runPromise(Replay.runStream(Lookups, Replay.fromNdjson(CacheEvent, file)))
 * shown["cache.lookups"].dimensions // { value: 1 }
 * ```
 *
 * @category folding
 * @since 0.2.0
 */
export const runStream = Effect.fnUntraced(function* <
  const Given extends MetricsGiven,
  Event extends MetricEvent,
  E,
  R
>(
  metrics: Given,
  captured: Stream.Stream<Captured<Event>, E, R>,
  options?: RunOptions
): Effect.fn.Return<SnapshotsOf<Given>, E | InvalidArgument, R> {
  yield* refuse(whyInvalid("captured", captured, aStream))
  const replay = yield* Effect.sync(() => new Run(metrics, options))
  yield* Stream.runForEachArray(captured, (events) =>
    Effect.suspend(() => {
      const invalid = replay.take(events)
      return invalid === undefined ? Effect.void : Effect.fail(invalid)
    })
  )
  return replay.snapshots as SnapshotsOf<Given>
})

/**
 * Reads events from a file in NDJSON, as {@link fromNdjson} does.
 *
 * @example
 * ```ts
 * import { NodeFileSystem } from "@effect/platform-node"
 * import { Effect, Schema } from "effect"
 * import { Metric, Replay } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const Hits = Metric.ratio("cache.hits", { events: CacheEvent, hits: "hit" })
 *
 * const events = Replay.readFile(CacheEvent, "captured.ndjson", { onBadLine: "skip" })
 * const program = Effect.provide(Replay.runStream(Hits, events), NodeFileSystem.layer)
 * ```
 *
 * @category converting
 * @since 0.2.0
 */
export const readFile: {
  <F extends Family>(
    family: F,
    path: string,
    options?: FailOptions
  ): Stream.Stream<Captured<F["Type"]>, PlatformError | InvalidLine, FileSystem.FileSystem>
  <F extends Family, E = never, R = never>(
    family: F,
    path: string,
    options: SkipOptions<E, R>
  ): Stream.Stream<Captured<F["Type"]>, PlatformError | E, FileSystem.FileSystem | R>
} = <F extends Family, E, R>(
  family: F,
  path: string,
  options?: FailOptions | SkipOptions<E, R>
): Stream.Stream<Captured<F["Type"]>, PlatformError, FileSystem.FileSystem> => {
  check("path", path, notBlank)
  const chunks = Stream.unwrap(FileSystem.FileSystem.use((files) => Effect.succeed(files.stream(path))))
  return fromNdjson(family, chunks, options as SkipOptions)
}

/**
 * Writes events to a file in NDJSON, as {@link toNdjson} does. An existing file is replaced.
 *
 * @example
 * ```ts
 * import { NodeFileSystem } from "@effect/platform-node"
 * import { Effect, FileSystem, Schema, Stream } from "effect"
 * import { Replay } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 *
 * const program = Effect.gen(function* () {
 *   const file = yield* (yield* FileSystem.FileSystem).makeTempFileScoped()
 *   yield* Replay.writeFile(CacheEvent, file, Stream.make({ at: 1000, event: { _tag: "cache.lookup", hit: true } as const }))
 *   return yield* Stream.runCollect(Replay.readFile(CacheEvent, file))
 * })
 * await program.pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer), Effect.runPromise) // [{ at: 1000, event: { _tag: "cache.lookup", hit: true } }]
 * ```
 *
 * @category converting
 * @since 0.2.0
 */
export const writeFile = <F extends Family, E, R>(
  family: F,
  path: string,
  captured: Stream.Stream<Captured<F["Type"]>, E, R>
): Effect.Effect<void, PlatformError | E | InvalidArgument, FileSystem.FileSystem | R> => {
  check("path", path, notBlank)
  const lines = Stream.encodeText(toNdjson(family, captured))
  return FileSystem.FileSystem.use((files) => Stream.run(lines, files.sink(path)))
}
