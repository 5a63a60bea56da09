/**
 * The events and metrics of an HTTP client, by OpenTelemetry's conventions for HTTP metrics.
 */
import * as Schema from "effect/Schema"
import { upDownCounter } from "../metric/counter.ts"
import { histogram } from "../metric/histogram.ts"
import { module as moduleOf } from "../metric/metricSet.ts"

/**
 * The events of an HTTP client. Sizes are in bytes, times in seconds.
 *
 * @category models
 * @since 0.2.0
 */
export const HttpClientEvent = Schema.TaggedUnion({
  /** A request is about to be sent. */
  "http.client.request.start": { method: Schema.String, address: Schema.String, port: Schema.Number },
  /** A request has ended, with a response or without one. */
  "http.client.request": {
    /** One of the known methods, or `_OTHER`. */
    method: Schema.String,
    /** The requested host and its port. */
    address: Schema.String,
    port: Schema.Number,
    seconds: Schema.Number,
    /** Absent if there was no response. */
    status: Schema.optional(Schema.Number),
    /** The status of a response from 400 on, or what ended the request. */
    error: Schema.optional(Schema.String),
    requestSize: Schema.optional(Schema.Number),
    responseSize: Schema.optional(Schema.Number)
  }
})

/**
 * One of the events of the family.
 *
 * @category models
 * @since 0.2.0
 */
export type HttpClientEvent = typeof HttpClientEvent.Type

const ended = {
  events: HttpClientEvent,
  when: "http.client.request",
  labels: {
    "http.request.method": "method",
    "server.address": "address",
    "server.port": "port",
    "http.response.status_code": "status",
    "error.type": "error"
  }
} as const

/**
 * All metrics of {@link HttpClientEvent}.
 *
 * @category models
 * @since 0.2.0
 */
export const HttpClientMetrics = moduleOf(import.meta.url, [
  histogram("http.client.request.duration", {
    ...ended,
    value: "seconds",
    unit: "s",
    description: "Duration of HTTP client requests."
  }),
  upDownCounter("http.client.active_requests", {
    events: HttpClientEvent,
    value: ({ _tag }) => (_tag === "http.client.request" ? -1 : 1),
    labels: { "http.request.method": "method", "server.address": "address", "server.port": "port" },
    unit: "{request}",
    description: "Number of active HTTP requests."
  }),
  histogram("http.client.request.body.size", {
    ...ended,
    value: "requestSize",
    unit: "By",
    description: "Size of HTTP client request bodies."
  }),
  histogram("http.client.response.body.size", {
    ...ended,
    value: "responseSize",
    unit: "By",
    description: "Size of HTTP client response bodies."
  })
])
