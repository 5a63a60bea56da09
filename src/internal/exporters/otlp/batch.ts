/** What is sent of an export: requests, one after the other, as a collector may not take all of it in one. */
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import { type PartialSuccess, readPartialSuccess } from "../../formats/otlp/response.ts"
import { Parcel } from "../delivery.ts"
import type { Told } from "./batches.ts"

/** A request with some of the points of a batch. */
export class Part extends Parcel {
  readonly points: number
  /** Why the collector refused it, though it has others: it is not sent any more. */
  refusal: string | undefined

  constructor(points: number, request: HttpClientRequest.HttpClientRequest) {
    super(request)
    this.points = points
  }
}

/** A batch in the bytes that are sent, one request after the other. */
export class Batch {
  readonly told: Told
  readonly parts: ReadonlyArray<Part>

  constructor(told: Told, parts: ReadonlyArray<Part>) {
    this.told = told
    this.parts = parts
  }

  /** What the collector has neither said that it has nor refused for good. */
  get missing(): ReadonlyArray<Part> {
    return this.parts.filter(({ accepted, refusal }) => accepted === undefined && refusal === undefined)
  }

  /** Whether the collector has said that it has any of it. */
  get isBegun(): boolean {
    return this.parts.some(({ accepted }) => accepted !== undefined)
  }

  /** Whether the collector may have any of it. */
  get mayHaveArrived(): boolean {
    return this.isBegun || this.parts.some(({ mayHaveArrived }) => mayHaveArrived)
  }
}

/** What the collector said of the parts that it took or does not want, together. */
export const answeredBy = (parts: ReadonlyArray<Part>): PartialSuccess => {
  const all = parts.flatMap(({ accepted, points, refusal }) => {
    if (refusal !== undefined) return { rejected: points, message: refusal }
    return accepted ? readPartialSuccess(accepted.contentType, accepted.body) : []
  })
  return {
    rejected: all.reduce((sum, { rejected }) => sum + rejected, 0),
    message: [...new Set(all.map(({ message }) => message).filter((message) => message !== ""))].join("; ")
  }
}
