import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { messageOf } from "../util/describeError.ts"
import { didYouMean } from "../util/didYouMean.ts"
import { classOf, isOf } from "../util/realms.ts"
import { InvalidArgument } from "./usageErrors.ts"

/** A check of one value: the reason why it is not acceptable, or `undefined`. */
export type Check = (value: unknown) => string | undefined

/** Formats a value for a reason. */
export const got = (value: unknown): string => {
  if (typeof value === "string") return JSON.stringify(value)
  if (typeof value === "number" || typeof value === "boolean" || value === null || value === undefined) {
    return String(value)
  }
  const what = typeof value === "object" ? (classOf(value) ?? "Object") : typeof value
  if (what === "Object" || what === "Array") return `an ${what.toLowerCase()}`
  return `${/^[aeiou]/i.test(what) ? "an" : "a"} ${what}`
}

/** The reason of a check, including for a value that cannot be read: a getter or a proxy of the caller may throw. */
const reasonOf = (check: Check, value: unknown): string | undefined => {
  try {
    return check(value)
  } catch (error) {
    return `cannot be read: ${messageOf(error)}`
  }
}

export const notBlank: Check = (value) =>
  typeof value === "string" && value.trim() !== "" ? undefined : `must be a string that is not blank, got ${got(value)}`

/** Stores would treat namespaces that differ only in other characters as one, or reject them. */
export const aNamespace: Check = (value) =>
  notBlank(value) ??
  ((value as string).includes("\0") || /\p{Surrogate}/u.test(value as string)
    ? `must have neither NUL nor lone surrogates, got ${got(value)}`
    : undefined)

export const aString: Check = (value) => (typeof value === "string" ? undefined : `must be a string, got ${got(value)}`)

export const aBoolean: Check = (value) =>
  typeof value === "boolean" ? undefined : `must be true or false, got ${got(value)}`

export const positiveInteger: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) > 0 ? undefined : `must be a positive integer, got ${got(value)}`

/** A positive integer with an upper limit. */
export const positiveIntegerUpTo =
  (most: number): Check =>
  (value) =>
    positiveInteger(value) ?? ((value as number) > most ? `must be no more than ${most}, got ${got(value)}` : undefined)

export const integerWithin =
  (least: number, most: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
      ? undefined
      : `must be a whole number from ${least} to ${most}, got ${got(value)}`

export const aFunction: Check = (value) =>
  typeof value === "function" ? undefined : `must be a function, got ${got(value)}`

export const anEffect: Check = (value) => (Effect.isEffect(value) ? undefined : `must be an Effect, got ${got(value)}`)

/** Like `Schedule.isSchedule`, which programs without a worker need not import. */
export const aSchedule: Check = (value) =>
  Predicate.hasProperty(value, "~effect/Schedule") ? undefined : `must be a Schedule, got ${got(value)}`

const durationUnits = ["weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds", "nanoseconds"]

/** Effect decodes a misspelt unit, a missing number or an arbitrary object as a duration of 0. */
const hasParts = (value: unknown): boolean => {
  if (typeof value !== "object" || value === null || Duration.isDuration(value)) return !Number.isNaN(value)
  if (Array.isArray(value)) return !value.some(Number.isNaN)
  const units = durationUnits.filter((unit) => (value as { readonly [unit: string]: unknown })[unit] !== undefined)
  return (
    units.length > 0 &&
    units.every((unit) => isNumber((value as { readonly [unit: string]: unknown })[unit])) &&
    Object.keys(value).every((key) => durationUnits.includes(key))
  )
}

const isNumber = (value: unknown): boolean => typeof value === "number" && !Number.isNaN(value)

const whyNoDuration = (value: unknown, whyNot: (millis: number) => string | undefined): string | undefined => {
  const duration = hasParts(value) ? Duration.fromInput(value as Duration.Input) : Option.none()
  return Option.isNone(duration)
    ? `must be a duration such as "10 seconds" or a number of milliseconds, got ${got(value)}`
    : whyNot(Duration.toMillis(duration.value))
}

/** A time limit, for which 0 means that it has passed, or a retention time. It may be infinite. */
export const aDuration: Check = (value) =>
  whyNoDuration(value, (millis) => (millis < 0 ? `must not be negative, got ${millis} ms` : undefined))

/** An interval, or a time limit within which nothing could happen if it were 0. It may be infinite. */
export const longerThanZero: Check = (value) =>
  whyNoDuration(value, (millis) => (millis > 0 ? undefined : `must be longer than zero, got ${millis} ms`))

/** A duration that others calculate with, or that is exposed as a number. */
export const finiteDuration: Check = (value) =>
  whyNoDuration(value, (millis) =>
    millis > 0 && Number.isFinite(millis) ? undefined : `must be longer than zero, and finite, got ${millis} ms`
  )

/** A URL to which HTTP requests can be sent. `localhost:4318` is not one: its scheme is `localhost`. */
export const isHttpUrl = (value: unknown): boolean =>
  typeof value === "string" && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)

