/** Numbers for people: few digits, with the unit scaled to fit. */
import type { Unit } from "./kindViews.ts"

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 })
const NoValue = "–"

/** Three significant digits, without an exponent where people expect none. */
const digits = (value: number): string => {
  const size = Math.abs(value)
  if (value === 0) return "0"
  if (size >= 1e15 || size < 1e-4) return value.toExponential(2)
  if (Number.isInteger(value) && size < 1e7) return grouped.format(value)
  const scaled = largest(size, [
    ["", 1],
    ["M", 1e6],
    ["G", 1e9],
    ["T", 1e12]
  ])
  const shown = value / scaled[1]
  const fraction = Math.abs(shown) >= 100 ? 0 : Math.abs(shown) >= 10 ? 1 : Math.abs(shown) >= 1 ? 2 : 3
  const text = shown.toFixed(fraction)
  return `${Math.abs(shown) >= 1000 ? grouped.format(shown) : text}${scaled[0]}`
}

type Steps = ReadonlyArray<readonly [suffix: string, factor: number]>

const largest = (size: number, steps: Steps): readonly [string, number] =>
  steps.findLast(([, factor]) => size >= factor) ?? steps[0]!

const seconds: Steps = [
  ["ns", 1e-9],
  ["µs", 1e-6],
  ["ms", 1e-3],
  ["s", 1],
  ["min", 60],
  ["h", 3600],
  ["d", 86_400]
]

const bytes: Steps = [
  ["B", 1],
  ["kB", 1e3],
  ["MB", 1e6],
  ["GB", 1e9],
  ["TB", 1e12]
]

/** UCUM units that are scaled to a better one. */
const known: { readonly [unit: string]: readonly [factor: number, steps: Steps] } = {
  s: [1, seconds],
  ms: [1e-3, seconds],
  us: [1e-6, seconds],
  ns: [1e-9, seconds],
  min: [60, seconds],
  h: [3600, seconds],
  By: [1, bytes],
  kBy: [1e3, bytes],
  MBy: [1e6, bytes],
  KiBy: [1024, bytes],
  MiBy: [1024 ** 2, bytes]
}

/** A gauge of more than 30 years is a Unix time, of the years 2000 to 9999. Sums of durations may be as large. */
const dateIn = (value: number, unit = ""): string | undefined => {
  const [factor, steps] = known[unit] ?? [0]
  const time = value * factor
  if (steps !== seconds || time < 946_684_800 || time >= 253_402_300_800) return undefined
  return new Date(time * 1000).toISOString().replace("T", " ").replace(/\..*/, "Z")
}

/** `{document}` is an annotation: it names what is counted, not its unit. */
const isAnnotation = (unit: string): boolean => unit.startsWith("{")

const withUnit = (value: number, unit: string | undefined): string => {
  if (unit === undefined || unit === "1" || isAnnotation(unit)) return digits(value)
  if (unit === "%") return `${digits(value)} %`
  const sized = known[unit]
  if (sized === undefined) return `${digits(value)} ${unit}`
  const [factor, steps] = sized
  const [suffix, step] = largest(
    Math.abs(value * factor),
    value === 0 ? [steps.find(([, size]) => size === 1)!] : steps
  )
  return `${digits((value * factor) / step)} ${suffix}`
}

/** The text of a cell, by its kind. */
export const format = (value: unknown, unit: Unit, metricUnit?: string): string => {
  if (value === null || value === undefined) return NoValue
  if (typeof value !== "number") return String(value)
  if (!Number.isFinite(value)) return Number.isNaN(value) ? NoValue : String(value)
  if (unit === "count") return digits(value)
  if (unit === "events") return `${digits(value)}/s`
  if (unit === "ratio") return `${digits(value * 100)} %`
  if (unit === "level") return dateIn(value, metricUnit) ?? withUnit(value, metricUnit)
  return unit === "rate" ? `${withUnit(value, metricUnit)}/s` : withUnit(value, metricUnit)
}

/**
 * Up to `length` characters, with a mark for what is omitted in the middle, because names often differ at their end.
 */
export const shortened = (text: string, length: number): string => {
  if (text.length <= length) return text
  const end = Math.floor(length / 3)
  // The cut may split a surrogate pair.
  return `${text.slice(0, length - end)}…${text.slice(-end)}`.replaceAll(/\p{Cs}/gu, "")
}

/** Invisible characters, and those that change the order of their neighbours. */
const steering = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

/** Foreign text in a form that is safe to show, on a line of its own or within one. */
export const visible = (text: string): string =>
  text.replaceAll(steering, (sign) => (sign === "\n" || sign === "\t" ? sign : "�"))
