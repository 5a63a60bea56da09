/** The requests of any kind of server: each starts once and ends once, on every path. */
import type * as Clock from "effect/Clock"
import { aBoolean, type Check, notBlank } from "../model/optionChecks.ts"
import { Aborted } from "../util/errorType.ts"
import { stopwatch } from "../util/timing.ts"
import type { HttpServerEvent } from "./serverMetrics.ts"
import { methodsOf, placeOf } from "./words.ts"

/**
 * The options that all servers have.
 *
 * @category options
 * @since 0.2.0
 */
export interface ServerOptions {
  /**
   * The id of the recorder. All layers and functions that use the same id in a runtime share it, including
   * `Recorder.layer`. Default: `"http"`.
   */
  readonly recorderId?: string
  /**
   * The methods that become the label `http.request.method`, in place of the default ones; any other is `_OTHER`.
   * Default: those in the environment variable `OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS`, separated by commas,
   * otherwise those of the conventions, `CONNECT`, `DELETE`, `GET`, `HEAD`, `OPTIONS`, `PATCH`, `POST`, `PUT`, `QUERY`,
   * `TRACE`.
   */
  readonly knownMethods?: ReadonlyArray<string>
  /**
   * Adds the labels `server.address` and `server.port`, from the `Host` header. A client can make up any host, and so as
   * many series as the cardinality limit lets it. Default: `false`.
   */
  readonly serverAddress?: boolean
}

export const methodsCheck: Check = (value) =>
  Array.isArray(value) && [...value].every((each) => typeof each === "string" && each !== "")
    ? undefined
    : 'must be an array of methods, such as ["GET", "POST"]'

export const serverOptionChecks = { recorderId: notBlank, knownMethods: methodsCheck, serverAddress: aBoolean }

/** What is known of a request when it arrives. */
export interface Incoming {
  readonly method: string | undefined
  readonly scheme: "http" | "https"
  readonly version: string | undefined
  readonly size: number | undefined
  /** The `Host` header, or an equivalent. */
  readonly host: string | undefined
}

/** What is known of it when it ends. */
export interface Ended {
  /** `undefined`: no response was started. */
  readonly status: number | undefined
  /** Whether the response is incomplete. */
  readonly isAborted: boolean
  readonly route: string | undefined
  readonly size: number | undefined
}

/** Begins to count a request. What it returns ends it, once. */
type Begin = (clock: Clock.Clock, incoming: Incoming) => (ended: Ended) => void

export interface ServerRequests {
  /** Identifies the measurement that the requests belong to. */
  readonly emit: (event: HttpServerEvent) => void
  readonly begin: Begin
}

export const serverRequests = (
  emit: ServerRequests["emit"],
  { knownMethods, serverAddress = false }: ServerOptions
): ServerRequests => {
  const methodOf = methodsOf(knownMethods)
  const begin: Begin = (clock, { host, method: given, scheme, size: requestSize, version }) => {
    const method = methodOf(given)
    const { address, port } = serverAddress ? placeOf(scheme, host) : nowhere
    emit({ _tag: "http.server.request.start", method, scheme, address, port })
    const seconds = stopwatch(clock)
    let hasEnded = false
    return ({ isAborted, route, size: responseSize, status }) => {
      if (hasEnded) return
      hasEnded = true
      emit({
        _tag: "http.server.request",
        method,
        scheme,
        seconds: seconds(),
        route: route === "" ? undefined : route,
        status,
        error: isAborted ? Aborted : status !== undefined && status >= 500 ? String(status) : undefined,
        version,
        requestSize,
        responseSize,
        address,
        port
      })
    }
  }
  return { emit, begin }
}

const nowhere = { address: undefined, port: undefined }
