/** A scripted collector in place of an `HttpClient`, by any clock. */
import { Effect } from "effect"
import { HttpClient, HttpClientError, type HttpClientRequest, HttpClientResponse } from "effect/http"
import type { SunkMetric } from "./sink.ts"

/** The fate of one request. `takes`: whether the collector keeps the points, whatever it answers. */
export type Turn =
  | { readonly do: "accept"; readonly delay: number; readonly rejected?: number }
  | { readonly do: "refuse"; readonly status: number; readonly retryAfter?: string }
  | { readonly do: "lose"; readonly code: string; readonly takes: boolean }
  | { readonly do: "hang"; readonly takes: boolean }

export interface Taken {
  readonly text: string
  readonly metrics: ReadonlyArray<SunkMetric>
  /** Whether a success response was received. */
  acknowledged: boolean
}

/**
 * Behaves as the script says, and then accepts. It knows the bytes that it has taken: when they come again, they are the
 * same points.
 */
export class ScriptedCollector {
  readonly taken: Array<Taken> = []
  /** Times of requests, in milliseconds. */
  readonly requests: Array<number> = []
  acknowledgements = 0
  /** Acknowledgements with rejected points, and the number of those points. */
  partials = 0
  rejected = 0
  readonly #script: Array<Turn>

  constructor(script: ReadonlyArray<Turn>) {
    this.#script = [...script]
  }

  get isThrough(): boolean {
    return this.#script.length === 0
  }

  readonly client = HttpClient.make((request) =>
    Effect.gen({ self: this }, function* () {
      this.requests.push(yield* Effect.clockWith((clock) => clock.currentTimeMillis))
      const body = request.body as { readonly body: Uint8Array }
      const text = new TextDecoder().decode(body.body)
      const known = this.taken.some((each) => each.text === text)
      const next = this.#script.shift() ?? { do: "accept", delay: 0 }
      // It never permanently rejects points that it has kept.
      const turn: Turn =
        known && next.do === "refuse" && [400, 413].includes(next.status) ? { do: "accept", delay: 0 } : next
      switch (turn.do) {
        case "accept": {
          const taken = this.#take(text)
          yield* Effect.sleep(turn.delay)
          taken.acknowledged = true
          this.acknowledgements++
          const rejected = Math.min(turn.rejected ?? 0, pointsIn(taken))
          if (rejected > 0) this.partials++
          this.rejected += rejected
          return answer(request, 200, {
            partialSuccess: { ...(rejected > 0 && { rejectedDataPoints: rejected, errorMessage: "too old" }) }
          })
        }
        case "refuse":
          return answer(request, turn.status, {}, turn.retryAfter)
        case "lose":
          if (turn.takes) this.#take(text)
          return yield* new HttpClientError.HttpClientError({
            reason: new HttpClientError.TransportError({
              request,
              cause: Object.assign(new Error(turn.code), { code: turn.code })
            })
          })
        case "hang":
          if (turn.takes) this.#take(text)
          return yield* Effect.never
      }
    })
  )

  #take(text: string): Taken {
    const known = this.taken.find((each) => each.text === text)
    if (known !== undefined) return known
    const { resourceMetrics } = JSON.parse(text) as {
      readonly resourceMetrics: readonly [{ readonly scopeMetrics: readonly [{ readonly metrics: Taken["metrics"] }] }]
    }
    const taken = { text, metrics: resourceMetrics[0].scopeMetrics[0].metrics, acknowledged: false }
    this.taken.push(taken)
    return taken
  }
}

const pointsIn = ({ metrics }: Taken): number =>
  metrics.reduce((sum, { exponentialHistogram, gauge, histogram, sum: ofSum, summary }) => {
    const data = ofSum ?? gauge ?? histogram ?? exponentialHistogram ?? summary
    return sum + (data as { readonly dataPoints: ReadonlyArray<object> }).dataPoints.length
  }, 0)

const answer = (request: HttpClientRequest.HttpClientRequest, status: number, body: object, retryAfter?: string) =>
  HttpClientResponse.fromWeb(
    request,
    new Response(JSON.stringify(body), {
      status,
      headers: { "content-type": "application/json", ...(retryAfter !== undefined && { "retry-after": retryAfter }) }
    })
  )
