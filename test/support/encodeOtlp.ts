/** A whole request of OTLP, as an exporter puts it together. */
import { metricsSteps, requestSteps } from "../../src/internal/formats/otlp/encode.ts"
import type { Streamed } from "../../src/internal/formats/otlp/streamed.ts"
import type { Protocol, Resource, Scope } from "../../src/internal/model/otlp.ts"
import { allSteps, type Steps } from "../../src/internal/util/steps.ts"

export function* encodeSteps(
  protocol: Protocol,
  data: Iterable<Streamed>,
  resource: Resource = { attributes: {} },
  scope: Scope = { name: "", version: "" }
): Steps<Uint8Array<ArrayBuffer>> {
  return yield* requestSteps(protocol, [yield* metricsSteps(protocol, data)], resource, scope)
}

/** The same at once. */
export const encode = (...args: Parameters<typeof encodeSteps>): Uint8Array<ArrayBuffer> =>
  allSteps(encodeSteps(...args))
