import type { Protocol, Temporality } from "./otlp.ts"

/**
 * The format of a scrape: Prometheus' text, OpenMetrics, or Prometheus' protobuf, which has native histograms.
 *
 * @category options
 * @since 0.2.0
 */
export type Format = "text" | "openmetrics" | "protobuf"

/** Those of them that are text. */
export type TextFormat = Exclude<Format, "protobuf">

/**
 * How the recorders of a scrape are distinguished:
 *
 * - `"id"`: each recorder has series of its own, whose label `recorder` has its id;
 * - `"total"`: recorders of one `totalOfRemoved` are added up, with those that were removed. The label has the id of the
 *   total;
 * - `"none"`: all recorders are added up, and there is no label `recorder`.
 *
 * @category options
 * @since 0.2.0
 */
export type RecorderLabel = "id" | "total" | "none"

/** Which metrics are rendered, and how those of several recorders are. */
export interface Selection {
  /** Default: `"id"`. */
  readonly recorderLabel?: RecorderLabel
  /** Whether the library's own metrics are among them. Default: they are. */
  readonly selfMetrics?: boolean
  /** Only families of which one of these is the name, or that of a sample. Default: all. */
  readonly names?: ReadonlyArray<string>
}

/** What metrics are rendered as: a format, and what it leaves open. */
export type Rendering = ExpositionRendering | OtlpRendering

/** A format of Prometheus. */
export type ExpositionRendering = (ScrapeRendering | RemoteWriteRendering) & Selection

type ScrapeRendering = (
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
  /** Of all series. */
  readonly labels?: { readonly [name: string]: string }
}

/**
 * A version of the remote write protocol.
 *
 * @category models
 * @since 0.2.0
 */
export type RemoteWriteVersion = "1.0" | "2.0"

/** Requests of remote write. */
export interface RemoteWriteRendering {
  readonly format: "remote-write"
  readonly version: RemoteWriteVersion
  readonly maxSchema: number
  /** Of all series. */
  readonly labels: { readonly [name: string]: string }
  /** Exponential histograms as native ones, in place of classic buckets. */
  readonly nativeHistograms: boolean
  /** Requests are compressed by themselves. */
  readonly compression?: undefined
}

/** Metrics of OTLP, which go into a request beside others. */
export interface OtlpRendering extends Selection {
  readonly format: "otlp"
  readonly protocol: Protocol
  readonly temporality: Temporality
  /** When the exporter began, in milliseconds since the Unix epoch. */
  readonly begun: number
  /** Points that may be in one request. */
  readonly maxPoints: number
  /** A request is compressed as a whole. */
  readonly compression?: undefined
}

/** The schemas of native histograms that Prometheus has. */
export const CoarsestSchema = -4
export const FinestSchema = 8

/** Buckets that grow by 9 %, as those of Prometheus' clients for the usual factor of 1.1. */
export const DefaultSchema = 3
