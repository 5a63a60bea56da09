/** Pushes the metrics of a runtime to a Pushgateway, or by remote write. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import { contentTypes } from "../formats/prometheus/negotiation.ts"
import { type SentSeries, unpackRequests } from "../formats/prometheus/sentSeries.ts"
import { type PushError, PushFailed } from "../model/exportErrors.ts"
import { DefaultSchema, type ExpositionRendering, type RemoteWriteVersion } from "../model/format.ts"
import { refuse } from "../model/optionChecks.ts"
import { internalsOf } from "../runtime/internals.ts"
import type { RuntimeService } from "../runtime/service.ts"
import { cutText } from "../util/cutText.ts"
import { inSlices } from "../util/inSlices.ts"
import { keepingAlive } from "../util/liveClock.ts"
import { inOne, lengthOf, type Pieces } from "../util/pieces.ts"
import type { AttemptFailure, Receiver } from "./attempt.ts"
import { deliver, leftOf, Parcel, type Transport } from "./delivery.ts"
import { type PushgatewayOptions, type PushOptions, type RemoteWriteOptions, whyInvalidPush } from "./pushOptions.ts"

/**
 * The result of a push.
 *
 * @category models
 * @since 0.2.0
 */
export interface Pushed {
  /** One to a Pushgateway; in remote write one for each 2000 series. */
  readonly requests: number
  /** How often they were sent. */
  readonly attempts: number
  /** Of all bodies. */
  readonly bytes: number
}

const defaultRetry = Schedule.exponential("250 millis").pipe(Schedule.jittered, Schedule.upTo({ times: 5 }))

const MostOfAnswer = 200

export const receiver: Receiver = {
  name: "the receiver",
  takesLater: (status) => status === 408 || status === 429 || status >= 500,
  refusalIn: (_, body) => cutText(new TextDecoder().decode(body).trim(), MostOfAnswer)
}

const DefaultTimeout = "10 seconds"

const transportOf = (
  { requestTimeout = "5 seconds", retry = defaultRetry }: PushOptions,
  client: HttpClient.HttpClient
): Transport<AttemptFailure> => ({ client, receiver, timeout: requestTimeout, retry, errorOf: (failure) => failure })

/** Removes the group of a Pushgateway. A missing group counts as removed. */
export const removeGroup = Effect.fnUntraced(function* (
  runtime: RuntimeService,
  options: PushgatewayOptions
): Effect.fn.Return<Pushed, PushFailed, HttpClient.HttpClient> {
  const { headers = {}, pushTimeout = DefaultTimeout } = options
  const parcel = new Parcel(HttpClientRequest.delete(groupUrl(options, jobOf(options, runtime)), { headers }))
  const transport = transportOf(options, yield* HttpClient.HttpClient)
  yield* Effect.mapError(keepingAlive(deliver(transport, parcel, pushTimeout)), (problem) =>
    failedOf(options, problem, { delivered: 0, requests: 1, attempts: parcel.attempts })
  )
  return { requests: 1, attempts: parcel.attempts, bytes: 0 }
})

const failedOf = (
  { url }: PushOptions,
  { kind, reason }: AttemptFailure,
  counts: Pick<PushFailed, "attempts" | "delivered" | "requests">
): PushFailed => new PushFailed({ url: withoutSecrets(url), reason, kind, ...counts })

/**
 * Pushes the current metrics. Fails once it is known what did not arrive. `sent`: the previous push, for remote write.
 */
