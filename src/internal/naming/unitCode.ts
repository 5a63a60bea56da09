/**
 * Units by the names that people use for them. A definition keeps the code of UCUM, as OpenTelemetry has it, since that
 * is what all exporters know.
 */

/** The codes that have such names. */
export type KnownUnit = keyof typeof names

const names = {
  s: ["sec", "secs", "second", "seconds"],
  ms: ["msec", "msecs", "millis", "millisecond", "milliseconds"],
  us: ["µs", "μs", "usec", "usecs", "micros", "microsecond", "microseconds"],
  ns: ["nsec", "nsecs", "nanos", "nanosecond", "nanoseconds"],
  min: ["mins", "minute", "minutes"],
  h: ["hr", "hrs", "hour", "hours"],
  d: ["day", "days"],
  wk: ["week", "weeks"],
  By: ["byte", "bytes"],
  kBy: ["kilobyte", "kilobytes"],
  MBy: ["megabyte", "megabytes"],
  GBy: ["gigabyte", "gigabytes"],
  TBy: ["terabyte", "terabytes"],
  KiBy: ["kibibyte", "kibibytes"],
  MiBy: ["mebibyte", "mebibytes"],
  GiBy: ["gibibyte", "gibibytes"],
  TiBy: ["tebibyte", "tebibytes"],
  bit: ["bits"],
  "%": ["percent"],
  m: ["meter", "meters", "metre", "metres"],
  g: ["gram", "grams"],
  kg: ["kilogram", "kilograms"],
  V: ["volt", "volts"],
  A: ["ampere", "amperes"],
  J: ["joule", "joules"],
  W: ["watt", "watts"],
  Hz: ["hertz"],
  Cel: ["celsius"],
  K: ["kelvin"]
} as const satisfies { readonly [code: string]: ReadonlyArray<string> }

const codes: ReadonlyMap<string, string> = new Map(
  Object.entries<ReadonlyArray<string>>(names).flatMap(([code, all]) => all.map((name) => [name, code]))
)

/** Case counts in codes (`S` is siemens), not in words. */
const codeOf = (unit: string): string => codes.get(unit.trim().toLowerCase()) ?? unit

/** The code of a unit, of each part of a quotient: `bytes/second` is `By/s`. What is no known name stays as it is. */
export const unitCode = (unit: string): string => unit.split("/").map(codeOf).join("/")

/** The codes, and the names that are taken for them. */
export const unitNames: ReadonlyArray<string> = [...Object.keys(names), ...codes.keys()]

/** The unit that a word in the name of something stands for. One letter stands for many things, `min` for a minimum. */
export const namedUnit = (word: string): string | undefined =>
  codes.get(word) ?? (["ms", "us", "ns"].includes(word) ? word : undefined)
