/**
 * The series of the last push by remote write, so that series that no longer exist can be marked as stale. Otherwise a
 * query shows their last value for five more minutes, together with the series that replaced them.
 */
import { PbfReader } from "pbf"
import type { RemoteWriteVersion } from "../../model/format.ts"
import type { Bytes, Pieces } from "../../util/pieces.ts"
import type { Steps } from "../../util/steps.ts"
import type { LabelPair } from "./labels.ts"
import { snappy, unsnappy } from "./snappy.ts"
import { WriteRequest1 } from "./writeRequest1.ts"
import { WriteRequest2 } from "./writeRequest2.ts"
import type { WriteRequest } from "./writeRequests.ts"

/** A request, and a hash of the labels of each of its series. */
export interface PushedRequest {
  readonly request: Bytes
  readonly hashes: Float64Array<ArrayBuffer>
}

export const newWriteRequest = (version: RemoteWriteVersion): WriteRequest =>
  version === "2.0" ? new WriteRequest2() : new WriteRequest1()

/** Requests as they arrive from the fold, each before the hashes of its series. */
export const unpackRequests = (pieces: Pieces): ReadonlyArray<PushedRequest> =>
  Array.from({ length: pieces.length / 2 }, (_, i) => ({
    request: pieces[2 * i]!,
    // A copy, because it may be unaligned.
    hashes: new Float64Array(pieces[2 * i + 1]!.slice().buffer)
  }))

/** A 53-bit hash: among a million series, two collide with a probability of 1 in 20 000. */
export const hashOf = (labels: ReadonlyArray<LabelPair>): number => {
  let one = 0x811c9dc5
  let other = 0x9e3779b9
  const take = (code: number): void => {
    one = Math.imul(one ^ code, 0x01000193)
    other = Math.imul(other ^ (code + 0x7f4a), 0x85ebca6b)
    other ^= other >>> 13
  }
  for (const pair of labels) {
    for (const text of pair) {
      for (let i = 0; i < text.length; i++) take(text.charCodeAt(i))
      // Not a code unit of any text.
      take(0x10000)
    }
  }
  return (one >>> 0) * 2 ** 21 + (other >>> 11)
}

/** The maximum number of markers in a request, equal to that of series. */
const MostMarkers = 2000

export class SentSeries {
  readonly #version: RemoteWriteVersion
  #last: ReadonlyArray<PushedRequest> = []
  /** The time of their latest sample. */
  #lastAt = 0

  constructor(version: RemoteWriteVersion) {
    this.#version = version
  }

  /** Requests that mark those series of the last push as stale that this one does not have. */
  *stale(current: ReadonlyArray<PushedRequest>, now: number): Steps<Pieces> {
    const present = new Set<number>()
    for (const { hashes } of current) {
      for (const hash of hashes) present.add(hash)
      yield
    }
    const time = Math.max(now, this.#lastAt + 1)
    const requests: Array<Bytes> = []
    let request = newWriteRequest(this.#version)
    let markers = 0
    for (const { hashes, request: last } of this.#last) {
      const missing = new Set([...hashes.keys()].filter((i) => !present.has(hashes[i]!)))
      if (missing.size > 0) {
        for (const labels of seriesIn[this.#version](unsnappy(last), missing)) {
          request.stale(labels, time)
          if (++markers % MostMarkers > 0) continue
          requests.push(snappy(request.finish()))
          request = newWriteRequest(this.#version)
        }
      }
      yield
    }
    if (markers % MostMarkers > 0) requests.push(snappy(request.finish()))
    return requests
  }

  /** Records that these were sent. `at`: not before the time of their samples. */
  sent(requests: ReadonlyArray<PushedRequest>, at: number): void {
    this.#last = requests
    this.#lastAt = at
  }
}

type SeriesIn = (bytes: Uint8Array, wanted: ReadonlySet<number>) => Iterable<ReadonlyArray<LabelPair>>

/** The labels of a request's series at these indexes. */
const seriesIn: { readonly [V in RemoteWriteVersion]: SeriesIn } = {
  "1.0": (bytes, wanted) =>
    wantedIn(bytes, 1, wanted).map((series) =>
      fieldsOf(series, 1).map((label) => [textOf(label, 1), textOf(label, 2)] as const)
    ),
  "2.0": (bytes, wanted) => {
    const symbols = fieldsOf(bytes, 4).map((symbol) => decoder.decode(symbol))
    return wantedIn(bytes, 5, wanted).map((series) => {
      const references = new PbfReader(fieldsOf(series, 1)[0]!)
      const pairs: Array<LabelPair> = []
      while (references.pos < references.length) {
        const name = symbols[references.readVarint()]!
        pairs.push([name, symbols[references.readVarint()]!])
      }
      return pairs
    })
  }
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

const wantedIn = (bytes: Uint8Array, field: number, wanted: ReadonlySet<number>): ReadonlyArray<Uint8Array> =>
  fieldsOf(bytes, field).filter((_, i) => wanted.has(i))

const textOf = (message: Uint8Array, field: number): string => {
  const [text] = fieldsOf(message, field)
  return text === undefined ? "" : decoder.decode(text)
}

/** The bytes of each field with this number. */
const fieldsOf = (message: Uint8Array, field: number): ReadonlyArray<Uint8Array> => {
  const all: Array<Uint8Array> = []
  const pbf = new PbfReader(message)
  while (pbf.pos < pbf.length) {
    const tag = pbf.readVarint()
    if (tag >> 3 === field) all.push(pbf.readBytes())
    else pbf.skip(tag)
  }
  return all
}
