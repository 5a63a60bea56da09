/** The format that a client accepts, by its `Accept` header. */
import type { Format } from "../../model/format.ts"

export const contentTypes: { readonly [F in Format]: string } = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  protobuf: "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
}

interface Offer {
  readonly format: Format
  /** The ranges that match it, the most specific first. */
  readonly ranges: ReadonlyArray<string>
  /** The required values of its parameters, if they are given. */
  readonly parameters: { readonly [name: string]: string }
  /** Whether they must be given. */
  readonly isExplicit?: boolean
}

/** If a client prefers several equally, it gets the first. */
const offers: ReadonlyArray<Offer> = [
  // Only if requested explicitly, because a client that accepts anything cannot read it.
  {
    format: "protobuf",
    ranges: ["application/vnd.google.protobuf"],
    parameters: { proto: "io.prometheus.client.metricfamily", encoding: "delimited" },
    isExplicit: true
  },
  { format: "openmetrics", ranges: ["application/openmetrics-text"], parameters: { version: "1.0.0" } },
  { format: "text", ranges: ["text/plain", "text/*", "*/*"], parameters: { version: "0.0.4" } }
]

interface Accepted {
  readonly range: string
  readonly parameters: { readonly [name: string]: string }
  readonly quality: number
}

const acceptedBy = (accept: string): ReadonlyArray<Accepted> =>
  accept.split(",").map((entry) => {
    const [range = "", ...rest] = entry.split(";").map((part) => part.trim().toLowerCase())
    const parameters = Object.fromEntries(
      rest.map((each) => each.split("=").map((part) => part.trim().replaceAll('"', "")))
    )
    const quality = Number(parameters.q ?? 1)
    return { range, parameters, quality: Number.isNaN(quality) ? 0 : quality }
  })

const fits = ({ isExplicit = false, parameters: offered }: Offer, { parameters }: Accepted): boolean =>
  Object.entries(offered).every(([name, value]) => (parameters[name] ?? (isExplicit ? "" : value)) === value)

/** The text format if none is accepted, which is better than nothing. */
export const formatFor = (accept: string | null | undefined): Format => {
  const accepted = acceptedBy(accept || "*/*")
  const qualityOf = (offer: Offer): number => {
    for (const range of offer.ranges) {
      const qualities = accepted.filter((each) => each.range === range && fits(offer, each))
      if (qualities.length > 0) return Math.max(...qualities.map(({ quality }) => quality))
    }
    return 0
  }
  let best: Format = "text"
  let most = 0
  for (const offer of offers) {
    const quality = qualityOf(offer)
    if (quality > most) {
      best = offer.format
      most = quality
    }
  }
  return best
}

/** Whether a client accepts gzip, by its `Accept-Encoding`. */
export const takesGzip = (accept: string | null | undefined): boolean => {
  const accepted = acceptedBy(accept ?? "")
  const given =
    accepted.find(({ range }) => range === "gzip" || range === "x-gzip") ?? accepted.find(({ range }) => range === "*")
  return given !== undefined && given.quality > 0
}
