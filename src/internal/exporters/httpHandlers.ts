/**
 * Handlers of HTTP requests in the forms that servers take: a function from a `Request` to a `Response`, and one for
 * `node:http`. What they serve is read with GET or HEAD.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import { describeError } from "../util/describeError.ts"

/**
 * For frameworks that speak `fetch`: Hono, SvelteKit, Next, Bun, Deno and others.
 *
 * @category models
 * @since 0.2.0
 */
export type FetchHandler = (request: Request) => Promise<Response>

/**
 * For `node:http`, and for frameworks on it: Express, Connect, Polka.
 *
 * @category models
 * @since 0.2.0
 */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => void

/**
 * Aborts when the client has gone. Deno warns, in every program, where somebody reads it of a request that it serves: there
 * it aborts behind each answer as well. So on Deno a client that has gone is answered all the same.
 */
export const signalOf = (request: Request): AbortSignal =>
  "Deno" in globalThis ? new AbortController().signal : request.signal

/** A request as `fetch` has it. Its URL has the path that the client asked for, before a framework cut off a part. */
const webRequest = (request: IncomingMessage & { readonly originalUrl?: string }, signal: AbortSignal): Request => {
  const { method } = request
  const headers = Object.entries(request.headers).flatMap(([name, values]) =>
    // HTTP/2 has method and path among them, by names that `fetch` does not take.
    name.startsWith(":") ? [] : [values ?? []].flat().map((value): [string, string] => [name, value])
  )
  const target = request.originalUrl ?? request.url ?? "/"
  const { pathname, search } = new URL(URL.canParse(target) ? target : `http://localhost/${withoutSlash(target)}`)
  return new Request(`http://localhost/${withoutSlash(pathname)}${search}`, {
    // A body is not read, and some methods would have none.
    method: method === "HEAD" || method === "GET" ? method : "POST",
    headers,
    signal
  })
}

/** A second slash at the begin of a path would make a host of it. */
const withoutSlash = (path: string): string => path.replace(/^\//, "")

export const nodeHandler =
  (handle: FetchHandler): NodeHandler =>
  (request, response) => {
    // A server that writes to a client who has gone is told so by an event, which would end the process.
    response.on("error", () => {})
    // Somebody else may answer meanwhile: a middleware that limits the time, for one.
    const isOpen = (): boolean => !response.headersSent && !response.writableEnded && !response.destroyed
    const gone = new AbortController()
    response.once("close", () => gone.abort())
    const answer = async (): Promise<void> => {
      if (!isOpen()) return
      const { body, headers, status } = await handle(webRequest(request, gone.signal))
      // Imported by those who serve: a program that only measures does without.
      const { promises, Readable } = await import("node:stream")
      const isWanted = body !== null && request.method !== "HEAD"
      if (!isOpen()) return void (await body?.cancel())
      response.writeHead(status, Object.fromEntries(headers))
      if (isWanted)
        return await promises.pipeline(Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]), response)
      response.end()
      await body?.cancel()
    }
    answer().catch((error: unknown) => {
      // The client has gone, which is its right; anything else is an answer that could not be given.
      if (!isOpen()) return
      response.writeHead(500, { "content-type": "text/plain; charset=utf-8" }).end(`${describeError(error)}\n`)
    })
  }
