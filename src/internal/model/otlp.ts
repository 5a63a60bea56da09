/** What a request of OTLP says beside its metrics, and how it is encoded. Plain data: encoders run on any thread. */

import type { Pieces } from "../util/pieces.ts"

/**
 * The encoding of requests, by the names of `OTEL_EXPORTER_OTLP_PROTOCOL`.
 *
 * @category options
 * @since 0.2.0
 */
export type Protocol = "http/protobuf" | "http/json"

/**
 * What a point covers: everything since the metric was registered, or what was added since the last export.
 *
 * @category options
 * @since 0.2.0
 */
export type Temporality = "cumulative" | "delta"

export type AttributeValue = string | number | boolean | ReadonlyArray<AttributeValue>

/** What the metrics are of. */
export interface Resource {
  readonly attributes: { readonly [name: string]: AttributeValue }
}

/** What measured them. */
export interface Scope {
  readonly name: string
  readonly version: string
}

/** Metrics that are encoded, one behind the other. */
export interface Encoded {
  readonly body: Pieces
  readonly points: number
}
