/**
 * A strict parser of the text formats of Prometheus, written from their documentation.
 */

export interface Sample {
  readonly name: string
  readonly labels: { readonly [name: string]: string }
  readonly value: number
  readonly exemplar: { readonly labels: { readonly [name: string]: string }; readonly value: number } | undefined
}

/** A series as text, with its value; -0 is 0 in text. */
export const entryOf = ({ labels, name, value }: Sample): readonly [string, number] => [
  `${name}${JSON.stringify(Object.entries(labels).sort())}`,
  0 + value
]

export interface ParsedFamily {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly unit: string | undefined
  readonly samples: ReadonlyArray<Sample>
}

const Name = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LabelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/

/** Parses a line from left to right. */
class Line {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  fail(what: string): never {
    throw new Error(`${what} at ${this.#at} of: ${this.#text}`)
  }

  until(...stops: ReadonlyArray<string>): string {
    const start = this.#at
    while (this.#at < this.#text.length && !stops.includes(this.#text[this.#at]!)) this.#at++
    return this.#text.slice(start, this.#at)
  }

  takes(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false
    this.#at += text.length
    return true
  }

  expect(text: string): void {
    if (!this.takes(text)) this.fail(`no ${JSON.stringify(text)}`)
  }

  quoted(): string {
    this.expect('"')
    let value = ""
    for (;;) {
      value += this.until('"', "\\")
      if (this.takes('"')) return value
      if (this.takes("\\\\")) value += "\\"
      else if (this.takes('\\"')) value += '"'
      else if (this.takes("\\n")) value += "\n"
      else this.fail("a bad escape")
    }
  }

  labels(): { readonly [name: string]: string } {
    const labels = new Map<string, string>()
    this.expect("{")
    while (!this.takes("}")) {
      if (labels.size > 0) this.expect(",")
      const name = this.until("=")
      if (!LabelName.test(name) || name.startsWith("__")) this.fail(`the label name ${name}`)
      if (labels.has(name)) this.fail(`twice the label ${name}`)
      this.expect("=")
      labels.set(name, this.quoted())
    }
    return Object.fromEntries(labels)
  }

  number(): number {
    const text = this.until(" ")
    if (text === "+Inf") return Number.POSITIVE_INFINITY
    if (text === "-Inf") return Number.NEGATIVE_INFINITY
    if (text === "NaN") return Number.NaN
    if (!/^[-+]?\d+(\.\d+)?(e[-+]?\d+)?$/.test(text)) this.fail(`the number ${text}`)
    return Number(text)
  }

  end(): void {
    if (this.#at < this.#text.length) this.fail("more")
  }
}

const parseSample = (text: string): Sample => {
  const line = new Line(text)
  const name = line.until("{", " ")
  if (!Name.test(name)) line.fail(`the name ${name}`)
  const labels = text[name.length] === "{" ? line.labels() : {}
  line.expect(" ")
  const value = line.number()
  let exemplar: Sample["exemplar"]
  if (line.takes(" # ")) {
    const own = line.labels()
    line.expect(" ")
    exemplar = { labels: own, value: line.number() }
    if (line.takes(" ")) line.number()
  }
  line.end()
  return { name, labels, value, exemplar }
}

const suffixes: { readonly [type: string]: ReadonlyArray<string> } = {
  counter: ["_total", "_created"],
  gauge: [""],
  histogram: ["_bucket", "_sum", "_count", "_created"],
  summary: ["", "_sum", "_count", "_created"]
}

/** The families of a text by name. Throws if the text violates the format. */
export const parseExposition = (text: string, format: "text" | "openmetrics"): ReadonlyMap<string, ParsedFamily> => {
  const families = new Map<string, ParsedFamily & { readonly samples: Array<Sample> }>()
  const names = new Map<string, string>()
  const series = new Set<string>()
  const lines = text.split("\n")
  if (lines.pop() !== "") throw new Error("the last line has no end")
  if (format === "openmetrics" && lines.pop() !== "# EOF") throw new Error("no # EOF")
  let meta: { [word: string]: string } = {}
  let current: string | undefined
  for (const line of lines) {
    const comment = /^# (HELP|TYPE|UNIT) ([^ ]+) (.*)$/.exec(line)
    if (comment !== null) {
      const [, word, name, rest] = comment as unknown as [string, string, string, string]
      if (name !== current) {
        if (families.has(name)) throw new Error(`the family ${name} comes twice`)
        meta = {}
        current = name
      }
      if (word === "UNIT" && !name.endsWith(`_${rest}`)) throw new Error(`the unit ${rest} is no suffix of ${name}`)
      if (meta[word] !== undefined || families.has(name)) throw new Error(`out of place: ${line}`)
      meta[word] = rest
      continue
    }
    const sample = parseSample(line)
    if (current === undefined || meta.TYPE === undefined || !meta.HELP) throw new Error(`no metadata for ${line}`)
    const { HELP, TYPE, UNIT } = meta as { HELP: string; TYPE: string; UNIT?: string }
    if (!families.has(current))
      families.set(current, { name: current, type: TYPE, help: HELP, unit: UNIT, samples: [] })
    const own = current
    const allowed = format === "text" && TYPE === "counter" ? [own] : suffixes[TYPE]!.map((suffix) => own + suffix)
    if (!allowed.includes(sample.name)) throw new Error(`${sample.name} is not of the family ${own}`)
    if ((names.get(sample.name) ?? own) !== own) throw new Error(`${sample.name} is of two families`)
    names.set(sample.name, own)
    const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()])
    if (series.has(key)) throw new Error(`twice the series ${line}`)
    series.add(key)
    families.get(own)!.samples.push(sample)
  }
  return families
}
