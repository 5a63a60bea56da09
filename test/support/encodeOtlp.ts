/** A whole OTLP request, as an exporter assembles it. */
import { MetricsEncoder, requestSteps } from "../../src/internal/formats/otlp/encode.ts"
import type { Streamed } from "../../src/internal/formats/otlp/streamed.ts"
import type { Protocol, Resource, Scope } from "../../src/internal/model/otlp.ts"
import { allSteps } from "../../src/internal/util/steps.ts"

export const encode = (
  protocol: Protocol,
  data: Iterable<Streamed>,
  resource: Resource = { attributes: {} },
  scope: Scope = { name: "", version: "" }
): Uint8Array<ArrayBuffer> => {
  const encoder = new MetricsEncoder(protocol, Number.POSITIVE_INFINITY)
  for (const metric of data) encoder.add(metric)
  return allSteps(requestSteps(protocol, allSteps(encoder.finish()), resource, scope))
}
