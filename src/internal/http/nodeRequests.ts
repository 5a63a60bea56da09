/** Requests of `node:http`, and of servers built on it. */
import type { IncomingMessage, ServerResponse } from "node:http"
import type * as Clock from "effect/Clock"
import type { ServerRequests } from "./serverRequests.ts"
import { hasNoBody, sizeOf, versionOf } from "./words.ts"

/** Measures a request from now on until its response is complete, or its connection is closed before. */
export const measureNode = (
  requests: ServerRequests,
  clock: Clock.Clock,
  request: IncomingMessage,
  response: ServerResponse,
  routeOf: () => unknown
): void => {
  const { headers, method } = request
  const end = requests.begin(clock, {
    method,
    scheme: (request.socket as { readonly encrypted?: boolean }).encrypted === true ? "https" : "http",
    version: versionOf(request.httpVersionMajor, request.httpVersionMinor),
    size: requestSize(request),
    host: headers.host ?? (headers[":authority"] as string | undefined)
  })
  // Follows "finish", and comes without it if the connection was closed.
  response.once("close", () => {
    const status = response.headersSent ? response.statusCode : undefined
    end({
      status,
      isAborted: !response.writableFinished,
      route: textOf(routeOf),
      size: status === undefined ? undefined : hasNoBody(method, status) ? 0 : responseSize(response)
    })
  })
}

/**
 * Reads the head of the response as it was sent, if the server keeps it: a length passed to `writeHead`, or determined
 * by Node, is available nowhere else.
 */
const responseSize = (response: ServerResponse): number | undefined => {
  const { _header: head } = response as { readonly _header?: unknown }
  const sent = typeof head === "string" ? ContentLength.exec(head)?.[1] : undefined
  return sizeOf(sent ?? response.getHeader("content-length"))
}

const ContentLength = /\r\ncontent-length: *(\d+)\r\n/i

/** In HTTP/1 a request announces its body. */
const requestSize = ({ headers, httpVersionMajor }: IncomingMessage): number | undefined => {
  const size = sizeOf(headers["content-length"])
  return size === undefined && httpVersionMajor < 2 && headers["transfer-encoding"] === undefined ? 0 : size
}

/** The application's name of a route. An error in its code must not end the process. */
export const textOf = (routeOf: () => unknown): string | undefined => {
  try {
    const route = routeOf()
    return typeof route === "string" ? route : undefined
  } catch {
    return undefined
  }
}
