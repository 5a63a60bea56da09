/** Units by their common names. A definition stores the UCUM code, which OpenTelemetry and all exporters use. */

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

/** Case is significant in codes (`S` is siemens), but not in words. */
const codeOf = (unit: string): string => codes.get(unit.trim().toLowerCase()) ?? unit

/** The code of a unit, or of each part of a quotient: `bytes/second` is `By/s`. An unknown name stays as it is. */
export const unitCode = (unit: string): string => unit.split("/").map(codeOf).join("/")

/** The codes, and the names that are accepted for them. */
export const unitNames: ReadonlyArray<string> = [...Object.keys(names), ...codes.keys()]

/** The unit that a word in a name stands for. Single letters are ambiguous, and `min` means minimum. */
export const namedUnit = (word: string): string | undefined =>
  codes.get(word) ?? (["ms", "us", "ns"].includes(word) ? word : undefined)
