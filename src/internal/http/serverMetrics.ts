/**
 * The events and metrics of an HTTP server, by OpenTelemetry's conventions for HTTP metrics.
 */
import * as Schema from "effect/Schema"
import { upDownCounter } from "../metric/counter.ts"
import { histogram } from "../metric/histogram.ts"
import { module as moduleOf } from "../metric/metricSet.ts"

/** The scheme of the connection of the request, regardless of its headers. */
const scheme = Schema.Literals(["http", "https"])

/**
 * The events of an HTTP server. Sizes are in bytes, times in seconds.
 *
 * @category models
 * @since 0.2.0
 */
export const HttpServerEvent = Schema.TaggedUnion({
  /** A request has arrived.  */
  "http.server.request.start": {
    method: Schema.String,
    scheme,
    address: Schema.optional(Schema.String),
    port: Schema.optional(Schema.Number)
  },
  /** A request has ended, whether it was answered or not. */
  "http.server.request": {
    /** One of the known methods, or `_OTHER`. */
    method: Schema.String,
    scheme,
    seconds: Schema.Number,
    /** The template of the route, such as `/users/:id`. Absent if no route handled the request. */
    route: Schema.optional(Schema.String),
    /** Absent if the client disconnected before there was a response. */
    status: Schema.optional(Schema.Number),
    /** The status of a response from 500 on, or what ended the request without a complete response. */
    error: Schema.optional(Schema.String),
    /** `1.0`, `1.1`, `2` or `3`, if it is known. */
    version: Schema.optional(Schema.String),
    requestSize: Schema.optional(Schema.Number),
    responseSize: Schema.optional(Schema.Number),
    address: Schema.optional(Schema.String),
    port: Schema.optional(Schema.Number)
  }
})

/**
 * One of the events of the family.
 *
 * @category models
 * @since 0.2.0
 */
export type HttpServerEvent = typeof HttpServerEvent.Type

/** The limit of OpenTelemetry. Clients can make up any address. */
const maxSeries = 2000

const ended = {
  events: HttpServerEvent,
  when: "http.server.request",
  labels: {
    "http.request.method": "method",
    "url.scheme": "scheme",
    "http.route": "route",
    "http.response.status_code": "status",
    "error.type": "error",
    "network.protocol.version": "version",
    "server.address": "address",
    "server.port": "port"
  },
  maxSeries
} as const

/**
 * All metrics of {@link HttpServerEvent}.
 *
 * @category models
 * @since 0.2.0
 */
export const HttpServerMetrics = moduleOf(import.meta.url, [
  histogram("http.server.request.duration", {
    ...ended,
    value: "seconds",
    unit: "s",
    description: "Duration of HTTP server requests."
  }),
  upDownCounter("http.server.active_requests", {
    events: HttpServerEvent,
    value: ({ _tag }) => (_tag === "http.server.request" ? -1 : 1),
    labels: {
      "http.request.method": "method",
      "url.scheme": "scheme",
      "server.address": "address",
      "server.port": "port"
    },
    maxSeries,
    unit: "{request}",
    description: "Number of active HTTP server requests."
  }),
  histogram("http.server.request.body.size", {
    ...ended,
    value: "requestSize",
    unit: "By",
    description: "Size of HTTP server request bodies."
  }),
  histogram("http.server.response.body.size", {
    ...ended,
    value: "responseSize",
    unit: "By",
    description: "Size of HTTP server response bodies."
  })
])
