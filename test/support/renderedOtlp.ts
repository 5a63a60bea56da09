/** The OTLP metrics that the fold encodes. */
import { Clock, Effect } from "effect"
import type { MetricsRuntime } from "mvx-metrics"
import { requestSteps } from "../../src/internal/formats/otlp/encode.ts"
import type { Protocol } from "../../src/internal/model/otlp.ts"
import { internalsOf } from "../../src/internal/runtime/internals.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import { decodeRequest, normalized } from "./otlpDecoder.ts"
import type { SunkMetric } from "./sink.ts"

/** The metrics of a request, decoded. */
export const metricsOfRequest = (protocol: Protocol, bytes: Uint8Array): ReadonlyArray<SunkMetric> => {
  const { resourceMetrics } = normalized(
    protocol === "http/json" ? JSON.parse(new TextDecoder().decode(bytes)) : decodeRequest(bytes)
  ) as {
    readonly resourceMetrics: readonly [
      { readonly scopeMetrics: readonly [{ readonly metrics?: ReadonlyArray<SunkMetric> }] }
    ]
  }
  return resourceMetrics[0].scopeMetrics[0].metrics ?? []
}

/** The metrics of a runtime as its fold encodes them. `without`: instances of recorders to leave out. */
export const renderedOtlp = (
  runtime: MetricsRuntime["Service"],
  protocol: Protocol,
  without: ReadonlySet<number> = new Set()
) =>
  Effect.gen(function* () {
    const rendering = {
      format: "otlp",
      protocol,
      temporality: "cumulative",
      maxPoints: Number.POSITIVE_INFINITY,
      begun: yield* Clock.currentTimeMillis
    } as const
    const { encoded = [] } = yield* internalsOf(runtime).otlp!({
      rendering,
      from: () => ({ bases: [], without }),
      timeout: "5 seconds"
    })
    const points = encoded.reduce((sum, each) => sum + each.points, 0)
    const request = requestSteps(protocol, encoded, { attributes: {} }, { name: "", version: "" })
    return { points, metrics: metricsOfRequest(protocol, allSteps(request)) }
  })
