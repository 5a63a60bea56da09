// A request is retried while an attempt can succeed in time.
import { describe, expect, it } from "@effect/vitest"
import { Clock, type Duration, Effect, Fiber, Ref, Schedule } from "effect"
import { HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import type { AttemptFailure } from "../../src/internal/exporters/attempt.ts"
import { deliver, Parcel, type Transport } from "../../src/internal/exporters/delivery.ts"
import { receiver } from "../../src/internal/exporters/push.ts"
import { OutsideClock } from "../../src/internal/util/liveClock.ts"

type Answer =
  | number
  | "refused"
  | "silent"
  | "invalid"
  | "broken"
  | { readonly status: number; readonly retryAfter: string }

const request = HttpClientRequest.post("http://gateway.test/metrics")

/** A client whose requests are answered in this order, the last answer again and again. */
const clientOf = (answers: ReadonlyArray<Answer>) =>
  Effect.map(Ref.make(0), (count) => {
    const client = HttpClient.make((sent) =>
      Effect.flatMap(
        Ref.getAndUpdate(count, (n) => n + 1),
        (n) => {
          const answer = answers[Math.min(n, answers.length - 1)]!
          if (answer === "silent") return Effect.never
          if (answer === "broken") return Effect.die(new Error("a client with a defect"))
          if (answer === "refused") {
            const refused = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:9091"), { code: "ECONNREFUSED" })
            const cause = new TypeError("fetch failed", { cause: refused })
            return Effect.fail(
              new HttpClientError.HttpClientError({
                reason: new HttpClientError.TransportError({ request: sent, cause })
              })
            )
          }
          if (answer === "invalid") {
            return Effect.fail(
              new HttpClientError.HttpClientError({ reason: new HttpClientError.InvalidUrlError({ request: sent }) })
            )
          }
          const { retryAfter, status } = typeof answer === "number" ? { status: answer } : answer
          const headers = retryAfter === undefined ? undefined : { "retry-after": retryAfter }
          const response = new Response(status < 300 ? null : "out of\norder", { status, ...(headers && { headers }) })
          return Effect.succeed(HttpClientResponse.fromWeb(sent, response))
        }
      )
    )
    return { client, count: Ref.get(count) }
  })

const again = Schedule.recurs(2)

type Options = Partial<Pick<Transport<AttemptFailure>, "retry" | "timeout">> & { readonly most?: Duration.Input }

const delivering = (answers: ReadonlyArray<Answer>, { most = "10 seconds", ...options }: Options = {}) =>
  Effect.gen(function* () {
    const { client, count } = yield* clientOf(answers)
    const transport: Transport<AttemptFailure & { readonly attempts: number }> = {
      ...({ client, receiver, timeout: "1 second", retry: again } as const),
      ...options,
      errorOf: (failure, attempts) => ({ ...failure, attempts })
    }
    const parcel = new Parcel(request)
    const outcome = deliver(transport, parcel, most).pipe(
      Effect.match({ onSuccess: () => ({ attempts: parcel.attempts }), onFailure: (failure) => failure })
    )
    return { outcome, count }
  })

describe("an OTLP delivery", () => {
  it.effect.each([
    [[200], 1],
    [[204], 1],
    [[503, 202], 2],
    [["refused", 408, 200], 3],
    [[429, 500, 200], 3]
  ] as ReadonlyArray<[ReadonlyArray<Answer>, number]>)("succeeds on the response %j", ([answers, attempts]) =>
    Effect.gen(function* () {
      const { count, outcome } = yield* delivering(answers)
      expect(yield* outcome).toEqual({ attempts })
      expect(yield* count).toBe(attempts)
    })
  )

  it.effect.each([
    [[400, 200], { attempts: 1, canBeRetried: false, kind: "400", reason: "the receiver answered 400: out of order" }],
    [[404, 200], { attempts: 1, canBeRetried: false, kind: "404" }],
    [[302, 200], { attempts: 1, canBeRetried: false, kind: "302" }],
    [["invalid", 200], { attempts: 1, canBeRetried: false, kind: "InvalidUrlError" }],
    [["broken", 200], { attempts: 1, canBeRetried: false, kind: "defect", reason: "Error: a client with a defect" }],
    [[503], { attempts: 3, canBeRetried: true, kind: "503", reason: "the receiver answered 503: out of order" }],
    [
      ["refused"],
      {
        attempts: 3,
        canBeRetried: true,
        kind: "ECONNREFUSED",
        reason: "fetch failed: connect ECONNREFUSED 127.0.0.1:9091"
      }
    ],
    [[503, 400], { attempts: 2, canBeRetried: false, kind: "400" }]
  ] as ReadonlyArray<[ReadonlyArray<Answer>, object]>)("fails on the response %j", ([answers, failure]) =>
    Effect.gen(function* () {
      const { outcome } = yield* delivering(answers)
      expect(yield* outcome).toMatchObject(failure)
    })
  )

  /** By the clock of the test, also for what is outside: lets 5 milliseconds pass until there were so many requests. */
  const passing = <A>({ count, outcome }: { outcome: Effect.Effect<A>; count: Effect.Effect<number> }, until: number) =>
    Effect.gen(function* () {
      const timed = Effect.flatMap(Clock.Clock, (clock) => Effect.provideService(outcome, OutsideClock, clock))
      const fiber = yield* Effect.forkChild(timed, { startImmediately: true })
      while ((yield* count) < until) yield* TestClock.adjust("5 millis")
      return fiber
    })

  it.effect("aborts a request that times out, and retries it", () =>
    Effect.gen(function* () {
      const second = yield* passing(yield* delivering(["silent", 200], { timeout: "5 millis" }), 2)
      expect(yield* Fiber.join(second)).toEqual({ attempts: 2 })
      const never = yield* passing(yield* delivering(["silent"], { timeout: "5 millis" }), 3)
      yield* TestClock.adjust("5 millis")
      expect(yield* Fiber.join(never)).toMatchObject({
        attempts: 3,
        canBeRetried: true,
        reason: "the receiver did not answer within 5ms"
      })
    })
  )

  it.effect("ends within its own limit, whatever the limit of a request is", () =>
    Effect.gen(function* () {
      const silent = yield* passing(yield* delivering(["silent"], { timeout: "1 hour", most: "10 millis" }), 1)
      yield* TestClock.adjust("10 millis")
      expect(yield* Fiber.join(silent)).toMatchObject({ attempts: 1, canBeRetried: true })
      const { outcome: none } = yield* delivering([200], { most: 0 })
      expect(yield* none).toMatchObject({ attempts: 0, reason: "there was no time left for it" })
    })
  )

  it.effect("waits as long as its schedule specifies, and longer if the collector asks for it", () =>
    Effect.gen(function* () {
      const retry = Schedule.spaced("2 seconds")
      const at = new Date(5000).toUTCString()
      const answers: ReadonlyArray<Answer> = [
        503,
        { status: 429, retryAfter: "1" },
        { status: 503, retryAfter: at },
        200
      ]
      const { count, outcome } = yield* delivering(answers, { most: "1 hour", retry })
      const fiber = yield* Effect.forkChild(outcome, { startImmediately: true })
      for (const [at, requests] of [
        [1999, 1],
        [2000, 2],
        [3999, 2],
        [4000, 3],
        [5999, 3],
        [6000, 4]
      ] as const) {
        yield* TestClock.setTime(at)
        expect([at, yield* count]).toEqual([at, requests])
      }
      expect(yield* Fiber.join(fiber)).toEqual({ attempts: 4 })
    })
  )

  it.effect("waits for at most one minute, and never beyond its limit", () =>
    Effect.gen(function* () {
      const busy: Answer = { status: 429, retryAfter: "86400" }
      const { count, outcome } = yield* delivering([busy, 200], { most: "1 hour" })
      const fiber = yield* Effect.forkChild(outcome, { startImmediately: true })
      yield* TestClock.adjust("59999 millis")
      expect(yield* count).toBe(1)
      yield* TestClock.adjust("1 millis")
      expect(yield* Fiber.join(fiber)).toEqual({ attempts: 2 })
      const { outcome: short } = yield* delivering([busy, 200], { most: "30 seconds" })
      expect(yield* short).toMatchObject({ attempts: 1, kind: "429" })
    })
  )
})
