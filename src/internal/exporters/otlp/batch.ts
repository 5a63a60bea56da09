/** The requests of an export, sent one after the other, because a collector may not accept everything in one. */
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import { type PartialSuccess, readPartialSuccess } from "../../formats/otlp/response.ts"
import { messageOf } from "../../util/describeError.ts"
import { Parcel } from "../delivery.ts"
import type { Told } from "./batches.ts"

/** A request with some of the points of a batch. */
export class Part extends Parcel {
  readonly points: number
  /** Why the collector refused it although it accepted others. It is not sent any more. */
  refusal: string | undefined

  constructor(points: number, request: HttpClientRequest.HttpClientRequest) {
    super(request)
    this.points = points
  }
}

/** A batch as the bytes that are sent, one request after the other. */
export class Batch {
  readonly told: Told
  readonly parts: ReadonlyArray<Part>

  constructor(told: Told, parts: ReadonlyArray<Part>) {
    this.told = told
    this.parts = parts
  }

  /** The parts that the collector has neither confirmed nor refused for good. */
  get missing(): ReadonlyArray<Part> {
    return this.parts.filter(({ accepted, refusal }) => accepted === undefined && refusal === undefined)
  }

  /** Whether the collector has confirmed any of it. */
  get isBegun(): boolean {
    return this.parts.some(({ accepted }) => accepted !== undefined)
  }

  /** Whether the collector may have any of it. */
  get mayHaveArrived(): boolean {
    return this.isBegun || this.parts.some(({ mayHaveArrived }) => mayHaveArrived)
  }
}

/** The collector's answers to the parts that it accepted or refused, combined. */
export const answeredBy = (parts: ReadonlyArray<Part>): PartialSuccess => {
  const all = parts.flatMap(({ accepted, points, refusal }) => {
    if (refusal !== undefined) return { rejected: points, message: refusal }
    if (accepted === undefined) return []
    const { message, rejected } = readPartialSuccess(accepted.contentType, accepted.body)
    return { rejected: Math.min(rejected, points), message: message === "" ? "" : messageOf(new Error(message)) }
  })
  return {
    rejected: all.reduce((sum, { rejected }) => sum + rejected, 0),
    message: [...new Set(all.map(({ message }) => message).filter((message) => message !== ""))].join("; ")
  }
}
