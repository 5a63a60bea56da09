/**
 * The answer to a scrape, whoever serves it.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { contentTypes, formatFor, takesGzip } from "../formats/prometheus/negotiation.ts"
import type { RenderError } from "../model/errors.ts"
import { CoarsestSchema, DefaultSchema, FinestSchema, type Format } from "../model/format.ts"
import { aDuration, type Check, integerWithin } from "../model/optionChecks.ts"
import { internalsOf } from "../runtime/internals.ts"
import type { RuntimeService } from "../runtime/service.ts"

/**
 * The options of a scrape.
 *
 * @category options
 * @since 0.1.0
 */
export interface ScrapeOptions {
  /**
   * How long a scrape waits for the fold, by the real clock, before it answers 503. A worker that does not answer at
   * all is told from one that is at work: then it is less than a second. Default: 10 seconds.
   */
  readonly timeout?: Duration.Input
  /**
   * The finest schema of native histograms, from -4 to 8: their buckets grow by a factor of 2^(2^-schema). It only
   * matters in the protobuf format. Default: 3, which is a factor of 1.09.
   */
  readonly maxSchema?: number
}

export interface Answer {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly body: Uint8Array<ArrayBuffer>
}

export const scrapeOptionChecks: { readonly [K in keyof Required<ScrapeOptions>]: Check } = {
  timeout: aDuration,
  maxSchema: integerWithin(CoarsestSchema, FinestSchema)
}

/** All metrics of a runtime in a format. */
export const scrape = (
  runtime: RuntimeService,
  format: Format,
  { maxSchema = DefaultSchema, timeout = "10 seconds" }: ScrapeOptions,
  compression?: "gzip"
): Effect.Effect<Uint8Array<ArrayBuffer>, RenderError> => {
  const compressed = compression === undefined ? {} : { compression }
  const rendering = format === "protobuf" ? { format, maxSchema, ...compressed } : { format, ...compressed }
  return internalsOf(runtime).scrape({ rendering, timeout })
}

/** What a client asks for. */
export interface ScrapeRequest {
  readonly method: string | undefined
  readonly accept: string | null | undefined
  readonly acceptEncoding: string | null | undefined
}

/** What to answer a request with. */
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
  return Effect.match(scrape(runtime, format, options, compression), {
    onSuccess: (body) => ({ status: 200, headers, body }),
    onFailure: (error) => plain(503, error.message)
  })
}

const plain = (status: number, text: string, headers: Answer["headers"] = {}): Answer => ({
  status,
  headers: { "content-type": "text/plain; charset=utf-8", ...headers },
  body: new TextEncoder().encode(`${text}\n`)
})
