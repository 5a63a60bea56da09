/**
 * Any built-in metrics, including derived and combined ones, and any events for them.
 */
import { Schema } from "effect"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { type KitKind, kinds } from "./kit.ts"

/** The same fields at other positions, with other neighbours; events of the last tag have no layout. */
export const Family = Schema.TaggedUnion({
  request: {
    seconds: Schema.Number,
    method: Schema.Literals(["GET", "PUT", 1, true]),
    ok: Schema.Boolean,
    user: Schema.optional(Schema.NullOr(Schema.String)),
    path: Schema.String,
    bytes: Schema.optional(Schema.NullOr(Schema.Number))
  },
  response: {
    path: Schema.NullOr(Schema.String),
    more: Schema.BigInt,
    bytes: Schema.Number,
    ok: Schema.optionalKey(Schema.Boolean),
    method: Schema.String,
    seconds: Schema.Number
  },
  upload: { seconds: Schema.Number, path: Schema.String, ok: Schema.Boolean, parts: Schema.Array(Schema.String) },
  ping: {}
})
const cases: { readonly [tag: string]: { readonly fields: object } } = Family.cases
const tags = Object.keys(cases)

type State = Metric.SeriesState<unknown>
export type Definition = Metric.Metric<string, unknown, State, MetricEvent>

// --- definitions

const fields = ["method", "ok", "user", "path", "seconds", "bytes", "more"]
const anyLabel = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...fields) },
  { weight: 1, arbitrary: fc.constant((event: MetricEvent, at: number) => `${event._tag} ${at % 2}`) }
)
const anyLabels = fc
  .uniqueArray(anyLabel, { maxLength: 3 })
  .map((sources) => Object.fromEntries(sources.map((source, i) => [`label${i}`, source])))
/** The measured value of a kind. Sometimes it is missing or not a measurement. */
const anySource: { readonly [measures in KitKind["measures"]]: fc.Arbitrary<unknown> } = {
  number: fc.constantFrom("seconds", "seconds", "bytes", (event: { readonly seconds?: number }) => event.seconds),
  answer: fc.constantFrom("ok", "ok", "method", (event: { readonly ok?: boolean }) => event.ok),
  value: fc.constantFrom(
    "path",
    "user",
    "seconds",
    "more",
    "method",
    (event: MetricEvent, at: number) => event._tag + at
  )
}

const boundaries = [-1, 0, 1e-300, 0.1, 1, 1 + Number.EPSILON, 10, 1e300]

const isOk = (event: { readonly ok?: boolean }): boolean => event.ok === true

/** A field that no event of these tags has would be rejected. */
const isIn =
  (when: ReadonlyArray<string>) =>
  (source: unknown): boolean =>
    typeof source !== "string" || when.some((tag) => Object.hasOwn(cases[tag]!.fields, source))

export const anyInstrument: fc.Arbitrary<Metric.Any> = fc.constantFrom(...Object.values(kinds)).chain((kind) =>
  fc
    .record(
      {
        source: anySource[kind.measures],
        settings: kind.settings,
        when: fc.subarray(tags, { minLength: 1 }),
        labels: anyLabels,
        filter: fc.constant(isOk),
        maxSeries: fc.constantFrom(1, 2, 5, 2000),
        expireAfter: fc.constantFrom(1, 900, 1000, 1e9)
      },
      { requiredKeys: kind.required ? ["source", "settings"] : ["settings"] }
    )
    .filter(({ labels = {}, source, when = tags }) => [source, ...Object.values(labels)].every(isIn(when)))
    .map(({ settings, source, ...options }) =>
      kind.make("m", {
        events: Family,
        ...(source !== undefined && { [kind.option]: source }),
        ...settings,
        ...options
      })
    )
)

/** A metric without a kernel of its own. */
const ByHand = Metric.make("m", {
  events: Family,
  initial: 0,
  reduce: { ping: (count) => count + 1, upload: (count, { ok }) => (ok ? count + 1 : count) }
})

export const anyDerived = (from: fc.Arbitrary<Metric.Any>): fc.Arbitrary<Metric.Any> =>
  fc.array(from, { minLength: 1, maxLength: 3 }).map((sources) =>
    Metric.derive("m", {
      from: Object.fromEntries([...sources, ByHand].map((metric, i) => [`source${i}`, metric])),
      view: () => ({})
    })
  )

