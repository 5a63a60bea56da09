import type { Protocol, Temporality } from "./otlp.ts"

/**
 * The format of a scrape: Prometheus' text, OpenMetrics, or Prometheus' protobuf, which has native histograms.
 *
 * @category options
 * @since 0.2.0
 */
export type Format = "text" | "openmetrics" | "protobuf"

/** The formats that are text. */
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

/** Which metrics are rendered, and how those of several recorders are combined. */
export interface Selection {
  /** Default: `"id"`. */
  readonly recorderLabel?: RecorderLabel
  /** Whether the library's own metrics are included. Default: `true`. */
  readonly selfMetrics?: boolean
  /** Only families with one of these names, or with a sample of one of these names. Default: all. */
  readonly names?: ReadonlyArray<string>
}

/** A rendering of metrics: a format, and the choices that it leaves open. */
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
  /** The names of labels that the receiver adds to all series. */
  readonly reserved?: ReadonlyArray<string>
  /** Labels of all series. */
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
  /** Labels of all series. */
  readonly labels: { readonly [name: string]: string }
  /** Whether exponential histograms are sent as native ones instead of classic buckets. */
  readonly nativeHistograms: boolean
  /** Requests are compressed individually. */
  readonly compression?: undefined
}

/** Metrics of OTLP, which share a request with others. */
export interface OtlpRendering extends Selection {
  readonly format: "otlp"
  readonly protocol: Protocol
  readonly temporality: Temporality
  /** When the exporter started, in milliseconds since the Unix epoch. */
  readonly begun: number
  /** The maximum number of points in a request. */
  readonly maxPoints: number
  /** A request is compressed as a whole. */
  readonly compression?: undefined
}

/** The range of native histogram schemas in Prometheus. */
export const CoarsestSchema = -4
export const FinestSchema = 8

/** Buckets that grow by 9 %, like those of Prometheus' clients with the usual factor of 1.1. */
export const DefaultSchema = 3
