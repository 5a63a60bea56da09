/**
 * Exports a runtime: at an interval, on request, and once more when its scope closes. There is one export at a time,
 * each of the state read right before.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { Dated } from "../../formats/datedData.ts"
import { contentTypes, inRequests, MetricsEncoder, requestSteps } from "../../formats/otlp/encode.ts"
import { readRefusal } from "../../formats/otlp/response.ts"
import { nanosOf } from "../../formats/otlp/streamed.ts"
import { ExportFailed } from "../../model/exportErrors.ts"
import type { Encoded } from "../../model/otlp.ts"
import { isTotalId } from "../../model/totalIds.ts"
import { InvalidState } from "../../model/usageErrors.ts"
import { internalsOf } from "../../runtime/internals.ts"
import type { RuntimeService } from "../../runtime/service.ts"
import { describeError } from "../../util/describeError.ts"
import { inSlices } from "../../util/inSlices.ts"
import { atMost, giveUpAfter, keepingAlive, sleepInBackground, within } from "../../util/liveClock.ts"
import { Version } from "../../util/version.ts"
import type { Receiver } from "../attempt.ts"
import { accountOf, collectLast, collectOwn, collectWithin } from "../collect.ts"
import { askedToWait, deliver, leftOf, type Transport } from "../delivery.ts"
import { Outcome } from "../outcome.ts"
import { answeredBy, Batch, Part } from "./batch.ts"
import { Batches, ownersOf } from "./batches.ts"
import { continuedBases } from "./continuedBases.ts"
import type { Settings } from "./settings.ts"

/** The statuses for retries are those of the specification. */
const collector: Receiver = {
  name: "the collector",
  takesLater: (status) => [429, 502, 503, 504].includes(status),
  refusalIn: readRefusal
}

/** The time limit for reading, as for a scrape. */
const LongestRead = Duration.seconds(10)

const scope = { name: "mvx-metrics", version: Version }

