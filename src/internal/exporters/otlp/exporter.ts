/**
 * Sends the metrics of a runtime by Effect's exporter of OTLP, which batches nothing here: each export is of the state
 * read right before.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Headers from "effect/http/Headers"
import * as HttpBody from "effect/http/HttpBody"
import type * as HttpClient from "effect/http/HttpClient"
import * as OtlpExporter from "effect/observability/OtlpExporter"
import * as OtlpResource from "effect/observability/OtlpResource"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { aDuration, anything, type Check, notBlank, oneOf } from "../../model/optionChecks.ts"
import { Log } from "../../recorder/logging.ts"
import { internalsOf } from "../../runtime/internals.ts"
import type { RuntimeService } from "../../runtime/service.ts"
import { giveUpAfter, sleepInBackground, within, withLiveClock } from "../../util/liveClock.ts"
import { type Collected, collect, collectSource } from "../collect.ts"
import { encodeOwn } from "./protobuf.ts"
import { needsOwnProtobuf, type OtlpMetric, otlpMetrics } from "./requests.ts"
import { type ExportedStreams, streams, type Temporality, type Timed } from "./temporality.ts"

/**
 * The options of an OTLP exporter.
 *
 * @category options
 * @since 0.1.0
 */
export interface OtlpOptions {
  /** Where metrics are taken: `http://localhost:4318/v1/metrics`. */
  readonly url: string
  /**
   * What the metrics are of. Without a name of the service it is that of `OTEL_SERVICE_NAME` or
   * `OTEL_RESOURCE_ATTRIBUTES`, or else the namespace of the runtime.
   */
  readonly resource?: {
    readonly serviceName?: string | undefined
    readonly serviceVersion?: string | undefined
    readonly attributes?: Record<string, unknown>
  }
  readonly headers?: Headers.Input
  /** Default: `"none"`. */
  readonly compression?: "gzip" | "none"
  /** Default: 10 seconds. */
  readonly exportInterval?: Duration.Input
  /**
   * How long an export may take, retries included, by the real clock, before it is given up. The next one has what it
   * had. Default: 10 seconds.
   */
  readonly exportTimeout?: Duration.Input
  /** How long closing waits for the last export, reading included, by the real clock. Default: 3 seconds. */
  readonly shutdownTimeout?: Duration.Input
  /**
   * `"cumulative"`: counters and histograms from their registration on. `"delta"`: what came since the last export that
   * arrived. Sums that may go down and summaries are cumulative in any case, as in OpenTelemetry. Default:
   * `"cumulative"`.
   */
  readonly temporality?: Temporality
}

export const otlpOptionChecks: { readonly [K in keyof Required<OtlpOptions>]: Check } = {
  url: notBlank,
  resource: anything,
  headers: anything,
  compression: oneOf("gzip", "none"),
  exportInterval: aDuration,
  exportTimeout: aDuration,
  shutdownTimeout: aDuration,
  temporality: oneOf("cumulative", "delta")
}

/** Most recorders removed while nothing arrives whose last state is kept. */
const MostDeparted = 1000

