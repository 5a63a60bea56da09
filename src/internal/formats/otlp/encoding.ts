/** What an encoding of OTLP has to do. */
import type { Resource, Scope } from "../../model/otlp.ts"
import type { Streamed } from "./streamed.ts"

/** Bytes one behind the other. They are copied once, at the end. */
export type Parts = ReadonlyArray<Uint8Array>

export interface Encoding {
  /** Between metrics. */
  readonly separator: Parts
  /** The points that are there of a metric: it may have others. */
  readonly points: (metric: Streamed) => Uint8Array
  /** A metric with the points that these are. */
  readonly metric: (metric: Streamed, points: Parts) => Parts
  /** A request with the metrics that these are. */
  readonly request: (metrics: Parts, resource: Resource, scope: Scope) => Parts
}
