/** The resources of the live page, by name below the path of the page: the page itself, its assets, and the data. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { RuntimeService } from "../../runtime/service.ts"
import { describeError } from "../../util/describeError.ts"
import { inSlices } from "../../util/inSlices.ts"
import type { Steps } from "../../util/steps.ts"
import type { LiveData } from "../model/update.ts"
import { findMetric, type LiveLimits, liveData } from "./readRuntime.ts"
import { updateSteps } from "./updateSteps.ts"

/** The relevant parts of a request. */
interface Asked {
  /** The path in the browser, because the page loads its assets below it. */
  readonly pathname: string
  readonly query: URLSearchParams
  /** Whether the server still accepts requests. A closing server waits for open responses. */
  readonly open: () => boolean
}

export type Resources = {
  readonly [name: string]: (asked: Asked) => Effect.Effect<HttpServerResponse.HttpServerResponse>
}

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join("; ")

const headers = {
  "content-security-policy": policy,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-cache"
}

const text = (body: string, type: string): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(body, { contentType: `${type}; charset=utf-8`, headers })

// Loaded only when a page is viewed.
const assets = Effect.promise(() => import("./assets.generated.ts"))

const queries = Effect.promise(() => import("../../catalogue/queries.ts"))

/** The maximum number of open streams, each of which sends the data once a second. */
const MostStreams = 100

/** The resources of a runtime. All viewers share what is read, and their streams end with the scope. */
export const liveResources = Effect.fnUntraced(function* (
  runtime: RuntimeService,
  limits: LiveLimits
): Effect.fn.Return<Resources, never, Scope.Scope> {
  const ended = yield* Deferred.make<void>()
  yield* Effect.addFinalizer(() => Deferred.succeed(ended, undefined))
  let streams = 0
  const json = yield* Effect.cachedWithTTL(
    Effect.flatMap(liveData(runtime, limits), (data) => inSlices(toJson(data))),
    "500 millis"
  )
  return {
    "": ({ pathname }) => Effect.map(assets, ({ page }) => text(pageAt(page, pathname), "text/html")),
    "page.js": () => Effect.map(assets, ({ script }) => text(script, "text/javascript")),
    "page.css": () => Effect.map(assets, ({ style }) => text(style, "text/css")),
    data: () => Effect.map(json, (body) => text(body, "application/json")),
    queries: Effect.fnUntraced(function* ({ query }) {
      const recorderId = query.get("recorder") ?? ""
      const metric = yield* findMetric(runtime, recorderId, query.get("metric") ?? "")
      if (metric === undefined) {
        return HttpServerResponse.text("There is no such metric\n", { status: 404, headers })
      }
      const { queriesOf } = yield* queries
      return text(JSON.stringify(queriesOf(metric, runtime.namespace, recorderId)), "application/json")
    }),
    events: ({ open }) => {
      if (streams >= MostStreams) {
        return Effect.succeed(HttpServerResponse.text("Too many pages are open\n", { status: 503, headers }))
      }
      const counted = Effect.acquireRelease(
        Effect.sync(() => void streams++),
        () => Effect.sync(() => void streams--)
      )
      const updates = Stream.tick("1 second").pipe(
        Stream.takeWhile(open),
        Stream.mapEffect(() => json),
        Stream.map((body) => `data: ${body.replaceAll("\n", "\ndata: ")}\n\n`),
        Stream.interruptWhen(Deferred.await(ended))
      )
      const body = Stream.encodeText(
        Stream.unwrap(Effect.as(counted, Stream.concat(Stream.succeed("retry: 1000\n\n"), updates)))
      )
      return Effect.succeed(
        HttpServerResponse.stream(body, {
          contentType: "text/event-stream",
          // Proxies would buffer small pieces.
          headers: { ...headers, "cache-control": "no-store", "x-accel-buffering": "no" }
        })
      )
    }
  }
})

/** The page with references relative to its path in the browser, wherever it is mounted. */
const pageAt = (page: string, pathname: string): string => {
  const last = pathname.slice(pathname.lastIndexOf("/") + 1)
  return page.replaceAll("{{below}}", last === "" ? "." : `./${escaped(last)}`)
}

const escaped = (part: string): string => part.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

/**
 * In process, a hand-written metric can show a value that is not JSON. Its error is then shown together with the other
 * metrics.
 */
function* toJson(data: LiveData): Steps<string> {
  try {
    return yield* updateSteps(data)
  } catch {
    const recorders = data.recorders.map((recorder) => ({
      ...recorder,
      metrics: recorder.metrics.map((metric) => {
        const reason = whyNoJson(metric.dimensions)
        return reason === undefined ? metric : { ...metric, kind: "custom" as const, dimensions: { error: reason } }
      })
    }))
    return yield* updateSteps({ ...data, recorders })
  }
}

const whyNoJson = (dimensions: unknown): string | undefined => {
  try {
    JSON.stringify(dimensions)
    return undefined
  } catch (error) {
    return `cannot be shown as JSON: ${describeError(error)}`
  }
}
