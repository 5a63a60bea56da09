/** The functions of an OTLP encoding. */
import type { Resource, Scope } from "../../model/otlp.ts"
import type { Streamed } from "./streamed.ts"

/** Consecutive bytes. They are copied once, at the end. */
export type Parts = ReadonlyArray<Uint8Array>

export interface Encoding {
  /** Between metrics. */
  readonly separator: Parts
  /** Some points of a metric, which may have others. */
  readonly points: (metric: Streamed) => Uint8Array
  /** A metric with these points. */
  readonly metric: (metric: Streamed, points: Parts) => Parts
  /** A request with these metrics. */
  readonly request: (metrics: Parts, resource: Resource, scope: Scope) => Parts
}
