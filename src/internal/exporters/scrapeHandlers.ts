/** Handlers of scrapes in the forms that servers accept. */
import * as Effect from "effect/Effect"
import type { RuntimeService } from "../runtime/service.ts"
import { type FetchHandler, type NodeHandler, nodeHandler as onNode, signalOf } from "./httpHandlers.ts"
import { type Answer, answer, type ScrapeOptions } from "./scrape.ts"
import { webResponse } from "./webResponse.ts"

/** Runs an effect in the context in which the handler was made. */
export type Run = <A>(effect: Effect.Effect<A>, options: { readonly signal: AbortSignal }) => Promise<A>

export const fetchHandler =
  (runtime: RuntimeService, options: ScrapeOptions, run: Run = Effect.runPromise): FetchHandler =>
  async (given) => {
    const { headers: asked, method, url } = given
    const signal = signalOf(given)
    const acceptEncoding = isOfNext(given) ? null : asked.get("accept-encoding")
    const request = { method, url, accept: asked.get("accept"), acceptEncoding }
    // A client that has gone no longer waits.
    const answered = answer(runtime, request, options)
    const found = await run(answered, { signal }).catch((error: unknown) => {
      if (signal.aborted) return gone
      throw error
    })
    return webResponse(found, method !== "HEAD")
  }

/** Next.js drops the `content-encoding` of a route's answer, and compresses answers itself. */
const isOfNext = (request: Request): boolean => "nextUrl" in request

/** It has no reader. */
const gone: Answer = { status: 499, headers: {}, body: [] }

export const nodeHandler = (runtime: RuntimeService, options: ScrapeOptions, run?: Run): NodeHandler =>
  onNode(fetchHandler(runtime, options, run))
