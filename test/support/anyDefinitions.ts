/**
 * Arbitrary definitions of built-in metrics as data, and every way to change one.
 */
import { Schema } from "effect"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import type { ChangeCode } from "../../src/internal/catalogue/changes.ts"

const request = {
  seconds: Schema.Number,
  bytes: Schema.Number,
  ok: Schema.Boolean,
  region: Schema.Literals(["eu", "us"]),
  host: Schema.String
}

/** Versions of one family: the second one has other outcomes, the third one allows any. */
const families = [Schema.Literals(["SUCCESS", "FAILURE"]), Schema.Literals(["SUCCESS", "TIMEOUT"]), Schema.String].map(
  (outcome) => Schema.TaggedUnion({ "app.request": { ...request, outcome }, "app.retry": { ...request, outcome } })
)

/** A constructor and its options. */
export interface Spec {
  readonly name: string
  readonly kind: string
  readonly family: number
  readonly options: { readonly [option: string]: unknown }
}

type Constructor = (name: string, options: object) => Metric.Any

const constructors = Metric as unknown as { readonly [kind: string]: Constructor }

export const metricOf = ({ family, kind, name, options }: Spec): Metric.Any =>
  constructors[kind]!(name, { events: families[family], ...options })

// --- arbitrary ones

const measured = fc.constantFrom("seconds", "bytes")

const own: { readonly [kind: string]: fc.Arbitrary<object> } = {
  counter: fc.record({ value: measured }, { requiredKeys: [] }),
  upDownCounter: fc.record({ value: measured }),
  gauge: fc.record({ value: measured, mode: fc.constantFrom("set", "add") }),
  histogram: fc.record({ value: measured, boundaries: fc.constantFrom([0.1, 1], [0.1, 0.5, 1], [1, 2]) }),
  exponentialHistogram: fc.record({ value: measured, maxScale: fc.constantFrom(20, 4, 0) }),
  summary: fc.record({ value: measured, quantiles: fc.constantFrom([0.5], [0.5, 0.9], [0.99]) }),
  average: fc.record({ value: measured }),
  minMax: fc.record({ value: measured }),
  ratio: fc.constant({ hits: "ok" }),
  rate: fc.record({ window: fc.constantFrom("1 minute", "5 minutes") }),
  window: fc.record({ value: measured, slots: fc.constantFrom(6, 60) }),
  frequency: fc.record({ value: fc.constantFrom("host", "region"), maxValues: fc.constantFrom(10, 1000) }),
  distinct: fc.record({ value: fc.constantFrom("host", "region"), precision: fc.constantFrom(8, 11) })
}

const common = fc.record(
  {
    labels: fc.subarray(["outcome", "region", "host"]),
    when: fc.constantFrom("app.request", ["app.request", "app.retry"]),
    unit: fc.constantFrom("s", "ms", "By", "1", "{request}"),
    description: fc.constantFrom("What it is.", "Something else."),
    maxSeries: fc.constantFrom(10, 100),
    maxLabelLength: fc.constantFrom(64, 128),
    expireAfter: fc.constantFrom("1 minute", "1 hour")
  },
  { requiredKeys: [] }
)

export const anySpec: fc.Arbitrary<Spec> = fc.constantFrom(...Object.keys(own)).chain((kind) =>
  fc
    .record({
      name: fc.constantFrom("app.a", "app.b", "app.c", "app.d"),
      common,
      options: own[kind]!,
      family: fc.constantFrom(0, 1, 2)
    })
    .map(
      ({ common, family, name, options }) =>
        ({
          name,
          kind,
          family,
          options: { ...common, ...options }
        }) as Spec
    )
)

/** Metrics with different names. */
export const anySpecs: fc.Arbitrary<ReadonlyArray<Spec>> = fc.uniqueArray(anySpec, {
  maxLength: 4,
  selector: ({ name }) => name
})

// --- mutations

/** A change of a definition, its expected code, and the other codes that follow from it. */
export interface Mutation {
  readonly name: string
  readonly code: ChangeCode
  readonly also?: ReadonlyArray<ChangeCode>
  /** `undefined`: the definition has nothing of this kind to change. */
  readonly of: (spec: Spec) => Spec | undefined
}

const set = (spec: Spec, option: string, value: unknown): Spec => ({
  ...spec,
  options: { ...spec.options, [option]: value }
})

const without = (spec: Spec, option: string): Spec => {
  const { [option]: _, ...options } = spec.options
  return { ...spec, options }
}

const labelsOf = ({ options }: Spec): ReadonlyArray<string> => (options.labels ?? []) as ReadonlyArray<string>

/** With another version of the family, if that changes a label. */
const ofOutcome = (spec: Spec, from: ReadonlyArray<number>, to: number): Spec | undefined =>
  labelsOf(spec).includes("outcome") && from.includes(spec.family) ? { ...spec, family: to } : undefined

/** The other one of two. */
const other = (option: string, left: unknown, right: unknown) => (spec: Spec) =>
  set(spec, option, JSON.stringify(spec.options[option]) === JSON.stringify(left) ? right : left)

const ofKind =
  (kinds: ReadonlyArray<string>, of: (spec: Spec) => Spec | undefined) =>
  (spec: Spec): Spec | undefined =>
    kinds.includes(spec.kind) ? of(spec) : undefined

