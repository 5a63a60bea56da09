/**
 * The requests of a client, whatever client it is: each begins once and ends once, on every path.
 */
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
   * The id of the recorder. All that name the same id in a runtime share it, `Recorder.layer` as well. Default: `"http"`.
   */
  readonly recorderId?: string
  /**
   * The methods that become the label `http.request.method`, in place of the default ones; any other is `_OTHER`. Default:
   * those in the environment variable `OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS`, separated by commas, or else those of
   * the conventions, `CONNECT`, `DELETE`, `GET`, `HEAD`, `OPTIONS`, `PATCH`, `POST`, `PUT`, `QUERY`, `TRACE`.
   */
  readonly knownMethods?: ReadonlyArray<string>
}

export const clientOptionChecks = { recorderId: notBlank, knownMethods: methodsCheck }

type Emit = (event: HttpClientEvent) => void

export class ClientRequests {
  readonly #emit: Emit
  readonly #methodOf: (method: string | undefined) => string

  constructor(emit: Emit, { knownMethods }: ClientOptions) {
    this.#emit = emit
    this.#methodOf = methodsOf(knownMethods)
  }

  /** `origin`: scheme, host and port of the URL. */
  begin(clock: Clock.Clock, given: string, origin: string, size: number | undefined): ClientRequest {
    const [scheme, host] = origin.split("://", 2)
    const { address = "", port = 0 } = placeOf(scheme ?? "", host)
    const method = this.#methodOf(given)
    this.#emit({ _tag: "http.client.request.start", method, address, port })
    return new ClientRequest(this.#emit, clock, { method, address, port, requestSize: size })
  }
}

type Ended = Extract<HttpClientEvent, { readonly _tag: "http.client.request" }>
type Begun = Pick<Ended, "method" | "address" | "port" | "requestSize">

export class ClientRequest {
  readonly #emit: Emit
  readonly #begun: Begun
  readonly #seconds: () => number
  #status: number | undefined
  #size: number | undefined
  #hasEnded = false

  constructor(emit: Emit, clock: Clock.Clock, begun: Begun) {
    this.#emit = emit
    this.#begun = begun
    this.#seconds = stopwatch(clock)
  }

  /** The response has begun. */
  responded(status: number, size: number | undefined): void {
    this.#status = status
    this.#size = size
  }

  /** `error`: what ended it, but for a status. Again: does nothing. */
  end(error: string | undefined): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    const { address, method, port, requestSize } = this.#begun
    const status = this.#status
    this.#emit({
      _tag: "http.client.request",
      method,
      address,
      port,
      seconds: this.#seconds(),
      status,
      error: error ?? (status !== undefined && status >= 400 ? String(status) : undefined),
      requestSize,
      responseSize: this.#size
    })
  }
}
