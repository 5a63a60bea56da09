/**
 * Names as Prometheus has them. A metric becomes a family: its samples have the name of the family, with suffixes.
 */
import { type BaseUnit, baseUnit, wordsOf } from "./units.ts"

export type FamilyType = "counter" | "gauge" | "histogram" | "summary"

export interface Family {
  /** As in OpenMetrics: that of a counter has no `_total`. */
  readonly name: string
  readonly type: FamilyType
  readonly unit: BaseUnit
  /** The names that samples of the family may have, and its own. No other family may have any of them. */
  readonly exposed: ReadonlyArray<string>
}

/** What follows the name of a family in those of its samples. */
const suffixes: { readonly [T in FamilyType]: ReadonlyArray<string> } = {
  counter: ["", "_total", "_created"],
  gauge: [""],
  histogram: ["", "_bucket", "_sum", "_count", "_created"],
  summary: ["", "_sum", "_count", "_created"]
}

/** What a name is made from, of data of a metric. */
interface Named {
  readonly name: string
  readonly type: "sum" | "gauge" | "histogram" | "exponentialHistogram" | "summary"
  readonly monotonic?: boolean
  readonly unit: string | undefined
}

const typeOf = (data: Named): FamilyType => {
  switch (data.type) {
    case "sum":
      return data.monotonic ? "counter" : "gauge"
    case "exponentialHistogram":
      return "histogram"
    default:
      return data.type
  }
}

/** The family that data of a metric is in. */
export const familyOf = (data: Named): Family => {
  const type = typeOf(data)
  const unit = baseUnit(data.unit, data.type === "sum")
  const plain = metricName(data.name)
  const bare = type === "counter" ? withoutEnd(plain, "_total") : plain
  const name = unit.suffix === "" ? bare : withUnit(bare, unit.suffix)
  return { name, type, unit, exposed: suffixes[type].map((suffix) => name + suffix) }
}

/** The name of a counter's samples, which end in `_total`: a counter called `total` does. */
export const counterSample = (family: string): string => (hasTotal(family) ? `${family}_total` : family)

/** Whether the name of its samples has an end of its own: in OpenMetrics, what has none is no counter. */
export const hasTotal = (family: string): boolean => family !== "total"

/** Words that stand at the end of the name already are not said twice: `sent_bytes` and `bytes_per_second` share one. */
const withUnit = (name: string, unit: string): string => {
  const words = unit.split("_")
  for (let shared = words.length; shared > 0; shared--) {
    const end = words.slice(0, shared).join("_")
    if (name === end || name.endsWith(`_${end}`)) return [name, ...words.slice(shared)].join("_")
  }
  return `${name}_${unit}`
}

const withoutEnd = (text: string, end: string): string => (text.endsWith(end) ? text.slice(0, -end.length) : text)

/** No colons: they are for recording rules. */
const metricName = (name: string): string => startingWithLetter(wordsOf(name))

const labelNames = new Map<string, string>()

/** Most of them come with every scrape, and of every recorder; what a hand-written metric shows may be anything. */
const MostRemembered = 10_000

/** Names that begin with `__` are those of Prometheus. */
export const labelName = (name: string): string => {
  let made = labelNames.get(name)
  if (made === undefined) {
    made = startingWithLetter(wordsOf(name))
    if (labelNames.size >= MostRemembered) labelNames.clear()
    labelNames.set(name, made)
  }
  return made
}

const startingWithLetter = (name: string): string => (/^[a-zA-Z]/.test(name) ? name : `_${name}`)