/**
 * An object with properties of the caller. A `Map`, a `Date` or a promise is a mistake, because its contents would be
 * ignored.
 */
export const isRecord = (value: unknown): value is { readonly [name: string]: unknown } => isOf(value, "Object")

/** An object whose properties can all be read. */
export const aRecord: Check = (value) =>
  isRecord(value) && Object.values(value) ? undefined : `must be an object, got ${got(value)}`

/** An iterable other than a string. */
export const anIterable =
  (what: string): Check =>
  (value) =>
    Predicate.isObjectOrArray(value) && Symbol.iterator in value
      ? undefined
      : `must be an iterable of ${what}, such as an array, got ${got(value)}`

export const aTime: Check = (value) =>
  Number.isFinite(value) ? undefined : `must be a time in milliseconds, got ${got(value)}`

/**
 * Header names that HTTP allows, and values that can be sent. No reason repeats a value, because values may be secrets.
 */
export const headersCheck: Check = (value) => {
  const pairs = Predicate.isIterable(value) && typeof value !== "string" ? [...value] : undefined
  const entries: ReadonlyArray<unknown> | undefined = pairs ?? (isRecord(value) ? Object.entries(value) : undefined)
  if (entries === undefined) return `must be an object of strings by name, or pairs, got a ${typeof value}`
  for (const entry of entries) {
    if (!Array.isArray(entry) || entry.length !== 2) return "has an entry that is not a name and a value"
    const [name, given] = entry as ReadonlyArray<unknown>
    if (typeof name !== "string" || !headerName.test(name)) return "has a name that no header of HTTP can have"
    const texts = Array.isArray(given) ? given : given === undefined ? [] : [given]
    if (!texts.every((text) => typeof text === "string" && headerValue.test(text.trim()))) {
      return `has a value of ${JSON.stringify(name)} that no header of HTTP can have`
    }
  }
  return undefined
}

