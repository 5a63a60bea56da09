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
 * The options of an OTLP exporter. An option that is not given is that of its variables, the first one that is set; the
 * names and values are those of OpenTelemetry's specification.
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
   * What the metrics are of. It is merged with `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME`. Without a name of the
   * service it is the namespace of the runtime. Without a `service.instance.id` it is a UUID of the process, or with
   * durable state in a folder one that stays over restarts; `null` leaves it out.
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
   * When a request is sent again that did not arrive: one that could not be sent or was not answered in time, or was
   * answered with 429, 502, 503 or 504. The failure, an `ExportFailed`, is the input of the schedule. A `Retry-After` of
   * up to a minute is waited for as well. Default: after 1 second, then 1.5 times as long each time, up to 5 seconds,
   * each a fifth more or less at random.
   */
  readonly retry?: Schedule.Schedule<unknown, unknown>
  /** Variable, in milliseconds: `OTEL_METRIC_EXPORT_INTERVAL`. Default: 60 seconds. */
  readonly exportInterval?: Duration.Input
  /**
   * How long an export may take, retries included, by the real clock, before it fails. The next one has what it had.
   * Variable, in milliseconds: `OTEL_METRIC_EXPORT_TIMEOUT`. Default: 30 seconds.
   */
  readonly exportTimeout?: Duration.Input
  /**
   * The most data points in a request. An export with more is several requests, one after the other: a collector takes
   * 20 MiB in one, unless its `max_request_body_size` says otherwise, and sending a body copies it in one go. Default: 5000.
   */
  readonly maxExportBatchSize?: number
  /** How long closing waits for the last export, reading included, by the real clock. Default: 3 seconds. */
  readonly shutdownTimeout?: Duration.Input
  /**
   * `"cumulative"`: counters and histograms from their registration on. `"delta"`: what came since the last export that
   * arrived. Sums that may go down and summaries are cumulative in any case, as in OpenTelemetry. Variable:
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
