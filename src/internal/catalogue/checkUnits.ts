/** Units: whether they are known, and whether they fit what is measured. */
import type * as Metric from "../metric/definition/metric.ts"
import { isUcum } from "../naming/ucum.ts"
import { namedUnit, unitNames } from "../naming/unitCode.ts"
import { baseUnit } from "../naming/units.ts"
import { didYouMean } from "../util/didYouMean.ts"
import { lastWord, snakeCase } from "./checkNames.ts"
import type { Found } from "./findings.ts"

export function* checkUnit(metric: Metric.Any): Iterable<Found> {
  const { instrument, name, unit } = metric
  const field = typeof instrument?.value === "string" ? instrument.value : undefined
  const ofField = field === undefined || !measuresIts(metric) ? undefined : unitOfField(field)
  if (unit === undefined) {
    const missing = ofField ?? namedUnit(lastWord(name))
    if (missing === undefined) return
    yield {
      code: "unit-missing",
      message: `has no unit, and ${ofField === undefined ? "is named after one" : `measures the field ${field}`}`,
      advice: `Give it the unit ${missing}: dashboards, and names in Prometheus, follow it`
    }
    return
  }
  if (!isUcum(unit)) {
    const message = `has the unit ${JSON.stringify(unit)}, which is not a unit of UCUM`
    yield { code: "unit-unknown", message, advice: instead(unit) }
  } else if (ofField !== undefined && ofField !== unit) {
    yield {
      code: "unit-of-field",
      message: `has the unit ${unit}, and measures the field ${field}, which seems to be in ${ofField}`,
      advice: `Give it the unit ${ofField}, or measure ${converted(field!, ofField, unit)}`
    }
  }
  if (unit === "1" && (instrument?.kind === "counter" || instrument?.kind === "upDownCounter")) {
    yield {
      code: "unit-one",
      message: 'counts things in the unit "1", which is for ratios',
      advice: "Say what is counted, in braces: {request}"
    }
  }
}

const instead = (unit: string): string => {
  const meant = didYouMean(unit, unitNames).trim()
  if (meant !== "") return `${meant} Otherwise use a unit of UCUM, such as s, ms, By, % or {request}`
  return /^[A-Za-z]+$/.test(unit)
    ? `Put it in braces, as a word for people: {${unit}}`
    : "Use a unit of UCUM, such as s, ms, By, % or {request}"
}

/** Converts between units that are multiples of each other. */
const converted = (field: string, from: string, to: string): string => {
  const [own, other] = [baseUnit(from, false), baseUnit(to, false)]
  if (own.suffix !== other.suffix) return "something else"
  const [multiply, divide] = [own.multiply * other.divide, own.divide * other.multiply]
  const factor = multiply >= divide ? `* ${multiply / divide}` : `/ ${divide / multiply}`
  return `(event) => event.${field} ${factor}`
}

/** Whether its unit is that of the field, which is not the case for a ratio or a count. */
const measuresIts = ({ instrument }: Metric.Any): boolean =>
  !["ratio", "frequency", "distinct"].includes(instrument?.kind ?? "")

/** The unit at the end of a field name: `durationMs`, `body_bytes`. */
const unitOfField = (field: string): string | undefined =>
  namedUnit(
    snakeCase(field)
      .split(/[^a-z0-9]+/)
      .at(-1)!
  )
