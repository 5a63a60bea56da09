/** Merges the states of several recorders, threads or processes. */
import * as Effect from "effect/Effect"
import { aTime, type Check, isRecord, refuse, whyInvalid } from "../model/optionChecks.ts"
import { InvalidArgument, StateMismatch } from "../model/usageErrors.ts"
import { describeError } from "../util/describeError.ts"
import { isDefinition } from "./definition/define.ts"
import { isSame } from "./definition/fingerprint.ts"
import type * as Metric from "./definition/metric.ts"
import type { Snapshot, Snapshots, States } from "./definition/snapshot.ts"
import { isState, misfits, stateOf } from "./definition/stateShape.ts"
import { mergedStates } from "./mergedStates.ts"

/**
 * Merges the states of several recorders, threads or processes. Returns the snapshots that a single recorder would have
 * produced from the events of all. `now` (milliseconds since the Unix epoch, default 0) is for views that show a window
 * of time. It also decides which of several values is the latest: a time after `now` comes from a clock that ran ahead.
 * The sums of built-in metrics are exact: the order and the grouping of the parts make no difference to them.
 *
 * With `expireAfter`, which series there are is exact, and so is the total. A series has all that came to it since it last
 * began, but for what one part had let expire while another part went on with it: that is only in the total. Merge all
 * parts in one call, since what one of them had may lie between the events of two others.
 *
 * `parts` are results of `recorder.states`, also after a round trip through JSON. Metrics without a state are left out.
 * Fails with `StateMismatch` for a state of another version of its metric (other labels, boundaries or unit, another
 * kind), and with `InvalidArgument` for a value that is not a state. A metric without a `merge` is a defect.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Metric, Recorder, Snapshot } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const Hits = Metric.ratio("cache.hits", { events: CacheEvent, hits: "hit" })
 *
 * const program = Effect.gen(function* () {
 *   const one = yield* Recorder.make()
 *   const other = yield* Recorder.make()
 *   for (const recorder of [one, other]) yield* recorder.register(Hits)
 *   yield* one.emit({ _tag: "cache.lookup", hit: true })
 *   yield* other.emit({ _tag: "cache.lookup", hit: false })
 *   const snapshots = yield* Snapshot.merge([Hits], [yield* one.states, yield* other.states])
 *   return snapshots["cache.hits"]?.dimensions
 * })
 * await Effect.runPromise(Effect.scoped(program)) // { ratio: 0.5, hits: 1, total: 2 }
 * ```
 *
 * @category folding
 * @since 0.2.0
 */
export const merge = (
  metrics: ReadonlyArray<Metric.Any>,
  parts: ReadonlyArray<States>,
  now = 0
): Effect.Effect<Snapshots, InvalidArgument | StateMismatch> =>
  merging(
    metrics,
    parts,
    now,
    (metric, state): Snapshot => ({ name: metric.name, dimensions: metric.view(state, now) })
  )

/**
 * Merges the states themselves, so that you can merge further ones later. `now` is as in {@link merge}; without it the
 * greatest time counts as the latest. Fails as {@link merge} does.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Metric, Recorder, Snapshot } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const Hits = Metric.ratio("cache.hits", { events: CacheEvent, hits: "hit" })
 *
 * const program = Effect.gen(function* () {
 *   const recorder = yield* Recorder.make()
 *   const metrics = yield* recorder.register(Hits)
 *   yield* metrics.emit({ _tag: "cache.lookup", hit: true })
 *   const day = yield* recorder.states
 *   const week = yield* Snapshot.mergeStates([Hits], [day, day])
 *   return (yield* Snapshot.merge([Hits], [week, day]))["cache.hits"]?.dimensions
 * })
 * await Effect.runPromise(Effect.scoped(program)) // { ratio: 1, hits: 3, total: 3 }
 * ```
 *
 * @category folding
 * @since 0.2.0
 */
export const mergeStates = (
  metrics: ReadonlyArray<Metric.Any>,
  parts: ReadonlyArray<States>,
  now?: number
): Effect.Effect<States, InvalidArgument | StateMismatch> => merging(metrics, parts, now, stateOf)

const merging = Effect.fnUntraced(function* <A>(
  metrics: ReadonlyArray<Metric.Any>,
  parts: ReadonlyArray<States>,
  now: number | undefined,
  result: (metric: Metric.Any, state: never) => A
): Effect.fn.Return<{ readonly [name: string]: A }, InvalidArgument | StateMismatch> {
  yield* checked(metrics, parts)
  yield* refuse(now === undefined ? undefined : whyInvalid("now", now, aTime))
  const merged: Array<readonly [name: string, A]> = []
  for (const metric of metrics) {
    const states = parts.flatMap((part) => (Object.hasOwn(part, metric.name) ? [part[metric.name]!.state] : []))
    if (states.length === 0) continue
    const together = Effect.try({
      try: () => result(metric, mergedStates(metric, states, now) as never),
      catch: (error) => {
        const reason = `cannot be merged and shown: ${describeError(error)}`
        return new InvalidArgument({ metric: metric.name, argument: "parts", reason })
      }
    })
    merged.push([metric.name, yield* together])
  }
  return Object.fromEntries(merged)
})

/** Metrics belong to the program, but states come from elsewhere. */
/** Copies have no holes. */
const isArrayOf = (value: unknown, is: (each: unknown) => boolean): boolean =>
  Array.isArray(value) && [...value].every((each) => is(each))

const someMetrics: Check = (value) => (isArrayOf(value, isDefinition) ? undefined : "must be an array of metrics")

const someStates: Check = (value) =>
  isArrayOf(value, isRecord) ? undefined : "must be an array of states from recorder.states"

const checked = (
  metrics: ReadonlyArray<Metric.Any>,
  parts: ReadonlyArray<States>
): Effect.Effect<void, InvalidArgument | StateMismatch> => {
  const mistake = (reason: string) => Effect.die(new InvalidArgument({ argument: "metrics", reason }))
  const refused = (argument: string, reason: string, metric?: string) =>
    Effect.fail(new InvalidArgument({ argument, reason, ...(metric !== undefined && { metric }) }))
  const wrong = whyInvalid("metrics", metrics, someMetrics)
  if (wrong !== undefined) return Effect.die(wrong)
  const wrongParts = whyInvalid("parts", parts, someStates)
  if (wrongParts !== undefined) return Effect.fail(wrongParts)
  for (const metric of metrics) {
    const { merge, name } = metric
    if (metrics.some((each) => each.name === name && !isSame(each, metric))) {
      return mistake(`contains two metrics named "${name}"`)
    }
    for (const [part, states] of parts.entries()) {
      if (!Object.hasOwn(states, name)) continue
      if (merge === undefined) return mistake(`"${name}" has no merge. Pass merge to Metric.make`)
      const state: unknown = states[name]
      if (!isState(state)) {
        return refused(`parts[${part}]`, "must have a state from recorder.states, with its definition", name)
      }
      const differences = misfits(metric, state)
      if (differences.length > 0) return Effect.fail(new StateMismatch({ metric: name, part, differences }))
    }
  }
  return Effect.void
}
