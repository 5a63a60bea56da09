/**
 * The two protocols of OTLP over HTTP, in slices of points. Metrics are encoded separately, and a request combines what
 * two threads have encoded.
 */
import type { Encoded, Protocol, Resource, Scope } from "../../model/otlp.ts"
import { type Bytes, inOne, owned, PieceWriter } from "../../util/pieces.ts"
import type { Steps } from "../../util/steps.ts"
import { shapeKey } from "../metricData.ts"
import type { Encoding, Parts } from "./encoding.ts"
import { json } from "./json.ts"
import { protobuf } from "./protobuf.ts"
import type { Streamed } from "./streamed.ts"

export const contentTypes: { readonly [P in Protocol]: string } = {
  "http/protobuf": "application/x-protobuf",
  "http/json": "application/json"
}

const encodings: { readonly [P in Protocol]: Encoding } = { "http/protobuf": protobuf, "http/json": json }

/** The number of points encoded in one step. */
const Slice = 128

interface Piece {
  readonly bytes: Uint8Array
  readonly points: number
}

/** Encodes data of one name and one shape as one metric, as OTLP expects. Metrics without points are omitted. */
export class MetricsEncoder {
  readonly #encoding: Encoding
  readonly #most: number
  readonly #byShape = new Map<string, { readonly metric: Streamed; readonly pieces: Array<Piece> }>()

  /** `most`: the maximum number of points in one request. */
  constructor(protocol: Protocol, most: number) {
    this.#encoding = encodings[protocol]
    this.#most = most
  }

  /** Adds some points of a metric. If this throws, nothing was added. */
  add(metric: Streamed): void {
    if (metric.points.length === 0) return
    const pieces: Array<Piece> = []
    const step = Math.min(Slice, this.#most)
    for (let from = 0; from < metric.points.length; from += step) {
      const points = metric.points.slice(from, from + step)
      pieces.push({ bytes: this.#encoding.points({ ...metric, points } as Streamed), points: points.length })
    }
    const key = shapeKey(metric)
    const known = this.#byShape.get(key)
    if (known === undefined) this.#byShape.set(key, { metric: { ...metric, points: [] }, pieces })
    else known.pieces.push(...pieces)
  }

  /** All of them, in bodies for requests. A metric with more points than one can hold continues in the next. */
  *finish(): Steps<ReadonlyArray<Encoded>> {
    const { metric, separator } = this.#encoding
    const bodies: Array<Encoded> = []
    let body = new PieceWriter()
    let points = 0
    const end = (): void => {
      if (points > 0) bodies.push({ body: body.finish().map(owned), points })
      body = new PieceWriter()
      points = 0
    }
    for (const each of this.#byShape.values()) {
      let some: Array<Uint8Array> = []
      let before = points
      const endMetric = (): void => {
        if (some.length === 0) return
        if (before > 0) for (const part of separator) body.add(part)
        for (const part of metric(each.metric, some)) body.add(part)
        some = []
      }
      for (const piece of each.pieces) {
        if (points + piece.points > this.#most) {
          endMetric()
          end()
          before = 0
        }
        some.push(piece.bytes)
        points += piece.points
        if (some.length % Slice === 0) yield
      }
      endMetric()
    }
    end()
    return bodies
  }
}

/** Distributes them to requests, each as full as possible. */
export const inRequests = (all: ReadonlyArray<Encoded>, most: number): ReadonlyArray<ReadonlyArray<Encoded>> => {
  const requests: Array<Array<Encoded>> = []
  let points = 0
  for (const each of all) {
    const last = requests.at(-1)
    if (last === undefined || points + each.points > most) {
      requests.push([each])
      points = 0
    } else last.push(each)
    points += each.points
  }
  return requests
}

/** Combines encoded metrics in a request. */
export const requestSteps = (
  protocol: Protocol,
  metrics: ReadonlyArray<Encoded>,
  resource: Resource,
  scope: Scope
): Steps<Bytes> => {
  const { request, separator } = encodings[protocol]
  const parts = metrics.flatMap(({ body }, i): Parts => (i === 0 ? body : [...separator, ...body]))
  return inOne(request(parts, resource, scope))
}
