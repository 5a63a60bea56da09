/** The options of an OTLP exporter. */
import type * as Duration from "effect/Duration"
import type * as Headers from "effect/http/Headers"
import type * as Schedule from "effect/Schedule"
import {
  aDuration,
  aRecord,
  aSchedule,
  aString,
  type Check,
  headersCheck,
  isHttpUrl,
  longerThanZero,
  notBlank,
  oneOf,
  positiveInteger,
  someOptions
} from "../../model/optionChecks.ts"
import type { Protocol, Temporality } from "../../model/otlp.ts"

/**
 * The options of an OTLP exporter. An option that is not given comes from the first of its variables that is set. Names
 * and values are those of OpenTelemetry's specification.
 *
 * @category options
 * @since 0.2.0
 */
export interface OtlpOptions {
  /**
   * Where metrics are sent, with its path. Variables: `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT`, or
   * `OTEL_EXPORTER_OTLP_ENDPOINT`, to which `/v1/metrics` is appended. Default: `http://localhost:4318/v1/metrics`.
   */
  readonly url?: string
  /**
   * The encoding of requests. Variables: `OTEL_EXPORTER_OTLP_METRICS_PROTOCOL`, `OTEL_EXPORTER_OTLP_PROTOCOL`. Default:
   * `"http/protobuf"`, as in the specification.
   */
  readonly protocol?: Protocol
  /**
   * The resource that the metrics describe. It is merged with `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME`. The
   * default service name is the namespace of the runtime. The default `service.instance.id` is a UUID of the process,
   * or with durable state in a folder a UUID that survives restarts. `null` leaves it out.
   */
  readonly resource?: {
    readonly serviceName?: string | undefined
    readonly serviceVersion?: string | undefined
    readonly attributes?: Record<string, unknown>
  }
  /** Merged with those of `OTEL_EXPORTER_OTLP_METRICS_HEADERS` and `OTEL_EXPORTER_OTLP_HEADERS`. */
  readonly headers?: Headers.Input
  /**
   * Variables: `OTEL_EXPORTER_OTLP_METRICS_COMPRESSION`, `OTEL_EXPORTER_OTLP_COMPRESSION`. Default: `"none"`.
   */
  readonly compression?: "gzip" | "none"
  /**
   * How long a collector may take to answer a request, by the real clock. Variables, in milliseconds:
   * `OTEL_EXPORTER_OTLP_METRICS_TIMEOUT`, `OTEL_EXPORTER_OTLP_TIMEOUT`. Default: 10 seconds.
   */
  readonly timeout?: Duration.Input
  /**
   * The schedule by which a request is sent again: if it could not be sent, was not answered in time, or was answered
   * with 429, 502, 503 or 504. The failure, an `ExportFailed`, is the input of the schedule. A `Retry-After` of up to a
   * minute is respected as well. Default: after 1 second, then 1.5 times as long each time, up to 5 seconds, each a
   * fifth more or less at random.
   */
  readonly retry?: Schedule.Schedule<unknown, unknown>
  /** Variable, in milliseconds: `OTEL_METRIC_EXPORT_INTERVAL`. Default: 60 seconds. */
  readonly exportInterval?: Duration.Input
  /**
   * How long an export may take, retries included, by the real clock, before it fails. The next export includes its
   * data. Variable, in milliseconds: `OTEL_METRIC_EXPORT_TIMEOUT`. Default: 30 seconds.
   */
  readonly exportTimeout?: Duration.Input
  /**
   * The maximum number of data points in a request. A larger export is split into several requests, one after the
   * other, because a collector accepts up to 20 MiB in one (unless its `max_request_body_size` differs), and sending a
   * body copies it in one go. Default: 5000.
   */
  readonly maxExportBatchSize?: number
  /** How long closing waits for the last export, reading included, by the real clock. Default: 3 seconds. */
  readonly shutdownTimeout?: Duration.Input
  /**
   * `"cumulative"`: counters and histograms from their registration on. `"delta"`: the changes since the last export
   * that arrived. Sums that may go down and summaries are always cumulative, as in OpenTelemetry. Variable:
   * `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`. Default: `"cumulative"`.
   */
  readonly temporality?: Temporality
}

/** Of a URL, in an option or in a variable. */
export const whyNotHttp = (url: unknown): string | undefined =>
  isHttpUrl(url) ? undefined : "must begin with http:// or https://"

export const otlpOptionChecks: { readonly [K in keyof Required<OtlpOptions>]: Check } = {
  url: (value) =>
    notBlank(value) ??
    (URL.canParse(value as string) ? whyNotHttp(value) : `must be a URL, got ${JSON.stringify(value)}`),
  protocol: oneOf("http/protobuf", "http/json"),
  resource: someOptions<NonNullable<OtlpOptions["resource"]>>({
    serviceName: aString,
    serviceVersion: aString,
    attributes: aRecord
  }),
  headers: headersCheck,
  compression: oneOf("gzip", "none"),
  timeout: longerThanZero,
  retry: aSchedule,
  exportInterval: longerThanZero,
  exportTimeout: longerThanZero,
  maxExportBatchSize: positiveInteger,
  shutdownTimeout: aDuration,
  temporality: oneOf("cumulative", "delta")
}
