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
export type Rendering =
  | { readonly format: TextFormat }
  /** `maxSchema`: the finest schema of native histograms. */
  | { readonly format: "protobuf"; readonly maxSchema: number }

/** The schemas of native histograms that Prometheus has. */
export const CoarsestSchema = -4
export const FinestSchema = 8

/** Buckets that grow by 9 %, as those of Prometheus' clients for the usual factor of 1.1. */
export const DefaultSchema = 3
