/**
 * The two protocols of OTLP over HTTP. Nothing here needs the thread of the application.
 */
import { allSteps, type Steps } from "../../util/steps.ts"
import { jsonRequest } from "./json.ts"
import { protobufRequest } from "./protobuf.ts"
import { asMetrics, type Resource, type Scope, type Streamed } from "./streamed.ts"

/**
 * The encoding of requests, by the names of `OTEL_EXPORTER_OTLP_PROTOCOL`.
 *
 * @category options
 * @since 0.1.0
 */
export type Protocol = "http/protobuf" | "http/json"

export const contentTypes: { readonly [P in Protocol]: string } = {
  "http/protobuf": "application/x-protobuf",
  "http/json": "application/json"
}

/** Encodes a request, a slice of points in each step. */
export const encodeSteps = (
  protocol: Protocol,
  data: ReadonlyArray<Streamed>,
  resource: Resource,
  scope: Scope
): Steps<Uint8Array<ArrayBuffer>> =>
  (protocol === "http/json" ? jsonRequest : protobufRequest)(asMetrics(data), resource, scope)

/** The same at once. */
export const encode = (...args: Parameters<typeof encodeSteps>): Uint8Array<ArrayBuffer> =>
  allSteps(encodeSteps(...args))
