/** Requests of undici, which is also `fetch` in Node, observed through `diagnostics_channel`. */
import type * as Clock from "effect/Clock"
import { errorTypeOf } from "../util/errorType.ts"
import type { BeginClientRequest, ClientRequest } from "./clientRequests.ts"
import { sizeOf } from "./words.ts"

interface UndiciRequest {
  readonly origin: string | URL
  readonly method: string
  readonly contentLength?: number | null
}

interface Message {
  readonly request: UndiciRequest
  readonly response?: { readonly statusCode: number; readonly headers: ReadonlyArray<Uint8Array | string> }
  readonly error?: unknown
}

/** The value of a header in undici's list of names and values. */
const headerIn = (headers: ReadonlyArray<Uint8Array | string>, name: string): string | undefined => {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (headers[i]!.length === name.length && textOf(headers[i]!).toLowerCase() === name) return textOf(headers[i + 1]!)
  }
  return undefined
}

const textOf = (value: Uint8Array | string): string =>
  typeof value === "string" ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1")

/** Measures all requests of undici in this process until the returned function is called. */
export const observeUndici = (begin: BeginClientRequest, clock: Clock.Clock): (() => void) => {
  // Loaded only when it is needed.
  const { subscribe, unsubscribe } = process.getBuiltinModule("node:diagnostics_channel")
  // A response that is never read has no end, and is forgotten with its request.
  const open = new WeakMap<UndiciRequest, ClientRequest>()
  const listeners: { readonly [channel: string]: (message: Message) => void } = {
    "undici:request:create": ({ request }) => {
      const { contentLength, method, origin } = request
      open.set(request, begin(clock, method, String(origin), contentLength ?? undefined))
    },
    "undici:request:headers": ({ request, response }) => {
      const { headers, statusCode } = response!
      open.get(request)?.responded(statusCode, sizeOf(headerIn(headers, "content-length")))
    },
    "undici:request:trailers": ({ request }) => open.get(request)?.end(undefined),
    "undici:request:error": ({ error, request }) => open.get(request)?.end(errorTypeOf(error))
  }
  const entries = Object.entries(listeners) as ReadonlyArray<readonly [string, (message: unknown) => void]>
  for (const [channel, listener] of entries) subscribe(channel, listener)
  return () => {
    for (const [channel, listener] of entries) unsubscribe(channel, listener)
  }
}
