/**
 * The requests of a server, whatever server it is: each begins once and ends once, on every path.
 */
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
   * The id of the recorder. All that name the same id in a runtime share it, `Recorder.layer` as well. Default: `"http"`.
   */
  readonly recorderId?: string
  /**
   * The methods that become the label `http.request.method`, in place of the default ones; any other is `_OTHER`. Default:
   * those in the environment variable `OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS`, separated by commas, or else those of
   * the conventions, `CONNECT`, `DELETE`, `GET`, `HEAD`, `OPTIONS`, `PATCH`, `POST`, `PUT`, `QUERY`, `TRACE`.
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

/** What is known of a request when it comes. */
export interface Incoming {
  readonly method: string | undefined
  readonly scheme: "http" | "https"
  readonly version: string | undefined
  readonly size: number | undefined
  /** The `Host` header, or whatever has the host. */
  readonly host: string | undefined
}

/** What is known of it when it ends. */
interface Ended {
  /** `undefined`: no response was begun. */
  readonly status: number | undefined
  /** Whether the response is not complete. */
  readonly isAborted: boolean
  readonly route: string | undefined
  readonly size: number | undefined
}

type Emit = (event: HttpServerEvent) => void

export class ServerRequests {
  /** Tells whose requests these are. */
  readonly emit: Emit
  readonly #methodOf: (method: string | undefined) => string
  readonly #hasAddress: boolean

  constructor(emit: Emit, { knownMethods, serverAddress = false }: ServerOptions) {
    this.emit = emit
    this.#methodOf = methodsOf(knownMethods)
    this.#hasAddress = serverAddress
  }

  begin(clock: Clock.Clock, { host, method: given, scheme, size, version }: Incoming): ServerRequest {
    const method = this.#methodOf(given)
    const { address, port } = this.#hasAddress ? placeOf(scheme, host) : nowhere
    this.emit({ _tag: "http.server.request.start", method, scheme, address, port })
    return new ServerRequest(this.emit, clock, { method, scheme, version, requestSize: size, address, port })
  }
}

const nowhere = { address: undefined, port: undefined }

type Begun = Pick<
  Extract<HttpServerEvent, { readonly _tag: "http.server.request" }>,
  "method" | "scheme" | "version" | "requestSize" | "address" | "port"
>

export class ServerRequest {
  readonly #emit: Emit
  readonly #begun: Begun
  readonly #seconds: () => number
  #hasEnded = false

  constructor(emit: Emit, clock: Clock.Clock, begun: Begun) {
    this.#emit = emit
    this.#begun = begun
    this.#seconds = stopwatch(clock)
  }

  /** Again: does nothing. */
  end({ isAborted, route, size, status }: Ended): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    const { address, method, port, requestSize, scheme, version } = this.#begun
    this.#emit({
      _tag: "http.server.request",
      method,
      scheme,
      seconds: this.#seconds(),
      route: route === "" ? undefined : route,
      status,
      error: isAborted ? Aborted : status !== undefined && status >= 500 ? String(status) : undefined,
      version,
      requestSize,
      responseSize: size,
      address,
      port
    })
  }
}
