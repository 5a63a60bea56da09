/**
 * The format of a scrape: Prometheus' text, OpenMetrics, or Prometheus' protobuf, which has native histograms.
 *
 * @category options
 * @since 0.1.0
 */
export type Format = "text" | "openmetrics" | "protobuf"

/** Those of them that are text. */
export type TextFormat = Exclude<Format, "protobuf">

/** What metrics are rendered as: a format, and what it leaves open. */
export type Rendering = ScrapeRendering | RemoteWriteRendering

export type ScrapeRendering = (
  | { readonly format: TextFormat }
  | {
      readonly format: "protobuf"
      /** The finest schema of native histograms. */
      readonly maxSchema: number
    }
) & {
  readonly compression?: "gzip"
  /** Names of labels that whoever takes it adds to all series. */
  readonly reserved?: ReadonlyArray<string>
}

/** Requests of remote write. */
export interface RemoteWriteRendering {
  readonly format: "remote-write"
  readonly maxSchema: number
  /** Of all series. */
  readonly labels: { readonly [name: string]: string }
  /** Exponential histograms as native ones, in place of classic buckets. */
  readonly nativeHistograms: boolean
  /** Requests are compressed by themselves. */
  readonly compression?: undefined
}

/** The schemas of native histograms that Prometheus has. */
export const CoarsestSchema = -4
export const FinestSchema = 8

/** Buckets that grow by 9 %, as those of Prometheus' clients for the usual factor of 1.1. */
export const DefaultSchema = 3