export const push = Effect.fnUntraced(function* (
  runtime: RuntimeService,
  options: PushOptions,
  sent?: SentSeries
): Effect.fn.Return<Pushed, PushError, HttpClient.HttpClient> {
  yield* refuse(whyInvalidPush(options, false))
  const left = yield* leftOf(options.pushTimeout ?? DefaultTimeout)
  const transport = transportOf(options, yield* HttpClient.HttpClient)
  const body = yield* internalsOf(runtime).scrape({ rendering: renderingOf(options, runtime), timeout: left() })
  const pushed = isRemoteWrite(options) ? unpackRequests(body) : []
  const now = yield* Clock.currentTimeMillis
  const stale = sent === undefined ? [] : yield* inSlices(sent.stale(pushed, now))
  const pieces = isRemoteWrite(options) ? [...stale, ...pushed.map(({ request }) => request)] : body
  const requests = yield* requestsOf(options, runtime, pieces)
  let attempts = 0
  let delivered = 0
  let settled = 0
  let problem: AttemptFailure | undefined
  for (const request of requests) {
    const parcel = new Parcel(request)
    const outcome = yield* Effect.result(keepingAlive(deliver(transport, parcel, left())))
    attempts += parcel.attempts
    if (Result.isSuccess(outcome)) delivered++
    else problem ??= outcome.failure
    // A refusal does not affect the rest, but a receiver that does not answer will accept no more of it.
    if (Result.isFailure(outcome) && outcome.failure.canBeRetried) break
    settled++
  }
  // If possibly nothing has arrived, the state stays as it was. So it does if not all markers were sent, which come first.
  if (problem === undefined || (delivered > 0 && settled >= stale.length)) sent?.sent(pushed, now)
  if (problem === undefined) return { requests: requests.length, attempts, bytes: lengthOf(pieces) }
  return yield* failedOf(options, problem, { delivered, requests: requests.length, attempts })
})

const isRemoteWrite = (options: PushOptions): options is RemoteWriteOptions => options.protocol === "remote-write"

const jobOf = ({ job }: PushOptions, { namespace }: RuntimeService): string => job ?? namespace

const renderingOf = (options: PushOptions, runtime: RuntimeService): ExpositionRendering => {
  const { labels = {}, maxSchema = DefaultSchema, recorderLabel = "id", selfMetrics = true } = options
  const selection = { recorderLabel, selfMetrics }
  if (isRemoteWrite(options)) {
    const all = { job: jobOf(options, runtime), ...labels }
    const { nativeHistograms = false, version = "1.0" } = options
    return { format: "remote-write", version, labels: all, maxSchema, nativeHistograms, ...selection }
  }
  const { format = "protobuf" } = options
  const reserved = ["job", ...Object.keys(labels)]
  return { ...(format === "text" ? { format } : { format, maxSchema }), reserved, ...selection }
}

const requestsOf = Effect.fnUntraced(function* (
  options: PushOptions,
  runtime: RuntimeService,
  body: Pieces
): Effect.fn.Return<ReadonlyArray<HttpClientRequest.HttpClientRequest>> {
  const { headers = {} } = options
  if (isRemoteWrite(options)) {
    const { contentType, version } = remoteWrite[options.version ?? "1.0"]
    const own = { "content-encoding": "snappy", "x-prometheus-remote-write-version": version }
    return body.map((part) =>
      HttpClientRequest.post(options.url, { headers: own }).pipe(
        HttpClientRequest.setHeaders(headers),
        HttpClientRequest.bodyUint8Array(part, contentType)
      )
    )
  }
  const { format = "protobuf", method = "PUT" } = options
  const request = HttpClientRequest.make(method)(groupUrl(options, jobOf(options, runtime)), { headers })
  return [HttpClientRequest.bodyUint8Array(request, yield* inSlices(inOne(body)), contentTypes[format])]
})

/** As specified: version 1.0 sends 0.1.0. */
const remoteWrite = {
  "1.0": { contentType: "application/x-protobuf", version: "0.1.0" },
  "2.0": { contentType: "application/x-protobuf;proto=io.prometheus.write.v2.Request", version: "2.0.0" }
} as const satisfies { readonly [V in RemoteWriteVersion]: object }

/** The URL of a group in a Pushgateway, by its labels. */
export const groupUrl = ({ labels = {}, url }: Pick<PushgatewayOptions, "labels" | "url">, job: string): string => {
  const path = [["job", job] as const, ...Object.entries(labels)].map(([name, value]) => segment(name, value))
  const group = new URL(url)
  group.pathname = [group.pathname.replace(/\/+$/, ""), "metrics", ...path].join("/")
  return group.href
}

/** Values that can be a path segment as they are, and are not a relative step. */
const Plain = /^[\w-][\w.~-]*$/

const segment = (name: string, value: string): string => {
  if (Plain.test(value)) return `${name}/${value}`
  // An empty value would be a segment too few.
  return `${name}@base64/${value === "" ? "=" : Buffer.from(value).toString("base64url")}`
}

/** Logs have many readers. */
export const withoutSecrets = (url: string): string => {
  const shown = new URL(url)
  shown.username = ""
  shown.password = ""
  shown.search = ""
  return shown.href
}