const headerName = /^[-!#$%&'*+.^_`|~\da-zA-Z]+$/
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/

export const aStore: Check = (value) =>
  Layer.isLayer(value) ? undefined : `must be a layer of Effect's KeyValueStore, got ${got(value)}`

export const aLayer: Check = (value) => (Layer.isLayer(value) ? undefined : `must be a Layer, got ${got(value)}`)

export const aFamily: Check = (value) =>
  Schema.isSchema(value) &&
  Predicate.hasProperty(value, "tag") &&
  value.tag === "_tag" &&
  Predicate.hasProperty(value, "cases") &&
  isRecord(value.cases) &&
  Object.keys(value.cases).length > 0
    ? undefined
    : "must be a tagged union of events: Schema.TaggedUnion({...})"

export const aSnapshot: Check = (value) =>
  isRecord(value) && typeof value.name === "string" && "dimensions" in value
    ? undefined
    : `must be the snapshot of a metric, got ${got(value)}`

export const anything: Check = () => undefined

export const oneOf =
  (...values: ReadonlyArray<string>): Check =>
  (value) =>
    values.includes(value as string) ? undefined : `must be one of ${values.join(", ")}, got ${got(value)}`

/**
 * The first thing wrong with `options`, or `undefined`. An option that is `undefined` counts as not given. An option
 * that is not among `checks` is refused by name, so that a misspelt option is never silently without effect.
 * `required`: the options that must be given. If there are none, `options` may be omitted.
 */
export const whyInvalidOptions = (
  options: unknown,
  checks: { readonly [option: string]: Check },
  required?: ReadonlyArray<string>
): InvalidArgument | undefined => {
  if (options === undefined && required === undefined) return undefined
  const invalid = whyInvalid("options", options, aRecord)
  if (invalid !== undefined) return invalid
  for (const [option, value] of Object.entries(options as object)) {
    const check = Object.hasOwn(checks, option) ? checks[option] : undefined
    if (check === undefined) {
      return new InvalidArgument({
        argument: option,
        reason: `is not an option.${didYouMean(option, Object.keys(checks))} The options are: ${Object.keys(checks).join(", ")}`
      })
    }
    const reason = value === undefined ? undefined : reasonOf(check, value)
    if (reason !== undefined) return new InvalidArgument({ argument: option, reason })
  }
  const missing = required?.find((option) => (options as { readonly [option: string]: unknown })[option] === undefined)
  if (missing === undefined) return undefined
  const reason = checks[missing]!(undefined)?.replace(/, got undefined$/, "")
  return new InvalidArgument({
    argument: missing,
    reason: reason === undefined ? "is missing" : `is missing: ${reason}`
  })
}

/** Options within an option: a check of each, and of all of them together. */
export const someOptions =
  <Options>(
    checks: { readonly [K in keyof Required<Options>]: Check },
    together: (options: Options) => string | undefined = () => undefined
  ): Check =>
  (value) => {
    const invalid = whyInvalidOptions(value, checks, [])
    if (invalid === undefined) return together(value as Options)
    return invalid.argument === "options" ? invalid.reason : `its ${invalid.message}`
  }

/** Throws what is wrong with a value, if anything is. */
export const check = (argument: string, value: unknown, by: Check): void => {
  const invalid = whyInvalid(argument, value, by)
  if (invalid !== undefined) throw invalid
}

/** The same about the definition of a metric. */
export const inMetric = (metric: string, { argument, reason }: InvalidArgument): InvalidArgument =>
  new InvalidArgument({ metric: metric.trim(), argument, reason })

/**
 * Throws what is wrong with the definition of a metric, if anything is. `whyNot` is called once the name is known to be
 * valid.
 */
export const refuseDefinition = (name: unknown, whyNot: () => InvalidArgument | undefined): void => {
  const badName = whyInvalid("name", name, notBlank)
  if (badName !== undefined) throw badName
  const invalid = whyNot()
  if (invalid !== undefined) throw inMetric(name as string, invalid)
}

/** What is wrong with one value, by the name of its argument, or `undefined`. */
export const whyInvalid = (argument: string, value: unknown, check: Check): InvalidArgument | undefined => {
  const reason = reasonOf(check, value)
  return reason === undefined ? undefined : new InvalidArgument({ argument, reason })
}

/**
 * Dies with an `InvalidArgument`, which is a mistake in the program, and fails with any other refusal. Does nothing if
 * there is no refusal.
 */
export const refuse = <E>(
  refusal: E
): Effect.Effect<E extends undefined ? void : never, Exclude<E, InvalidArgument | undefined>> => {
  const refused: Effect.Effect<void, unknown> =
    refusal === undefined
      ? Effect.void
      : refusal instanceof InvalidArgument
        ? Effect.die(refusal)
        : Effect.fail(refusal)
  return refused as Effect.Effect<never, never>
}
