/**
 * An answer as a `Response`. Servers read its stream, chunk by chunk. For who asks for all of its bytes or its text, platforms
 * put them together in one piece, which holds up the event loop for about a millisecond per megabyte: here that is done in
 * slices.
 */
import * as Effect from "effect/Effect"
import { inSlices } from "../util/inSlices.ts"
import type { Steps } from "../util/steps.ts"
import { type Answer, ChunkBytes, chunksOf } from "./scrape.ts"

type Bytes = Uint8Array<ArrayBuffer>

export const webResponse = ({ body, headers, status }: Answer, hasBody: boolean): Response => {
  const length = { "content-length": String(body.byteLength) }
  const response = new Response(hasBody ? streamOf(body) : null, { status, headers: { ...headers, ...length } })
  return hasBody && body.byteLength > ChunkBytes ? withSlices(response, body) : response
}

/** A response copies bytes that it is given, which may be megabytes; a stream hands them on. */
const streamOf = (bytes: Bytes): ReadableStream<Bytes> => {
  const chunks = chunksOf(bytes)
  return new ReadableStream({
    pull: (controller) => {
      const next = chunks.next()
      if (next.done) controller.close()
      else controller.enqueue(next.value)
    }
  })
}

const withSlices = (response: Response, body: Bytes): Response => {
  /** `otherwise`: says why it cannot be read, as a response does. */
  const read = async <A>(otherwise: () => Promise<A>, steps: () => Steps<A>): Promise<A> => {
    if (response.bodyUsed || response.body === null || response.body.locked) return otherwise.call(response)
    // From here on it is used. Not awaited: of a response that was cloned, this ends when the clone was read as well.
    void response.body.cancel()
    return Effect.runPromise(inSlices(steps()))
  }
  const { arrayBuffer, bytes, text } = response as Response & { readonly bytes: () => Promise<Bytes> }
  const own = {
    arrayBuffer: () => read(arrayBuffer, () => copied(body, ({ buffer }) => buffer)),
    bytes: () => read(bytes, () => copied(body, (all) => all)),
    text: () => read(text, () => decoded(body))
  }
  // A platform that has no `bytes` yet goes without.
  if (bytes === undefined) Reflect.deleteProperty(own, "bytes")
  return Object.defineProperties(response, Object.getOwnPropertyDescriptors(own))
}

/** In memory of its own: several who scrape at once share the bytes. */
function* copied<A>(body: Bytes, as: (bytes: Bytes) => A): Steps<A> {
  const all = new Uint8Array(body.byteLength)
  let to = 0
  for (const chunk of chunksOf(body)) {
    all.set(chunk, to)
    to += chunk.byteLength
    yield
  }
  return as(all)
}

function* decoded(body: Bytes): Steps<string> {
  const decoder = new TextDecoder()
  let text = ""
  for (const chunk of chunksOf(body)) {
    text += decoder.decode(chunk, { stream: true })
    yield
  }
  return text + decoder.decode()
}