/** Exports until its scope closes, and then once more. Gives an export of the state of now. */
export const makeExporter = Effect.fnUntraced(function* (
  runtime: RuntimeService,
  options: OtlpOptions
): Effect.fn.Return<
  Effect.Effect<void>,
  never,
  HttpClient.HttpClient | OtlpSerialization.OtlpSerialization | Scope.Scope
> {
  const { exportTimeout = "10 seconds", shutdownTimeout = "3 seconds", temporality = "cumulative" } = options
  const log = new Log("normal", { namespace: runtime.namespace })
  const clock = yield* Clock.Clock
  const serialization = yield* OtlpSerialization.OtlpSerialization
  const resource = yield* resourceOf(options.resource, runtime.namespace)
  const begun = clock.currentTimeNanosUnsafe()
  const oneAtATime = yield* Semaphore.make(1)
  let departed: ReadonlyArray<ReadonlyArray<Timed>> = []
  let collected: Collected = { all: [], unread: new Set() }
  let exported: ExportedStreams = new Map()
  let send: Effect.Effect<void> = Effect.void
  /** Why what was sent last has not arrived, if that is so. */
  let problem: string | undefined

  const body = (): readonly [HttpBody.HttpBody, Effect.Effect<void>] => {
    const now = clock.currentTimeNanosUnsafe()
    const told = departed
    // One that was removed since it was read is told by its last state.
    const gone = new Set(told.flat().map(({ owner }) => owner))
    const present = collected.all.filter(({ owner }) => owner === undefined || !gone.has(owner))
    const { unread } = collected
    const [data, seen] = streams([...told.flat(), ...present], exported, { temporality, begun, now, unread })
    const request = encode(serialization, resource, runtime.namespace, otlpMetrics(data))
    const arrived = Effect.sync(() => {
      problem = undefined
      exported = seen
      departed = departed.filter((each) => !told.includes(each))
    })
    return [request, arrived]
  }

  const own = internalsOf(runtime)
  const forgetReader = own.beforeRemoval((source) =>
    Effect.map(collectSource(runtime.namespace, source), (last) => {
      const until = clock.currentTimeNanosUnsafe()
      departed = [...departed, last.map((each) => ({ ...each, until }))].slice(-MostDeparted)
    })
  )

  // It exports when told to, which is after reading, and when its scope closes.
  const exporterScope = Scope.makeUnsafe()
  yield* OtlpExporter.make({
    label: "mvx-metrics",
    url: options.url,
    headers: options.headers,
    compression: options.compression,
    maxBatchSize: "disabled",
    exportEmpty: true,
    exportInterval: Duration.infinity,
    shutdownTimeout,
    body
  }).pipe(
    Effect.provideService(OtlpExporter.Flusher, {
      flush: Effect.void,
      register: (run) =>
        Effect.sync(() => {
          send = within(exportTimeout, () => {
            problem = `it was not taken within ${Duration.format(Duration.fromInputUnsafe(exportTimeout))}`
            return log.lifecycle(`an export to ${options.url} was given up: ${problem}`)
          })(run)
        })
    }),
    Scope.provide(exporterScope)
  )

  const read = Effect.map(collect(runtime), (all) => {
    collected = all
  })
  const exportNow = oneAtATime.withPermit(
    Effect.andThen(
      read,
      Effect.suspend(() => {
        problem = notTaken
        return send
      })
    )
  )
  const flush = Effect.andThen(
    exportNow,
    Effect.suspend(() => (problem === undefined ? Effect.void : Effect.fail(new Error(problem))))
  )
  const forgetFlush = own.onFlush({ name: `OTLP to ${options.url}`, flush })

  const interval = options.exportInterval ?? "10 seconds"
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(sleepInBackground(interval), exportNow)))
  // An export that is under way comes first, then the state at the end is read, for which there is half of the time.
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      const most = Duration.fromInputUnsafe(shutdownTimeout)
      const half = Duration.divideUnsafe(most, 2)
      const begun = performance.now()
      forgetFlush()
      yield* giveUpAfter(half)(oneAtATime.withPermit(read))
      forgetReader()
      const closing = yield* Effect.forkDetach(withLiveClock(Scope.close(exporterScope, Exit.void)), {
        startImmediately: true
      })
      const left = Duration.subtract(most, Duration.millis(performance.now() - begun))
      yield* giveUpAfter(left)(Fiber.await(closing))
    })
  )
  return exportNow
})

/** Effect's exporter keeps the reason to itself. */
const notTaken =
  "it was not taken. Effect's exporter logs why at the level Debug, and sends nothing for a minute after a failure"

const resourceOf = (given: OtlpOptions["resource"], namespace: string): Effect.Effect<OtlpResource.Resource> =>
  // It dies where nothing says how the service is called.
  OtlpResource.fromConfig(given).pipe(
    Effect.catchDefect(() => OtlpResource.fromConfig({ ...given, serviceName: namespace }))
  )

const encode = (
  serialization: OtlpSerialization.OtlpSerialization["Service"],
  resource: OtlpResource.Resource,
  scopeName: string,
  metrics: ReadonlyArray<OtlpMetric>
): HttpBody.HttpBody => {
  const request = (some: ReadonlyArray<OtlpMetric>): HttpBody.HttpBody =>
    serialization.metrics({
      resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: scopeName }, metrics: [...some] }] }]
    })
  const own = metrics.filter(needsOwnProtobuf)
  if (own.length === 0) return request(metrics)
  const others = request(metrics.filter((metric) => !needsOwnProtobuf(metric)))
  if (others._tag !== "Uint8Array" || others.contentType !== "application/x-protobuf") return request(metrics)
  const more = encodeOwn(resource, scopeName, own)
  const whole = new Uint8Array(others.body.length + more.length)
  whole.set(others.body)
  whole.set(more, others.body.length)
  return HttpBody.uint8Array(whole, others.contentType)
}