/** Events of any tag, as requests, which other metrics have seen. */
const asRequest = (event: MetricEvent): MetricEvent | undefined =>
  "seconds" in event ? Object.assign({ method: "GET", ok: true, path: "/" }, event, { _tag: "request" }) : undefined

/** The results of combinators on a metric. */
export const anyCombined = (metrics: fc.Arbitrary<Metric.Any>): fc.Arbitrary<Metric.Any> =>
  fc.oneof(
    { weight: 3, arbitrary: metrics },
    { weight: 1, arbitrary: metrics.map((metric) => metric.pipe(Metric.filter(isOk as never))) },
    { weight: 1, arbitrary: metrics.map((metric) => metric.pipe(Metric.mapEvents(Family, asRequest as never))) }
  )

export const anyDefinition: fc.Arbitrary<Definition> = anyCombined(
  fc.oneof({ weight: 5, arbitrary: anyInstrument }, { weight: 1, arbitrary: anyDerived(anyCombined(anyInstrument)) })
)

export const definitionOf = (kind: string, options: object): Definition => {
  const { make, measures, option } = kinds[kind]!
  const source = { number: "seconds", answer: "ok", value: "path" }[measures]
  const settings = { ...(kind !== "counter" && { [option]: source }), ...(kind === "histogram" && { boundaries }) }
  return make("m", { events: Family, ...settings, ...options })
}

// --- events

const numbers = [...boundaries, 0, -0, 1.5, 2 ** 53, Number.MAX_VALUE, Number.MIN_VALUE, NaN, Infinity, -Infinity]
const anyNumber = fc.oneof(fc.constantFrom(...numbers), fc.double())
/** A few frequent strings, many unique ones, and some that are too long for the dictionary. */
const anyText = fc.oneof(
  fc.constantFrom("/", "/a", "/b", "GET", "", "null", "\ud800", "overflow", '["/"]'),
  fc.nat(5000).map((n) => `/document/${n}`),
  fc.nat(99).map((n) => `${n}`.padEnd(300, "."))
)
const maybe = <A>(values: fc.Arbitrary<A>) => fc.oneof(values, fc.constantFrom(null, undefined))
const tagged = (
  tag: string,
  fields: { readonly [name: string]: fc.Arbitrary<unknown> },
  optional: ReadonlyArray<string>
) =>
  fc
    .record(fields, { requiredKeys: Object.keys(fields).filter((name) => !optional.includes(name)) })
    .map((values): MetricEvent => ({ _tag: tag, ...values }))

const method = fc.constantFrom<unknown>("GET", "PUT", 1, true)
const request = { seconds: anyNumber, method, ok: fc.boolean(), user: maybe(anyText), path: anyText }
const response = {
  path: fc.oneof(anyText, fc.constant(null)),
  more: fc.bigInt(-9n, 9n),
  bytes: anyNumber,
  method: anyText
}
export const anyEvent: fc.Arbitrary<MetricEvent> = fc.oneof(
  { weight: 6, arbitrary: tagged("request", { ...request, bytes: maybe(anyNumber) }, ["user", "bytes"]) },
  { weight: 3, arbitrary: tagged("response", { ...response, ok: fc.boolean(), seconds: anyNumber }, ["ok"]) },
  { weight: 1, arbitrary: tagged("upload", { ...request, parts: fc.array(fc.string()) }, []) },
  { weight: 1, arbitrary: fc.constant({ _tag: "ping" }) },
  { weight: 1, arbitrary: fc.constant({ _tag: "unheard.of" }) },
  // Values that the schema does not allow do not match the layout, such as this invalid one.
  {
    weight: 1,
    arbitrary: tagged("request", { ...request, seconds: fc.constantFrom<unknown>("1", 1n, null) }, ["seconds"])
  }
)

/** The steps of a stream: events in runs, and what separates the runs. */
export type Step =
  | { readonly do: "emit"; readonly events: ReadonlyArray<MetricEvent>; readonly at: number }
  | { readonly do: "fold" | "read" | "another recorder emits" }
export const anySteps: fc.Arbitrary<ReadonlyArray<Step>> = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant("emit"),
        events: fc.array(anyEvent, { minLength: 1, maxLength: 40, size: "max" }),
        at: fc.constantFrom(0, 1000, 1000, 1001, 1950, 2100.5, -3, 1.7e12)
      })
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("fold", "read", "another recorder emits") }) }
  ),
  { maxLength: 12 }
)
