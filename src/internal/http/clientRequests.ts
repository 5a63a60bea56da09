/** The requests of any kind of client: each starts once and ends once, on every path. */
import type * as Clock from "effect/Clock"
import { notBlank } from "../model/optionChecks.ts"
import { stopwatch } from "../util/timing.ts"
import type { HttpClientEvent } from "./clientMetrics.ts"
import { methodsCheck } from "./serverRequests.ts"
import { methodsOf, placeOf } from "./words.ts"

/**
 * The options that all clients have.
 *
 * @category options
 * @since 0.2.0
 */
export interface ClientOptions {
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
}

export const clientOptionChecks = { recorderId: notBlank, knownMethods: methodsCheck }

export interface ClientRequest {
  /** The response has begun. */
  readonly responded: (status: number, size: number | undefined) => void
  /** `error`: what ended it, other than a status. The second call has no effect. */
  readonly end: (error: string | undefined) => void
}

/** Begins to count a request. `origin`: scheme, host and port of the URL. */
export type BeginClientRequest = (
  clock: Clock.Clock,
  method: string,
  origin: string,
  size: number | undefined
) => ClientRequest

export const clientRequests = (
  emit: (event: HttpClientEvent) => void,
  { knownMethods }: ClientOptions
): BeginClientRequest => {
  const methodOf = methodsOf(knownMethods)
  return (clock, given, origin, requestSize) => {
    const [scheme, host] = origin.split("://", 2)
    const { address = "", port = 0 } = placeOf(scheme ?? "", host)
    const method = methodOf(given)
    emit({ _tag: "http.client.request.start", method, address, port })
    const seconds = stopwatch(clock)
    let status: number | undefined
    let responseSize: number | undefined
    let hasEnded = false
    return {
      responded: (answered, size) => {
        status = answered
        responseSize = size
      },
      end: (error) => {
        if (hasEnded) return
        hasEnded = true
        emit({
          _tag: "http.client.request",
          method,
          address,
          port,
          seconds: seconds(),
          status,
          error: error ?? (status !== undefined && status >= 400 ? String(status) : undefined),
          requestSize,
          responseSize
        })
      }
    }
  }
}
