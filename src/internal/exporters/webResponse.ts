/**
 * An answer as a `Response`. Servers read its stream, piece by piece. For who asks for all of its bytes or its text, platforms
 * put them together in one go, which holds up the event loop for about a millisecond per megabyte: here that is done in
 * slices.
 */
import * as Effect from "effect/Effect"
import { inSlices } from "../util/inSlices.ts"
import { type Bytes, inOne, lengthOf, type Pieces, textOf } from "../util/pieces.ts"
import type { Steps } from "../util/steps.ts"
import type { Answer } from "./scrape.ts"

export const webResponse = ({ body, headers, status }: Answer, hasBody: boolean): Response => {
  const length = { "content-length": String(lengthOf(body)) }
  const response = new Response(hasBody ? streamOf(body) : null, { status, headers: { ...headers, ...length } })
  return hasBody && body.length > 1 ? withSlices(response, body) : response
}

/** A response copies bytes that it is given, which may be megabytes; a stream hands them on. */
const streamOf = (body: Pieces): ReadableStream<Bytes> => {
  const pieces = body.values()
  return new ReadableStream({
    pull: (controller) => {
      const next = pieces.next()
      if (next.done) controller.close()
      else controller.enqueue(next.value)
    }
  })
}

const withSlices = (response: Response, body: Pieces): Response => {
  /** `otherwise`: says why it cannot be read, as a response does. */
  const read = async <A>(otherwise: () => Promise<A>, steps: () => Steps<A>): Promise<A> => {
    if (response.bodyUsed || response.body === null || response.body.locked) return otherwise.call(response)
    // From here on it is used. Not awaited: of a response that was cloned, this ends when the clone was read as well.
    void response.body.cancel()
    return Effect.runPromise(inSlices(steps()))
  }
  const { arrayBuffer, bytes, text } = response as Response & { readonly bytes: () => Promise<Bytes> }
  const own = {
    arrayBuffer: () => read(arrayBuffer, () => bufferOf(body)),
    bytes: () => read(bytes, () => inOne(body)),
    text: () => read(text, () => textOf(body))
  }
  // A platform that has no `bytes` yet goes without.
  if (bytes === undefined) Reflect.deleteProperty(own, "bytes")
  return Object.defineProperties(response, Object.getOwnPropertyDescriptors(own))
}

function* bufferOf(body: Pieces): Steps<ArrayBuffer> {
  return (yield* inOne(body)).buffer
}
