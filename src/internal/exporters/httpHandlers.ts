/**
 * Handlers of HTTP requests in the forms that servers accept: a function from a `Request` to a `Response`, and one for
 * `node:http`. They serve GET and HEAD.
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
 * Aborts when the client has gone. In Deno reading the signal of a served request prints a warning in every program,
 * and the signal aborts after each answer as well. In Deno a client that has gone is therefore answered anyway.
 */
export const signalOf = (request: Request): AbortSignal =>
  "Deno" in globalThis ? new AbortController().signal : request.signal

/** A request in the form of `fetch`. Its URL has the original path, before a framework removed a part. */
const webRequest = (request: IncomingMessage & { readonly originalUrl?: string }, signal: AbortSignal): Request => {
  const { method } = request
  const headers = Object.entries(request.headers).flatMap(([name, values]) =>
    // HTTP/2 includes method and path among them, under names that `fetch` rejects.
    name.startsWith(":") ? [] : [values ?? []].flat().map((value): [string, string] => [name, value])
  )
  const target = request.originalUrl ?? request.url ?? "/"
  const { pathname, search } = new URL(URL.canParse(target) ? target : `http://localhost/${withoutSlash(target)}`)
  return new Request(`http://localhost/${withoutSlash(pathname)}${search}`, {
    // The body is not read, and some methods allow none.
    method: method === "HEAD" || method === "GET" ? method : "POST",
    headers,
    signal
  })
}

/** A second slash at the beginning of a path would turn it into a host. */
const withoutSlash = (path: string): string => path.replace(/^\//, "")

export const nodeHandler =
  (handle: FetchHandler): NodeHandler =>
  (request, response) => {
    // Writing to a client that has gone emits an error event, which would end the process.
    response.on("error", () => {})
    // Other code may answer meanwhile, for example a middleware with a time limit.
    const isOpen = (): boolean => !response.headersSent && !response.writableEnded && !response.destroyed
    const gone = new AbortController()
    response.once("close", () => gone.abort())
    const answer = async (): Promise<void> => {
      if (!isOpen()) return
      const { body, headers, status } = await handle(webRequest(request, gone.signal))
      // Imported only by servers, because a program that only measures does not need it.
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
      // If the client has gone, that is not an error. Anything else is an answer that could not be given.
      if (!isOpen()) return
      response.writeHead(500, { "content-type": "text/plain; charset=utf-8" }).end(`${describeError(error)}\n`)
    })
  }
