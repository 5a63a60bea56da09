/**
 * What a request of OTLP contains besides its metrics, and how it is encoded. Plain data, because encoders run on any
 * thread.
 */

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

/** The entity that the metrics describe. */
export interface Resource {
  readonly attributes: { readonly [name: string]: AttributeValue }
}

/** The instrumentation that produced them. */
export interface Scope {
  readonly name: string
  readonly version: string
}

/** Encoded metrics, concatenated. */
export interface Encoded {
  readonly body: Pieces
  readonly points: number
}
