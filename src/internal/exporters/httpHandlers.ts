/**
 * Handlers of HTTP requests in the forms that servers take: a function from a `Request` to a `Response`, and one for
 * `node:http`. What they serve is read with GET or HEAD.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"

/** For frameworks that speak `fetch`: Hono, SvelteKit, Next, Bun, Deno and others. */
export type FetchHandler = (request: Request) => Promise<Response>

/** For `node:http`, and for frameworks on it: Express, Connect, Polka. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => void

/** The path that was asked for, before a framework cut off what it was mounted at. */
const pathOf = (request: IncomingMessage & { readonly originalUrl?: string }): string =>
  request.originalUrl ?? request.url ?? "/"

export const nodeHandler =
  (handle: FetchHandler): NodeHandler =>
  (request, response) => {
    const gone = new AbortController()
    response.once("close", () => gone.abort())
    const answer = async (): Promise<void> => {
      const headers = Object.entries(request.headers).flatMap(([name, values]) =>
        [values ?? []].flat().map((value): [string, string] => [name, value])
      )
      const {
        body,
        headers: given,
        status
      } = await handle(
        new Request(`http://localhost${pathOf(request)}`, {
          // A body is not read, and some methods would have none.
          method: request.method === "HEAD" ? "HEAD" : request.method === "GET" ? "GET" : "POST",
          headers,
          signal: gone.signal
        })
      )
      response.writeHead(status, Object.fromEntries(given))
      if (body === null || request.method === "HEAD") response.end()
      else await pipeline(Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]), response)
    }
    answer().catch((error: unknown) => {
      // The client has gone, which is its right; anything else is an answer that could not be given.
      if (gone.signal.aborted || response.headersSent) response.destroy()
      else response.writeHead(500, { "content-type": "text/plain; charset=utf-8" }).end(`${error}\n`)
    })
  }
