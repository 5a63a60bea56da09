/**
 * An answer as a `Response`. Servers read its stream piece by piece. If all of its bytes or its text are requested,
 * platforms join them at once, which blocks the event loop for about a millisecond per megabyte. Here they are joined
 * in slices.
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

/** A response copies bytes passed to it, which may be megabytes, but it passes a stream on. */
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
  /** `otherwise`: reports why it cannot be read, as a response does. */
  const read = async <A>(otherwise: () => Promise<A>, steps: () => Steps<A>): Promise<A> => {
    if (response.bodyUsed || response.body === null || response.body.locked) return otherwise.call(response)
    // From here on it is used. Not awaited, because for a cloned response this ends only when the clone was read as
    // well.
    void response.body.cancel()
    return Effect.runPromise(inSlices(steps()))
  }
  const { arrayBuffer, bytes, text } = response as Response & { readonly bytes: () => Promise<Bytes> }
  const own = {
    arrayBuffer: () => read(arrayBuffer, () => bufferOf(body)),
    bytes: () => read(bytes, () => inOne(body)),
    text: () => read(text, () => textOf(body))
  }
  // Some platforms have no `bytes` yet.
  if (bytes === undefined) Reflect.deleteProperty(own, "bytes")
  return Object.defineProperties(response, Object.getOwnPropertyDescriptors(own))
}

function* bufferOf(body: Pieces): Steps<ArrayBuffer> {
  return (yield* inOne(body)).buffer
}
