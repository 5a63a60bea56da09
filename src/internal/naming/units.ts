/** Units in UCUM notation, as in OpenTelemetry, and the base units that Prometheus uses instead. */

/**
 * The conversion of a unit: the words at the end of a name, and the factors by which values are multiplied and divided.
 */
export interface BaseUnit {
  /** Empty: the name contains no unit. */
  readonly suffix: string
  readonly multiply: number
  /** Separate from `multiply`, because 3 / 1000 is the number closest to 0.003, and 3 * 0.001 may not be. */
  readonly divide: number
}

const base = (suffix: string, multiply = 1, divide = 1): BaseUnit => ({ suffix, multiply, divide })

const none = base("")

const kibi = 1024

const units = new Map<string, BaseUnit>([
  ["s", base("seconds")],
  ["ms", base("seconds", 1, 1e3)],
  ["us", base("seconds", 1, 1e6)],
  ["µs", base("seconds", 1, 1e6)],
  ["μs", base("seconds", 1, 1e6)],
  ["ns", base("seconds", 1, 1e9)],
  ["min", base("seconds", 60)],
  ["h", base("seconds", 3600)],
  ["d", base("seconds", 86_400)],
  ["wk", base("seconds", 604_800)],
  ["By", base("bytes")],
  ["kBy", base("bytes", 1e3)],
  ["KBy", base("bytes", 1e3)],
  ["MBy", base("bytes", 1e6)],
  ["GBy", base("bytes", 1e9)],
  ["TBy", base("bytes", 1e12)],
  ["PBy", base("bytes", 1e15)],
  ["KiBy", base("bytes", kibi)],
  ["MiBy", base("bytes", kibi ** 2)],
  ["GiBy", base("bytes", kibi ** 3)],
  ["TiBy", base("bytes", kibi ** 4)],
  ["PiBy", base("bytes", kibi ** 5)],
  ["bit", base("bytes", 1, 8)],
  ["kbit", base("bytes", 1e3, 8)],
  ["Mbit", base("bytes", 1e6, 8)],
  ["Gbit", base("bytes", 1e9, 8)],
  ["%", base("ratio", 1, 100)],
  ["m", base("meters")],
  ["mm", base("meters", 1, 1e3)],
  ["cm", base("meters", 1, 100)],
  ["km", base("meters", 1e3)],
  ["g", base("grams")],
  ["mg", base("grams", 1, 1e3)],
  ["kg", base("grams", 1e3)],
  ["V", base("volts")],
  ["mV", base("volts", 1, 1e3)],
  ["A", base("amperes")],
  ["mA", base("amperes", 1, 1e3)],
  ["J", base("joules")],
  ["kJ", base("joules", 1e3)],
  ["W", base("watts")],
  ["mW", base("watts", 1, 1e3)],
  ["kW", base("watts", 1e3)],
  ["Hz", base("hertz")],
  ["kHz", base("hertz", 1e3)],
  ["MHz", base("hertz", 1e6)],
  ["GHz", base("hertz", 1e9)],
  ["Cel", base("celsius")],
  ["K", base("kelvin")]
])

/** The period of a rate: `By/s`. The base unit is the second here as well. */
const periods = new Map<string, number>([
  ["ms", 1e-3],
  ["s", 1],
  ["min", 60],
  ["h", 3600],
  ["d", 86_400],
  ["wk", 604_800]
])

/** For a sum, the unit `1` means a count and not a ratio. */
export const baseUnit = (unit: string | undefined, isSum: boolean): BaseUnit => {
  if (unit === undefined) return none
  // `{request}` is an annotation.
  const [what = "", per, ...more] = unit
    .replaceAll(/\{[^}]*\}/g, "")
    .split("/")
    .map((part) => part.trim())
  if (per === undefined || per === "") return unitOf(what, isSum)
  const of = unitOf(what, true)
  const period = more.length === 0 ? periods.get(per) : undefined
  const words = [of.suffix, "per", period === undefined ? wordsOf([per, ...more].join("_per_")) : "second"]
  const suffix = words.filter((word) => word !== "").join("_")
  if (period === undefined) return { ...of, suffix }
  return period < 1 ? { ...of, suffix, multiply: of.multiply / period } : { ...of, suffix, divide: of.divide * period }
}

const unitOf = (unit: string, isSum: boolean): BaseUnit => {
  if (unit === "1") return isSum ? none : base("ratio")
  return units.get(unit) ?? base(wordsOf(unit))
}

/**
 * The characters allowed in a name: ASCII letters and digits, with `_` for everything between them. Other letters are
 * replaced by their code points, so that names in any language stay distinct.
 */
export const wordsOf = (text: string): string =>
  text
    .replaceAll(/[^\0-\x7f]/gu, (letter) => ` u${letter.codePointAt(0)!.toString(16)} `)
    .replaceAll(/[^a-zA-Z0-9]+/g, "_")
    .replaceAll(/^_|_$/g, "")

export const isScaled = ({ divide, multiply }: BaseUnit): boolean => multiply !== 1 || divide !== 1
