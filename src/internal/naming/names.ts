/** Names in Prometheus. A metric becomes a family: the names of its samples are the family's name with suffixes. */
import { type BaseUnit, baseUnit, wordsOf } from "./units.ts"

export type FamilyType = "counter" | "gauge" | "histogram" | "summary"

export interface Family {
  /** As in OpenMetrics: the name of a counter does not include `_total`. */
  readonly name: string
  readonly type: FamilyType
  readonly unit: BaseUnit
  /** The possible sample names of the family, and its own name. No other family may use any of them. */
  readonly exposed: ReadonlyArray<string>
}

/** The suffixes of a family's name in its sample names. */
const suffixes: { readonly [T in FamilyType]: ReadonlyArray<string> } = {
  counter: ["", "_total", "_created"],
  gauge: [""],
  histogram: ["", "_bucket", "_sum", "_count", "_created"],
  summary: ["", "_sum", "_count", "_created"]
}

/** The data of a metric that determine its name. */
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

/** The family for data of a metric. */
export const familyOf = (data: Named): Family => {
  const type = typeOf(data)
  const unit = baseUnit(data.unit, data.type === "sum")
  const plain = metricName(data.name)
  const bare = type === "counter" ? withoutEnd(plain, "_total") : plain
  const name = unit.suffix === "" ? bare : withUnit(bare, unit.suffix)
  return { name, type, unit, exposed: suffixes[type].map((suffix) => name + suffix) }
}

/** The name of a counter's samples, which ends in `_total`. The name of a counter called `total` already does. */
export const counterSample = (family: string): string => (hasTotal(family) ? `${family}_total` : family)

/** Whether its sample names have a suffix. In OpenMetrics a counter must have one. */
export const hasTotal = (family: string): boolean => family !== "total"

/** Words that already end the name are not repeated: `sent_bytes` and `bytes_per_second` share one. */
const withUnit = (name: string, unit: string): string => {
  const words = unit.split("_")
  for (let shared = words.length; shared > 0; shared--) {
    const end = words.slice(0, shared).join("_")
    if (name === end || name.endsWith(`_${end}`)) return [name, ...words.slice(shared)].join("_")
  }
  return `${name}_${unit}`
}

const withoutEnd = (text: string, end: string): string => (text.endsWith(end) ? text.slice(0, -end.length) : text)

/** No colons, which are reserved for recording rules. */
const metricName = (name: string): string => startingWithLetter(wordsOf(name))

const labelNames = new Map<string, string>()

/** Most names recur with every scrape and recorder, but a hand-written metric may show any number of them. */
const MostRemembered = 10_000

/** Names that begin with `__` are reserved by Prometheus. */
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
