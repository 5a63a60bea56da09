/**
 * Events: readonly plain objects with a `_tag`, and families of them.
 */
import type * as Schema from "effect/Schema"
import { describeError } from "../util/describeError.ts"
import { aFamily, check } from "./optionChecks.ts"

/**
 * A fact: the `_tag` is the event type, singular. The other properties are plain data (what structured clone takes
 * without losing anything: primitives, dates, arrays, plain objects).
 *
 * An event that is not plain data, that is nested more than {@link MostDepth} levels deep, that contains itself or that
 * is larger than {@link MostBytes} is refused as `invalid`. Other events and recorders are not affected.
 *
 * @category models
 * @since 0.2.0
 */
export interface MetricEvent {
  readonly _tag: string
}

/**
 * The maximum number of levels of objects and arrays in an event, itself included: 100. Threads have stacks of
 * different sizes, and a thread may not be able to read a message that is nested thousands of levels deep.
 *
 * @category constants
 * @since 0.2.0
 */
export const MostDepth = 100

/**
 * The maximum size of an event in bytes: 128 KiB. Each value and each property name counts 4 bytes; a text or a name
 * counts 2 more for each UTF-16 code unit (rounded up to 4), a number that is not a small integer, a date and a bigint
 * of 64 bits count 8 more, and binary data the size of its memory.
 *
 * @category constants
 * @since 0.2.0
 */
export const MostBytes = 131_072

/**
 * A family of events: the result of `Schema.TaggedUnion({...})`, or of `Schema.Union([...])` with
 * `Schema.toTaggedUnion("_tag")`. `cases` holds the schema of each event by its tag.
 *
 * @category models
 * @since 0.2.0
 */
export type Family = Schema.Top & {
  readonly Type: MetricEvent
  readonly cases: { readonly [tag: string]: Schema.Constraint & { readonly Type: MetricEvent } }
}

/**
 * The union of the events of a family.
 *
 * @category utility types
 * @since 0.2.0
 */
export type EventOf<F extends Family> = F["Type"]

/**
 * The tags of a family. Errors show the tags themselves, since `Extract` leaves no name with the family's schema in it.
 *
 * @category utility types
 * @since 0.2.0
 */
export type TagOf<F extends Family> = Extract<keyof F["cases"], string>

/**
 * Whether a value is an event: an object with a string `_tag` that is not blank. Never throws.
 *
 * @example
 * ```ts
 * import { MetricEvent } from "mvx-metrics"
 *
 * MetricEvent.isMetricEvent({ _tag: "cache.lookup", hit: true }) // true
 * MetricEvent.isMetricEvent({ _tag: " " }) // false
 * MetricEvent.isMetricEvent("cache.lookup") // false
 * ```
 *
 * @category guards
 * @since 0.2.0
 */
export const isMetricEvent = (value: unknown): value is MetricEvent => whyNotEvent(value) === undefined

/**
 * The tags of a family, in the order of their declaration.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { MetricEvent } from "mvx-metrics"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean }, "cache.eviction": {} })
 *
 * MetricEvent.tagsOf(CacheEvent) // ["cache.lookup", "cache.eviction"]
 * ```
 *
 * @category getters
 * @since 0.2.0
 */
export const tagsOf = <F extends Family>(family: F): ReadonlyArray<TagOf<F>> => {
  check("family", family, aFamily)
  return Object.keys(family.cases) as Array<TagOf<F>>
}

/**
 * Returns why a value is not an event, in words that can follow "event: ", or `undefined` if it is one.
 *
 * @internal
 */
export const whyNotEvent = (value: unknown): string | undefined => {
  try {
    if (typeof value !== "object" || value === null) {
      return `must be an object with a string _tag, got ${value === null ? "null" : typeof value}`
    }
    const tag: unknown = (value as { readonly _tag?: unknown })._tag
    if (typeof tag !== "string") return `must have a string _tag, its _tag is of type ${typeof tag}`
    return tag.trim() === "" ? "must have a _tag that is not blank" : undefined
  } catch (cause) {
    // A getter or a proxy of the caller may throw. That is bad input as well.
    return `could not be read: ${describeError(cause)}`
  }
}
