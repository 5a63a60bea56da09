/**
 * The errors of exporting metrics.
 */
import * as Schema from "effect/Schema"
import type { RenderError } from "./runtimeErrors.ts"
import { TaggedError } from "./taggedError.ts"

/**
 * `place` already shows a runtime of this namespace. The metrics of two such runtimes could not be distinguished.
 *
 * @category errors
 * @since 0.2.0
 */
export class NamespaceTaken extends TaggedError<NamespaceTaken>()("mvx-metrics/NamespaceTaken", {
  namespace: Schema.String,
  place: Schema.String
}) {
  override get message(): string {
    return `${this.place} already shows a runtime of the namespace "${this.namespace}". Give the runtimes different namespaces, or remove the first one`
  }
}

const times = (attempts: number): string => `${attempts} ${attempts === 1 ? "attempt" : "attempts"}`

/**
 * An export did not arrive at a collector, or not all of it. `points` is the number of data points that did not arrive,
 * and `attempts` is how often they were sent. With 0 attempts, the metrics could not be read, or the exporter was
 * closed. The exporter continues, and the next export includes them.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import * as Otlp from "mvx-metrics/Otlp"
 *
 * const exportNow = Effect.flatMap(Otlp.Exporter, ({ flush }) => flush).pipe(
 *   Effect.catchTag("mvx-metrics/ExportFailed", ({ attempts, reason }) => Effect.logError(attempts, reason))
 * )
 * ```
 *
 * @category errors
 * @since 0.2.0
 */
export class ExportFailed extends TaggedError<ExportFailed>()("mvx-metrics/ExportFailed", {
  url: Schema.String,
  attempts: Schema.Number,
  points: Schema.Number,
  reason: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    const { attempts, points, reason, url } = this
    if (attempts === 0) return `no metrics were exported to ${url}: ${reason}`
    return `the export of ${points} points to ${url} did not arrive after ${times(attempts)}: ${reason}. Check that the collector runs and takes OTLP over HTTP at this URL`
  }
}

/**
 * A push of metrics did not arrive, or not all of it. `delivered` of its `requests` have arrived. A push is one request
 * to a Pushgateway, or one for each 2000 series in remote write. `attempts` is how often requests were sent. `kind` is
 * the reason in a word: the status of the answer, `timeout`, or the code of an error such as `ECONNREFUSED`.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { MetricsLayer } from "mvx-metrics"
 * import * as Prometheus from "mvx-metrics/Prometheus"
 *
 * const program = Prometheus.push({ url: "http://localhost:9091", job: "nightly" }).pipe(
 *   Effect.catchTag("mvx-metrics/PushFailed", ({ delivered, reason }) => Effect.logError(delivered, reason)),
 *   Effect.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" })),
 *   Effect.provide(FetchHttpClient.layer)
 * )
 * ```
 *
 * @category errors
 * @since 0.2.0
 */
export class PushFailed extends TaggedError<PushFailed>()("mvx-metrics/PushFailed", {
  url: Schema.String,
  reason: Schema.String,
  kind: Schema.String,
  delivered: Schema.Number,
  requests: Schema.Number,
  attempts: Schema.Number
}) {
  override get message(): string {
    const { attempts, delivered, reason, requests, url } = this
    return `the push to ${url} delivered ${delivered} of ${requests} requests after ${times(attempts)}: ${reason}. Check that a Pushgateway or a receiver of remote write runs there, or raise pushTimeout`
  }
}

/**
 * The errors of pushing the metrics of a runtime.
 *
 * @category errors
 * @since 0.2.0
 */
export type PushError = PushFailed | RenderError

/**
 * A store of `mvx-metrics/MetricsStore` could not be used. `store` names it, without a password.
 *
 * @category errors
 * @since 0.2.0
 */
export class MetricsStoreError extends TaggedError<MetricsStoreError>()("mvx-metrics/MetricsStoreError", {
  store: Schema.String,
  operation: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    // Messages of servers sometimes end with a full stop.
    return `store "${this.store}": ${this.operation}: ${this.reason.replace(/\.$/, "")}. Check that the server runs, and that this process may use it`
  }
}
