/** Streams of captured events from and to NDJSON. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { Family } from "../model/event.ts"
import { aFamily, type Check, got, notBlank, whyInvalid, whyInvalidOptions } from "../model/optionChecks.ts"
import type { InvalidArgument, InvalidLine } from "../model/usageErrors.ts"
import { type Captured, LineCutter, lineReader, lineWriter } from "./ndjson.ts"

/**
 * What to do with a line that is not a valid event of the family, if the stream goes on after it.
 *
 * @category options
 * @since 0.2.0
 */
export type SkipBadLine<E = never, R = never> =
  /** The line is left out and logged as a warning. */
  | "skip"
  /** The line is left out and passed to the function. */
  | ((line: InvalidLine) => Effect.Effect<unknown, E, R>)

/**
 * Which events are read.
 *
 * @category options
 * @since 0.2.0
 */
export interface ReadOptions {
  /**
   * Reads the events of this recorder only, from a file of a flight recorder. Lines with events of another recorder, or of
   * none, are left out and not checked. Default: the events of all.
   */
  readonly recorderId?: string
}

/**
 * Options with which a bad line fails the stream, after the events before it.
 *
 * @category options
 * @since 0.2.0
 */
export interface FailOptions extends ReadOptions {
  readonly onBadLine?: "fail"
}

/**
 * Options with which bad lines are left out.
 *
 * @category options
 * @since 0.2.0
 */
export interface SkipOptions<E = never, R = never> extends ReadOptions {
  readonly onBadLine: SkipBadLine<E, R>
}

/**
 * Reads events from NDJSON, one per line: `{"at":1000,"event":{"_tag":"cache.lookup","hit":true}}`. Each is checked by
 * the family's schema. The text comes in chunks of any size, as strings or as bytes in UTF-8. Empty lines are left out, and
 * so are fields that the schema does not have.
 *
 * Throws `InvalidArgument` if `family` is not a family.
 *
 * @example
 * ```ts
 * import { Effect, Schema, Stream } from "effect"
 * import { type MetricsError, Replay } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const file = Stream.make('{"at":1,"event":{"_tag":"cache.lookup","hit":true}}\nnonsense\n')
 *
 * const skipped: Array<MetricsError.InvalidLine> = []
 * const events = Replay.fromNdjson(CacheEvent, file, {
 *   onBadLine: (line) => Effect.sync(() => skipped.push(line))
 * })
 * await Effect.runPromise(Stream.runCount(events)) // 1
 * skipped.map(({ line }) => line) // [2]
 * ```
 *
 * @category converting
 * @since 0.2.0
 */
export const fromNdjson: {
  <F extends Family, E, R>(
    family: F,
    chunks: Stream.Stream<string | Uint8Array, E, R>,
    options?: FailOptions
  ): Stream.Stream<Captured<F["Type"]>, E | InvalidLine, R>
  <F extends Family, E, R, E2 = never, R2 = never>(
    family: F,
    chunks: Stream.Stream<string | Uint8Array, E, R>,
    options: SkipOptions<E2, R2>
  ): Stream.Stream<Captured<F["Type"]>, E | E2, R | R2>
} = <F extends Family, E, R, E2, R2>(
  family: F,
  chunks: Stream.Stream<string | Uint8Array, E, R>,
  options?: FailOptions | SkipOptions<E2, R2>
): Stream.Stream<Captured<F["Type"]>, never, never> => {
  const invalid =
    whyInvalid("family", family, aFamily) ??
    whyInvalid("chunks", chunks, aStream) ??
    whyInvalidOptions(options, { onBadLine: aChoice, recorderId: notBlank })
  if (invalid !== undefined) throw invalid
  const read = lineReader(family, options?.recorderId)
  const onBadLine = options?.onBadLine ?? "fail"
  const refuse = (line: InvalidLine): Effect.Effect<unknown, E2 | InvalidLine, R2> => {
    if (onBadLine === "fail") return Effect.fail(line)
    return onBadLine === "skip" ? Effect.logWarning(`skipped: ${line.message}`) : onBadLine(line)
  }
  const events = chunks.pipe(
    Stream.mapAccumArray(
      () => new LineCutter(),
      (cutter, given) => [cutter, [cutter.push(given)]] as const,
      { onHalt: (cutter) => [cutter.end()] }
    ),
    Stream.map((lines) => lines.flatMap((line) => read(line) ?? [])),
    // As one array if all lines are valid, because a stream per line would cost ten times as much.
    Stream.flatMap((results) =>
      results.every(Result.isSuccess)
        ? Stream.fromIterable(results.map(({ success }) => success))
        : Stream.flatMap(Stream.fromIterable(results), (result) =>
            Result.isSuccess(result)
              ? Stream.succeed(result.success)
              : Stream.drain(Stream.fromEffect(refuse(result.failure)))
          )
    )
  )
  return events as Stream.Stream<Captured<F["Type"]>, never, never>
}

export const aStream: Check = (value) => (Stream.isStream(value) ? undefined : `must be a Stream, got ${got(value)}`)

const aChoice: Check = (value) =>
  value === "fail" || value === "skip" || typeof value === "function"
    ? undefined
    : 'must be "fail", "skip" or a function of the bad line'

/**
 * Writes events as NDJSON, one per line, which {@link fromNdjson} reads. Dates, bigints and all other types of the schema
 * are restored as they were. Fails for an event that is not of the family.
 *
 * Throws `InvalidArgument` if `family` is not a family.
 *
 * @example
 * ```ts
 * import { Effect, Schema, Stream } from "effect"
 * import { Replay } from "mvx-metrics"
 *
 * const SaveEvent = Schema.TaggedUnion({ "document.saved": { on: Schema.Date } })
 *
 * const captured = Stream.make({ at: 1000, event: { _tag: "document.saved", on: new Date(500) } as const })
 * const text = await Effect.runPromise(Stream.mkString(Replay.toNdjson(SaveEvent, captured)))
 * text.trim() // '{"at":1000,"event":{"_tag":"document.saved","on":"1970-01-01T00:00:00.500Z"}}'
 * ```
 *
 * @category converting
 * @since 0.2.0
 */
export const toNdjson = <F extends Family, E, R>(
  family: F,
  captured: Stream.Stream<Captured<F["Type"]>, E, R>
): Stream.Stream<string, E | InvalidArgument, R> => {
  const invalid = whyInvalid("family", family, aFamily) ?? whyInvalid("captured", captured, aStream)
  if (invalid !== undefined) throw invalid
  const write = lineWriter(family)
  return Stream.mapEffect(captured, (each) => Effect.fromResult(write(each)))
}
