/**
 * The two protocols of OTLP over HTTP, in slices of points. Metrics are encoded by themselves, and a request is put
 * together from what two threads have encoded.
 */
import type { Protocol, Resource, Scope } from "../../model/otlp.ts"
import type { Steps } from "../../util/steps.ts"
import { shapeKey } from "../metricData.ts"
import type { Encoding } from "./encoding.ts"
import { joined } from "./joined.ts"
import { json } from "./json.ts"
import { protobuf } from "./protobuf.ts"
import type { Streamed } from "./streamed.ts"

export const contentTypes: { readonly [P in Protocol]: string } = {
  "http/protobuf": "application/x-protobuf",
  "http/json": "application/json"
}

const encodings: { readonly [P in Protocol]: Encoding } = { "http/protobuf": protobuf, "http/json": json }

/** Metrics that are encoded, one behind the other. */
export interface Encoded {
  readonly body: Uint8Array<ArrayBuffer>
  readonly points: number
}

const memory = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(length)

/** Points that are encoded in one step. */
const Slice = 128

/** Encodes data of one name and one shape as one metric, which OTLP expects. Metrics without points are left out. */
export class MetricsEncoder {
  readonly #encoding: Encoding
  readonly #byShape = new Map<string, { readonly metric: Streamed; readonly pieces: Array<Uint8Array> }>()
  points = 0

  constructor(protocol: Protocol) {
    this.#encoding = encodings[protocol]
  }

  /** Some points of a metric. When this throws, nothing was added. */
  add(metric: Streamed): void {
    if (metric.points.length === 0) return
    const piece = this.#encoding.points(metric)
    this.points += metric.points.length
    const key = shapeKey(metric)
    const known = this.#byShape.get(key)
    if (known === undefined) this.#byShape.set(key, { metric: { ...metric, points: [] }, pieces: [piece] })
    else known.pieces.push(piece)
  }

  /** All of them. */
  *addAll(metrics: Iterable<Streamed>): Steps<void> {
    for (const metric of metrics) {
      for (let from = 0; from < metric.points.length; from += Slice) {
        this.add({ ...metric, points: metric.points.slice(from, from + Slice) } as Streamed)
        yield
      }
    }
  }

  finish(): Steps<Uint8Array<ArrayBuffer>> {
    const { metric, separator } = this.#encoding
    const all = Array.from(this.#byShape.values(), (each) => metric(each.metric, each.pieces))
    return joined(
      all.flatMap((parts, i) => (i === 0 ? parts : [...separator, ...parts])),
      memory
    )
  }
}

/** Puts a request together from metrics that are encoded. */
export const requestSteps = (
  protocol: Protocol,
  metrics: ReadonlyArray<Encoded>,
  resource: Resource,
  scope: Scope
): Steps<Uint8Array<ArrayBuffer>> => {
  const { request, separator } = encodings[protocol]
  const bodies = metrics.flatMap(({ body, points }) => (points === 0 ? [] : [body]))
  const parts = bodies.flatMap((body, i) => (i === 0 ? [body] : [...separator, body]))
  return joined(request(parts, resource, scope), memory)
}

/** Encodes metrics, a slice of points in each step. */
export function* metricsSteps(protocol: Protocol, data: Iterable<Streamed>): Steps<Encoded> {
  const encoder = new MetricsEncoder(protocol)
  yield* encoder.addAll(data)
  return { body: yield* encoder.finish(), points: encoder.points }
}
