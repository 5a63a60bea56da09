/** Requests of servers based on `fetch`. */
import type * as Clock from "effect/Clock"
import { textOf } from "./nodeRequests.ts"
import type { ServerRequests } from "./serverRequests.ts"
import { hasNoBody, sizeOf } from "./words.ts"

/** Measures a request until there is a response, or an error instead. */
export const measureFetch = async (
  requests: ServerRequests,
  clock: Clock.Clock,
  request: Request,
  respond: () => Response | PromiseLike<Response>,
  routeOf: () => unknown
): Promise<Response> => {
  const { headers, method, url } = request
  const scheme = url.startsWith("https:") ? "https" : "http"
  const end = requests.begin(clock, {
    method,
    scheme,
    version: undefined,
    size: sizeOf(headers.get("content-length")) ?? (request.body === null ? 0 : undefined),
    host: headers.get("host") ?? url.slice(scheme.length + "://".length).split("/", 1)[0]
  })
  try {
    const response = await respond()
    const { status } = response
    end({
      status,
      isAborted: false,
      route: textOf(routeOf),
      size: hasNoBody(method, status) || response.body === null ? 0 : sizeOf(response.headers.get("content-length"))
    })
    return response
  } catch (error) {
    // Servers answer an error with 500, unless the client has gone.
    const { aborted } = request.signal
    end({ status: aborted ? undefined : 500, isAborted: aborted, route: textOf(routeOf), size: undefined })
    throw error
  }
}