/** Returns an export of the current state, which fails if it did not arrive. */
export const makeExporter = Effect.fnUntraced(function* (
  runtime: RuntimeService,
  settings: Settings
): Effect.fn.Return<Effect.Effect<void, ExportFailed>, never, HttpClient.HttpClient | Scope.Scope> {
  const { exportInterval, exportTimeout, maxExportBatchSize, protocol, shutdownTimeout, temporality } = settings
  const { beforeRemoval, log, onFlush, otlp } = internalsOf(runtime)
  const context = yield* Effect.context<never>()
  const clock = yield* Clock.Clock
  const url = settings.place
  const client = yield* HttpClient.HttpClient
  const name = `OTLP to ${url}`
  // By the same clock as a registration and a reset: a new life begins no earlier than the end of the last export.
  const now = () => nanosOf(clock.currentTimeMillisUnsafe())
  // What is not folded here is of a report, in which recorders go into totals.
  const batches = new Batches<Batch>(temporality, now(), otlp === undefined ? isTotalId : undefined)
  const continued = continuedBases(runtime, clock, (base) => batches.continuedFrom(base))
  if (temporality === "delta") yield* continued.listen
  const outcome = new Outcome(name, log, () => clock.currentTimeMillisUnsafe())
  const oneAtATime = yield* Semaphore.make(1)
  /** An export that is about to begin, shared by all requests until then. */
  let queued: Fiber.Fiber<void, ExportFailed> | undefined
  let current: Fiber.Fiber<void, ExportFailed> | undefined
  let onItsWay: Part | undefined
  /** When a collector wants the next request, by the monotonic clock. */
  let notBefore = 0n
  let isClosing = false

  const unsent = (reason: string, cause?: unknown): ExportFailed =>
    new ExportFailed({ url, attempts: 0, points: 0, reason, ...(cause !== undefined && { cause }) })
  const longestRead = atMost(exportTimeout, LongestRead)
  const rendering = {
    format: "otlp",
    protocol,
    temporality,
    begun: clock.currentTimeMillisUnsafe(),
    maxPoints: maxExportBatchSize
  } as const
  const readEncoded = Effect.fnUntraced(function* (encode: NonNullable<typeof otlp>) {
    yield* continued.come
    let { asked } = batches
    const from = () => {
      asked = batches.asked
      return { ...asked, without: ownersOf(asked.departed) }
    }
    const rendered = yield* Effect.result(encode({ rendering, timeout: longestRead, from }))
    // The library's own metrics are sent anyway.
    const own = { all: collectOwn(runtime), unread: new Set<number>() }
    if (Result.isFailure(rendered)) {
      batches.read(own)
      // When a runtime has shut down, each recorder was read before its removal.
      if (rendered.failure instanceof InvalidState && rendered.failure.state === "Closed") return undefined
      return unsent(describeError(rendered.failure), rendered.failure)
    }
    const { base, encoded = [] } = rendered.success
    batches.read(own, { ...asked, base, encoded })
    return undefined
  })
  const readAll = Effect.flatMap(collectWithin(longestRead, runtime), (collected) =>
    Effect.map(continued.come, () => {
      batches.read(collected)
      return undefined
    })
  )
  /** Returns why the metrics are missing, if they are. */
  const read: Effect.Effect<ExportFailed | undefined> = otlp === undefined ? readAll : readEncoded(otlp)

  const forgetReader = beforeRemoval((source) => {
    const left = (last: ReadonlyArray<Dated>): void => {
      const until = now()
      batches.left(last.map((each) => ({ ...each, until })))
    }
    const lost = Effect.suspend(() => {
      left(accountOf(runtime.namespace, source))
      return log.warning(
        `${name}: the recorder "${source.recorderId}" was removed before its metrics could be read for the last time. Data that was not exported yet is missing`
      )
    })
    return collectLast(runtime, source).pipe(
      Effect.flatMap(({ all, isWhole }) => (isWhole ? Effect.sync(() => left(all)) : lost)),
      Effect.onInterrupt(() => lost)
    )
  })

  const partOf = Effect.fnUntraced(function* (encoded: ReadonlyArray<Encoded>) {
    const body = yield* inSlices(requestSteps(protocol, encoded, settings.resource, scope))
    const request = HttpClientRequest.post(settings.url, { headers: settings.headers }).pipe(
      HttpClientRequest.setBody(HttpBody.uint8Array(body, contentTypes[protocol]))
    )
    const isCompressed = settings.compression === "gzip"
    const points = encoded.reduce((sum, each) => sum + each.points, 0)
    return new Part(points, isCompressed ? yield* HttpClientRequest.compressBody(request, "gzip") : request)
  })

  /** The next batch, which may have no parts. */
  const packed = Effect.fnUntraced(function* (isLast: boolean) {
    const own = new MetricsEncoder(protocol, maxExportBatchSize)
    const { encoded, told } = yield* inSlices(batches.next(now(), isLast, (metric) => own.add(metric)))
    // The last states of removed recorders come before those of recorders with the same id.
    const requests = inRequests([...(yield* inSlices(own.finish())), ...encoded], maxExportBatchSize)
    return new Batch(told, yield* Effect.forEach(requests, partOf))
  })

  /** Sends the missing parts. `missing`: why it has no metrics, if it has none. */
  const sent = Effect.fnUntraced(function* (
    batch: Batch,
    most: Duration.Duration,
    isLast = false,
    missing?: ExportFailed
  ): Effect.fn.Return<void, ExportFailed> {
    const left = yield* leftOf(most)
    const tried: Array<Part> = []
    const failedOf = ({ cause, reason }: Pick<ExportFailed, "cause" | "reason">): ExportFailed => {
      const { missing } = batch
      const attempts = attemptsOf(tried.filter((part) => missing.includes(part))) || attemptsOf(tried)
      const points = missing.reduce((sum, each) => sum + each.points, 0)
      return new ExportFailed({ url, attempts, points, reason, ...(cause !== undefined && { cause }) })
    }
    const transport: Transport<ExportFailed> = { ...settings, client, receiver: collector, errorOf: failedOf }
    const failures: Array<{ readonly part: Part; readonly error: ExportFailed }> = []
    let failing: (typeof failures)[number] | undefined
    const all = Effect.gen(function* () {
      for (const part of batch.missing) {
        tried.push(part)
        onItsWay = part
        const told = Effect.sync(() => outcome.rejected(answeredBy([part]).rejected))
        const delivered = yield* Effect.result(Effect.ensuring(deliver(transport, part, left(), most), told))
        if (Result.isSuccess(delivered)) continue
        failures.push({ part, error: delivered.failure })
        // The collector may accept the others.
        if (part.failure?.isRefused !== true) break
      }
    })
    yield* Effect.onExit(all, () => {
      onItsWay = undefined
      // If the collector has a part of the deltas, what it refuses can come neither with the next ones nor after them.
      if (temporality === "delta" && batch.isBegun) {
        for (const { part } of failures) if (part.failure?.isRefused === true) part.refusal = part.failure.reason
        outcome.rejected(failures.reduce((sum, { part }) => sum + (part.refusal === undefined ? 0 : part.points), 0))
      }
      failing = failures.find(({ part }) => part.refusal === undefined)
      const answered = answeredBy(tried)
      if (batch.missing.length === 0) {
        batches.delivered(batch)
        return missing === undefined ? outcome.arrived(answered) : outcome.answered(answered)
      }
      batches.undelivered(batch, batch.mayHaveArrived)
      const asked = Duration.toMillis(askedToWait(tried.at(-1)?.failure))
      notBefore = clock.monotonicTimeNanosUnsafe() + BigInt(Math.round(asked * 1e6))
      // An interrupted export is followed by the last one.
      const failed =
        failing === undefined
          ? Effect.void
          : outcome.failed(failedOf(failing.error), failing.part.failure?.kind ?? "timeout", isLast)
      return Effect.andThen(outcome.answered(answered), failed)
    })
    if (failing !== undefined) return yield* Effect.fail(failedOf(failing.error))
    if (missing !== undefined) return yield* lacking(missing, isLast)
  })

  const lacking = (missing: ExportFailed, isLast: boolean): Effect.Effect<never, ExportFailed> =>
    Effect.andThen(outcome.failed(missing, "unread", isLast), Effect.fail(missing))

  const closed = () => unsent("the exporter was closed")

  const broken = (cause: unknown, isLast: boolean): Effect.Effect<never, ExportFailed> => {
    const error = unsent(describeError(cause), cause)
    return Effect.andThen(outcome.failed(error, "defect", isLast), Effect.fail(error))
  }

  const exportOnce = Effect.gen(function* () {
    if (batches.held !== undefined) yield* sent(batches.held, exportTimeout)
    // The last export continues from here.
    if (isClosing) return yield* Effect.fail(closed())
    const missing = yield* read
    const batch = yield* packed(false)
    if (batch.parts.length > 0) yield* sent(batch, exportTimeout, false, missing)
    batches.forget()
  }).pipe(Effect.catchDefect((defect) => broken(defect, false)))

  const begin = (): Fiber.Fiber<void, ExportFailed> => {
    const once = oneAtATime.withPermit(
      Effect.suspend(() => {
        current = queued
        queued = undefined
        return exportOnce
      })
    )
    // In the next turn, so that all requests in this one share it.
    return Effect.runForkWith(context)(Effect.andThen(Effect.yieldNow, once))
  }

  // In its own fiber, so that interrupting a caller leaves it running.
  const exported = Effect.suspend((): Effect.Effect<void, ExportFailed> => {
    if (isClosing) return Effect.fail(closed())
    queued ??= begin()
    return Effect.flatMap(Fiber.await(queued), (exit) => (Exit.hasInterrupts(exit) ? Effect.fail(closed()) : exit))
  })

  const flush = keepingAlive(exported)
  const forgetFlush = onFlush({ name, flush, stats: () => outcome.stats })

  const pause = Effect.suspend(() => {
    const left = notBefore - clock.monotonicTimeNanosUnsafe()
    return left > 0n ? sleepInBackground(Duration.nanos(left)) : Effect.void
  })
  const wait = Effect.andThen(sleepInBackground(exportInterval), pause)
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(wait, Effect.ignore(exported))))

  const close = Effect.gen(function* () {
    isClosing = true
    const left = yield* leftOf(shutdownTimeout)
    const part = (parts: number) => Duration.divideUnsafe(left(), parts)
    forgetFlush()
    // A request that is being answered may end, but one that hangs must not use up the time of the last export.
    const last = onItsWay
    if (last?.underWay !== undefined) {
      const answered = Deferred.await(last.underWay)
      const ended = Effect.suspend(() => (current && last.accepted ? Fiber.await(current) : Effect.void))
      yield* giveUpAfter(part(4))(Effect.andThen(answered, ended))
    }
    for (const fiber of [queued, current]) if (fiber !== undefined) yield* Fiber.interrupt(fiber)
    const held = batches.close()
    const most = part(2)
    const late = () => Effect.succeed(unsent(`they could not be read within ${Duration.format(most)}`))
    const missing = yield* within(most, late)(read)
    forgetReader()
    if (held !== undefined) yield* Effect.ignore(sent(held, part(2), true))
    const batch = yield* packed(true)
    if (batch.parts.length > 0) yield* Effect.ignore(sent(batch, left(), true, missing))
  }).pipe(
    Effect.catchDefect((defect) => broken(defect, true)),
    Effect.ignore
  )
  yield* Effect.addFinalizer(() => keepingAlive(Effect.provideContext(close, context)))
  return flush
})

const attemptsOf = (parts: ReadonlyArray<Part>): number => parts.reduce((sum, { attempts }) => sum + attempts, 0)