export const mutations: ReadonlyArray<Mutation> = [
  { name: "another name", code: "metric-renamed", of: (spec) => ({ ...spec, name: "app.other" }) },
  {
    name: "another kind",
    code: "kind-changed",
    of: ofKind(["counter"], (spec) => ({ ...set(spec, "value", "seconds"), kind: "upDownCounter" }))
  },
  {
    name: "another unit",
    code: "unit-changed",
    of: (spec) => set(spec, "unit", spec.options.unit === "kg" ? "V" : "kg")
  },
  {
    name: "another annotation",
    code: "unit-annotation-changed",
    of: (spec) => (spec.options.unit === "{request}" ? set(spec, "unit", "{call}") : undefined)
  },
  {
    name: "a label less",
    code: "label-removed",
    of: (spec) => (labelsOf(spec).length === 0 ? undefined : set(spec, "labels", labelsOf(spec).slice(1)))
  },
  {
    name: "a label more",
    code: "label-added",
    of: (spec) =>
      set(spec, "labels", { ...Object.fromEntries(labelsOf(spec).map((label) => [label, label])), more: "ok" })
  },
  {
    name: "another name of a label",
    code: "label-renamed",
    of: (spec) => {
      const [first, ...rest] = labelsOf(spec)
      if (first === undefined) return undefined
      return set(spec, "labels", { renamed: first, ...Object.fromEntries(rest.map((label) => [label, label])) })
    }
  },
  {
    name: "another source of a label",
    code: "label-source-changed",
    also: ["label-value-added", "label-value-removed", "label-opened", "label-closed"],
    of: (spec) => {
      const [first, ...rest] = labelsOf(spec)
      if (first === undefined) return undefined
      return set(spec, "labels", { [first]: "ok", ...Object.fromEntries(rest.map((label) => [label, label])) })
    }
  },
  {
    name: "other values of a label",
    code: "label-value-removed",
    also: ["label-value-added"],
    of: (spec) => ofOutcome(spec, [0, 1], 1 - spec.family)
  },
  {
    name: "any values of a label",
    code: "label-opened",
    of: (spec) => ofOutcome(spec, [0, 1], 2)
  },
  {
    name: "values of a label from a list",
    code: "label-closed",
    of: (spec) => ofOutcome(spec, [2], 0)
  },
  {
    name: "another description",
    code: "help-changed",
    of: (spec) => set(spec, "description", "Quite another text.")
  },
  {
    name: "other events",
    code: "event-removed",
    of: (spec) => (spec.options.when === "app.request" ? undefined : set(spec, "when", "app.request"))
  },
  {
    name: "more events",
    code: "event-added",
    of: (spec) => (spec.options.when === "app.request" ? without(spec, "when") : undefined)
  },
  {
    name: "a filter",
    code: "filter-changed",
    of: (spec) => set(spec, "filter", () => true)
  },
  {
    name: "another measured field",
    code: "measures-changed",
    of: ofKind(
      ["gauge", "histogram", "summary", "average", "minMax", "upDownCounter"],
      other("value", "bytes", "seconds")
    )
  },
  {
    name: "other boundaries",
    code: "boundaries-changed",
    of: ofKind(["histogram"], (spec) => set(spec, "boundaries", [...(spec.options.boundaries as Array<number>), 50]))
  },
  {
    name: "another range",
    code: "resolution-changed",
    also: ["boundaries-changed"],
    of: ofKind(["exponentialHistogram"], (spec) => set(spec, "range", [0.5, 2]))
  },
  {
    name: "another scale",
    code: "resolution-changed",
    also: ["boundaries-changed"],
    of: ofKind(["exponentialHistogram"], other("maxScale", 20, -1))
  },
  {
    name: "a quantile less",
    code: "quantile-removed",
    of: ofKind(["summary"], (spec) => {
      const [, ...rest] = spec.options.quantiles as ReadonlyArray<number>
      return rest.length === 0 ? undefined : set(spec, "quantiles", rest)
    })
  },
  {
    name: "a quantile more",
    code: "quantile-added",
    of: ofKind(["summary"], (spec) => set(spec, "quantiles", [...(spec.options.quantiles as Array<number>), 0.25]))
  },
  { name: "another mode", code: "mode-changed", of: ofKind(["gauge"], other("mode", "set", "add")) },
  {
    name: "another window",
    code: "window-changed",
    of: ofKind(["rate", "window", "summary"], (spec) => set(spec, "window", "7 minutes"))
  },
  { name: "another precision", code: "resolution-changed", of: ofKind(["distinct"], other("precision", 8, 11)) },
  { name: "other values", code: "limit-changed", of: ofKind(["frequency"], other("maxValues", 10, 1000)) },
  { name: "another limit", code: "limit-changed", of: other("maxSeries", 10, 100) },
  {
    name: "another length of labels",
    code: "limit-changed",
    of: other("maxLabelLength", 64, 128)
  },
  { name: "another expiry", code: "expiry-changed", of: other("expireAfter", "1 minute", "1 hour") },
  {
    name: "no series at 0",
    code: "from-zero-changed",
    of: ofKind(["counter", "histogram", "ratio", "average"], (spec) => set(spec, "fromZero", false))
  },
  {
    name: "exemplars",
    code: "exemplar-changed",
    of: ofKind(["counter", "histogram"], (spec) => set(spec, "exemplar", "span"))
  }
]
