/** The answer to a scrape, for any server. */
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { contentTypes, formatFor, takesGzip } from "../formats/prometheus/negotiation.ts"
import {
  CoarsestSchema,
  DefaultSchema,
  type ExpositionRendering,
  FinestSchema,
  type Format,
  type RecorderLabel
} from "../model/format.ts"
import { aBoolean, type Check, integerWithin, longerThanZero, oneOf } from "../model/optionChecks.ts"
import type { RenderError } from "../model/runtimeErrors.ts"
import { internalsOf } from "../runtime/internals.ts"
import type { RuntimeService } from "../runtime/service.ts"
import type { Pieces } from "../util/pieces.ts"
import { effectMetricsOf } from "./effectData.ts"
import { labelsCheck } from "./labelOptions.ts"

/**
 * The options of a scrape.
 *
 * @category options
 * @since 0.2.0
 */
export interface ScrapeOptions {
  /**
   * How long a scrape waits for the fold, by the real clock, before it is answered with 503. If the worker does not
   * respond at all, it waits less than a second. Default: 10 seconds.
   */
  readonly timeout?: Duration.Input
  /**
   * The finest schema of native histograms, from -4 to 8: their buckets grow by a factor of 2^(2^-schema). It only
   * matters in the protobuf format. Default: 3, which is a factor of 1.09.
   */
  readonly maxSchema?: number
  /**
   * How recorders are distinguished. With `"id"`, the label `recorder` has the id of each recorder. With `"total"`, it
   * has the id of their `totalOfRemoved`, whose recorders are added up. With `"none"`, there is no label and all
   * recorders are added up. Sums count every event once, also those of recorders that come and go between two scrapes,
   * and have no exemplars. Metrics without a `merge` keep the id of their recorder. Default: `"id"`.
   */
  readonly recorderLabel?: RecorderLabel
  /** Labels that all series have. Default: none. */
  readonly labels?: { readonly [name: string]: string }
  /** Whether the library's own metrics, `mvx_metrics_...`, are shown. Default: true. */
  readonly selfMetrics?: boolean
  /**
   * Whether to also show the metrics of Effect's `Metric` registry, taken from the fiber that serves the scrape. Names
   * and units follow the same rules as for all metrics: the attribute `unit` or `time_unit` is the unit. A counter that
   * is not `incremental` is a gauge. Default: `false`.
   */
  readonly effectMetrics?: boolean
}

export interface Answer {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  /** Shared with simultaneous scrapes. */
  readonly body: Pieces
}

export const scrapeOptionChecks: { readonly [K in keyof Required<ScrapeOptions>]: Check } = {
  timeout: longerThanZero,
  maxSchema: integerWithin(CoarsestSchema, FinestSchema),
  recorderLabel: oneOf("id", "total", "none"),
  labels: labelsCheck("Prometheus adds"),
  selfMetrics: aBoolean,
  effectMetrics: aBoolean
}

/** The contents of a request. */
interface Asked {
  readonly compression?: "gzip"
  readonly names?: ReadonlyArray<string>
}

/** The metrics of a runtime in a format. */
export const scrape = (
  runtime: RuntimeService,
  format: Format,
  { effectMetrics = false, maxSchema = DefaultSchema, timeout = "10 seconds", ...selection }: ScrapeOptions,
  asked: Asked = {}
): Effect.Effect<Pieces, RenderError> => {
  const rendering = {
    format,
    ...(format === "protobuf" && { maxSchema }),
    ...selection,
    ...asked
  } as ExpositionRendering
  const { scrape } = internalsOf(runtime)
  return effectMetrics
    ? Effect.contextWith((context: Context.Context<never>) =>
        scrape({ rendering, timeout, others: effectMetricsOf(context) })
      )
    : scrape({ rendering, timeout })
}

/** A client's request. */
interface ScrapeRequest {
  readonly method: string | undefined
  readonly accept: string | null | undefined
  readonly acceptEncoding: string | null | undefined
  /** The URL, or its path and query. */
  readonly url: string
}

/** Only these families, by their names or those of their samples. */
const namesIn = (url: string): Pick<Asked, "names"> => {
  const at = url.indexOf("?")
  const names = new Set(at < 0 ? [] : new URLSearchParams(url.slice(at)).getAll("name[]"))
  return names.size === 0 ? {} : { names: [...names].sort() }
}

/** The answer to a request. */
export const answer = (
  runtime: RuntimeService,
  request: ScrapeRequest,
  options: ScrapeOptions
): Effect.Effect<Answer> => {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return Effect.succeed(plain(405, "Use GET", { allow: "GET, HEAD" }))
  }
  const format = formatFor(request.accept)
  const compression = takesGzip(request.acceptEncoding) ? "gzip" : undefined
  const headers = {
    "content-type": contentTypes[format],
    ...(compression !== undefined && { "content-encoding": compression }),
    vary: "accept, accept-encoding"
  }
  const asked: Asked = { ...(compression !== undefined && { compression }), ...namesIn(request.url) }
  return Effect.match(scrape(runtime, format, options, asked), {
    onSuccess: (body) => ({ status: 200, headers, body }),
    onFailure: (error) => plain(503, error.message)
  })
}

const plain = (status: number, text: string, headers: Answer["headers"] = {}): Answer => ({
  status,
  headers: { "content-type": "text/plain; charset=utf-8", ...headers },
  body: [new TextEncoder().encode(`${text}\n`)]
})
