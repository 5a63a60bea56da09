/**
 * The series that exporters show before their first event, for labels whose values are known from the schema of the
 * events. Without them `rate()` misses the first increment of each series.
 *
 * They are not part of the state, so reducers, merges, limits and saved states do not contain them.
 */
import { InvalidArgument } from "../../model/usageErrors.ts"
import { oncePer } from "../../util/oncePer.ts"
import { type Instrument, type KindName, type LabelValue, labelValue } from "../definition/instrument.ts"
import type * as Metric from "../definition/metric.ts"
import { fieldValues } from "./fieldValues.ts"
import { keyOf, labelsOf } from "./series.ts"

/** The kinds that count. Without events, a gauge, a rate or a minimum has no value. */
export const countsFromZero: ReadonlySet<KindName> = new Set([
  "average",
  "counter",
  "exponentialHistogram",
  "histogram",
  "ratio",
  "summary",
  "upDownCounter"
])

/** More series are shown only if the definition asks for them, because each recorder has them in each export. */
const MostUnasked = 32

export interface ZeroSeries {
  readonly key: string
  readonly labels: { readonly [name: string]: LabelValue }
}

type Events = Metric.Any["events"]

const none: ReadonlyArray<never> = []

export const zeroSeries = oncePer(
  ({ events, instrument }: Metric.Any): ReadonlyArray<ZeroSeries> =>
    instrument === undefined ? none : seriesOf(instrument, events)
)

const seriesOf = (instrument: Instrument, events: Events): ReadonlyArray<ZeroSeries> => {
  const { expireAfter, fromZero, kind, labels } = instrument
  // An expired series returns with its next event as another life of the series. It would appear twice, or decrease.
  if (labels.length === 0 || fromZero === false || expireAfter !== undefined || !countsFromZero.has(kind)) return none
  const all = combinations(instrument, events)
  if (typeof all === "string" || all.size > mostOf(instrument)) return none
  return Array.from(all, (key) => ({ key, labels: labelsOf(instrument, key)! }))
}

const mostOf = ({ fromZero, maxSeries }: Instrument): number =>
  fromZero === true ? maxSeries : Math.min(MostUnasked, maxSeries)

/** Why a definition that asks for them cannot have them. */
export const whyNotFromZero = (instrument: Instrument, events: Events): InvalidArgument | undefined => {
  if (instrument.fromZero !== true) return undefined
  const invalid = (reason: string) => new InvalidArgument({ argument: "fromZero", reason })
  if (instrument.expireAfter !== undefined) {
    return invalid(
      "cannot be combined with expireAfter, which removes series that have no events. Leave out one of them"
    )
  }
  const all = combinations(instrument, events)
  if (typeof all === "string") {
    return invalid(
      `needs labels whose values the schema knows, and "${all}" may have any. Use Schema.Literals, Schema.Boolean or an enum for its field`
    )
  }
  return all.size > instrument.maxSeries
    ? invalid(`there are more than ${instrument.maxSeries} combinations of label values. Raise maxSeries`)
    : undefined
}

// --- the values of labels

/**
 * The keys of all combinations, up to the first ones beyond {@link Instrument.maxSeries}; or the name of a label whose
 * values are not known.
 */
export const combinations = (instrument: Instrument, events: Events): ReadonlySet<string> | string => {
  const keys = new Set<string>()
  for (const tag of instrument.tags) {
    const values: Array<ReadonlyArray<LabelValue>> = []
    for (const [name, source] of instrument.labels) {
      const own = typeof source === "string" ? fieldValues(events, tag, source) : undefined
      if (own === undefined) return name
      values.push(own.map((value) => labelValue(value, instrument.maxLabelLength)))
    }
    for (const each of product(values)) {
      keys.add(keyOf(each))
      if (keys.size > instrument.maxSeries) return keys
    }
  }
  return keys
}

function* product(values: ReadonlyArray<ReadonlyArray<LabelValue>>): Generator<ReadonlyArray<LabelValue>, void> {
  const [first, ...rest] = values
  if (first === undefined) return yield []
  for (const value of first) for (const others of product(rest)) yield [value, ...others]
}
