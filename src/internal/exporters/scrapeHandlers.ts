/**
 * Handlers of scrapes in the forms that servers take.
 */
import * as Effect from "effect/Effect"
import type { RuntimeService } from "../runtime/service.ts"
import { type FetchHandler, type NodeHandler, nodeHandler as onNode, signalOf } from "./httpHandlers.ts"
import { type Answer, answer, type ScrapeOptions } from "./scrape.ts"
import { webResponse } from "./webResponse.ts"

/** Runs an effect in the context that the handler was made in. */
export type Run = <A>(effect: Effect.Effect<A>, options: { readonly signal: AbortSignal }) => Promise<A>

export const fetchHandler =
  (runtime: RuntimeService, options: ScrapeOptions, run: Run = Effect.runPromise): FetchHandler =>
  async (given) => {
    const { headers: asked, method, url } = given
    const signal = signalOf(given)
    const acceptEncoding = isOfNext(given) ? null : asked.get("accept-encoding")
    const request = { method, url, accept: asked.get("accept"), acceptEncoding }
    // A client that has gone waits no more.
    const answered = answer(runtime, request, options)
    const found = await run(answered, { signal }).catch((error: unknown) => {
      if (signal.aborted) return gone
      throw error
    })
    return webResponse(found, method !== "HEAD")
  }

/** Next.js drops the `content-encoding` of a route's answer. It compresses answers by itself. */
const isOfNext = (request: Request): boolean => "nextUrl" in request

/** Nobody reads it. */
const gone: Answer = { status: 499, headers: {}, body: [] }

export const nodeHandler = (runtime: RuntimeService, options: ScrapeOptions, run?: Run): NodeHandler =>
  onNode(fetchHandler(runtime, options, run))
