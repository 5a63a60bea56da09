/**
 * Which format a client takes, by its `Accept`.
 */
import type { Format } from "../../model/format.ts"

export const contentTypes: { readonly [F in Format]: string } = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
}

const ranges: { readonly [F in Format]: ReadonlyArray<string> } = {
  text: ["text/plain", "text/*", "*/*"],
  // Only where it is asked for: whoever takes anything is no reader of OpenMetrics.
  openmetrics: ["application/openmetrics-text"]
}

const versions: { readonly [F in Format]: string } = { text: "0.0.4", openmetrics: "1.0.0" }

interface Accepted {
  readonly range: string
  readonly version: string | undefined
  readonly quality: number
}

const acceptedBy = (accept: string): ReadonlyArray<Accepted> =>
  accept.split(",").map((entry) => {
    const [range = "", ...parameters] = entry.split(";").map((part) => part.trim().toLowerCase())
    const parameter = (name: string): string | undefined =>
      parameters
        .find((each) => each.replaceAll(" ", "").startsWith(`${name}=`))
        ?.split("=")[1]
        ?.trim()
        .replaceAll('"', "")
    const quality = Number(parameter("q") ?? 1)
    return { range, version: parameter("version"), quality: Number.isNaN(quality) ? 0 : quality }
  })

/** The text format where neither is wanted: better than nothing. */
export const formatFor = (accept: string | null | undefined): Format => {
  const accepted = acceptedBy(accept || "*/*")
  const qualityOf = (format: Format): number => {
    for (const range of ranges[format]) {
      const qualities = accepted
        .filter((each) => each.range === range && (each.version ?? versions[format]) === versions[format])
        .map(({ quality }) => quality)
      if (qualities.length > 0) return Math.max(...qualities)
    }
    return 0
  }
  const openMetrics = qualityOf("openmetrics")
  return openMetrics > 0 && openMetrics >= qualityOf("text") ? "openmetrics" : "text"
}
