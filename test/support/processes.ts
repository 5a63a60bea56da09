/** Two processes of an application, simulated in this one, and the ways in which their counts are merged. */
import { Clock, Context, Effect, Layer, type Scope } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { type Metric, MetricsRuntime, type RuntimeOptions, type RuntimeService } from "mvx-metrics"
import { EventStore, MetricsStore, type StateStore } from "mvx-metrics/MetricsStore"
import { MetricsStream } from "mvx-metrics/MetricsStream"
import * as Otlp from "mvx-metrics/Otlp"
import { Ledger } from "../../src/internal/cluster/ledger.ts"
import { readPart } from "../../src/internal/cluster/worker.ts"
import { mergedRuntime } from "../../src/internal/merging/mergedRuntime.ts"
import { isBuiltInLevel } from "../../src/internal/metric/definition/levels.ts"
import { Log } from "../../src/internal/recorder/logging.ts"
import { internalsOf } from "../../src/internal/runtime/internals.ts"
import { allSteps } from "../../src/internal/util/steps.ts"

export const namespace = "two.processes"

const every = "1 hour"

export interface World {
  readonly processes: readonly [RuntimeService, RuntimeService]
  /** The data that exporters read. */
  readonly merged: RuntimeService
  /** Moves everything accepted to the place where it is merged. */
  readonly gather: Effect.Effect<void>
}

type Way = (metrics: ReadonlyArray<Metric.Any>) => Effect.Effect<World, never, Scope.Scope>

const started = (options: Partial<RuntimeOptions> = {}) =>
  Effect.tap(MetricsRuntime.makeInProcess({ namespace, logging: "silent", ...options }), ({ start }) => start)

const flushed = (processes: World["processes"]) =>
  Effect.forEach(processes, (runtime) => runtime.flush(), { discard: true })

const store: Way = (metrics) =>
  Effect.gen(function* () {
    const store = Layer.succeedContext(
      yield* Layer.build(Layer.fresh(MetricsStore.layerMemory))
    ) as Layer.Layer<StateStore>
    const writing = Effect.tap(started(), (runtime) =>
      Layer.build(MetricsStore.layer({ store, every }).pipe(Layer.provide(Layer.succeed(MetricsRuntime, runtime))))
    )
    const processes = [yield* writing, yield* writing] as const
    const { runtime } = yield* MetricsStore.makeReader({ namespace, metrics, store, timeToLive: "1000 days" })
    return { processes, merged: runtime, gather: Effect.orDie(flushed(processes)) }
  }).pipe(Effect.orDie)

const stream: Way = (metrics) =>
  Effect.gen(function* () {
    const memory = yield* Layer.build(Layer.fresh(MetricsStore.layerMemory))
    const store = Layer.succeed(EventStore, Context.get(memory, EventStore))
    const appending = started({ stream: { store, interval: every } })
    const processes = [yield* appending, yield* appending] as const
    const { foldNow, runtime } = yield* MetricsStream.make({ namespace, metrics, store, interval: every })
    return { processes, merged: runtime, gather: Effect.orDie(Effect.andThen(flushed(processes), foldNow)) }
  }).pipe(Effect.orDie)

/** Without the channel of `node:cluster`, which sends everything as JSON. */
const cluster: Way = (metrics) =>
  Effect.gen(function* () {
    const ledger = new Ledger({ metrics, isLevel: isBuiltInLevel, maxEnded: 1000, onProblem: () => {} })
    const processes = [yield* started(), yield* started()] as const
    const told = <A>(part: A): A => JSON.parse(JSON.stringify(part)) as A
    for (const [process, runtime] of processes.entries()) {
      internalsOf(runtime).beforeRemoval((source) =>
        Effect.gen(function* () {
          const part = yield* readPart(source, 10_000)
          ledger.end(process, told(part!), yield* Clock.currentTimeMillis)
        })
      )
    }
    const gather = Effect.forEach(processes, (runtime, process) =>
      Effect.forEach(internalsOf(runtime).sources(), (source) =>
        Effect.gen(function* () {
          const part = yield* readPart(source, 10_000)
          ledger.take(process, told(part!), yield* Clock.currentTimeMillis)
        })
      )
    )
    const stats = { processes: 2, silent: 0, ended: 0, age: 0 }
    const begun = yield* Clock.currentTimeMillis
    const merged = yield* mergedRuntime({
      subject: "cluster",
      namespace,
      metrics,
      merged: Effect.map(Clock.currentTimeMillis, (at) => ({ at, recorders: allSteps(ledger.totals(at)), stats })),
      begun,
      context: yield* Effect.context<never>(),
      log: new Log("silent", {})
    })
    return { processes, merged, gather: Effect.asVoid(gather) }
  }).pipe(Effect.orDie)

export const ways: { readonly [way: string]: Way } = { store, stream, cluster }

interface Point {
  readonly asDouble?: number
  readonly asInt?: string
  readonly count?: string
  readonly startTimeUnixNano: string
  readonly attributes: ReadonlyArray<{ readonly key: string; readonly value: { readonly stringValue?: string } }>
}

interface Sent {
  readonly name: string
  readonly sum?: { readonly isMonotonic: boolean; readonly dataPoints: ReadonlyArray<Point> }
  readonly histogram?: { readonly dataPoints: ReadonlyArray<Point> }
}

/** A point received by a collector. */
export interface Told {
  /** Its metric and its attributes. */
  readonly series: string
  readonly kind: string | undefined
  readonly name: string
  readonly value: number
  readonly start: number
}

const toldIn = ({ histogram, name, sum }: Sent): ReadonlyArray<Told> =>
  (sum?.dataPoints ?? histogram?.dataPoints ?? []).map(({ asDouble, asInt, attributes, count, startTimeUnixNano }) => ({
    name,
    series: JSON.stringify([name, attributes]),
    kind: attributes.find(({ key }) => key === "kind")?.value.stringValue,
    value: Number(asDouble ?? asInt ?? count),
    start: Number(BigInt(startTimeUnixNano) / 1_000_000n)
  }))

/** An export of the counters and histograms: the points it contained. */
export const exporting = (
  runtime: RuntimeService,
  temporality: "delta" | "cumulative",
  metrics: ReadonlyArray<Metric.Any>
): Effect.Effect<Effect.Effect<ReadonlyArray<Told>>, never, Scope.Scope> =>
  Effect.gen(function* () {
    let told: Array<Told> = []
    const client = HttpClient.make((request) =>
      Effect.sync(() => {
        const { body } = request as unknown as { readonly body: { readonly body: Uint8Array } }
        const { resourceMetrics } = JSON.parse(Buffer.from(body.body).toString()) as {
          readonly resourceMetrics: ReadonlyArray<{
            readonly scopeMetrics: ReadonlyArray<{ readonly metrics: ReadonlyArray<Sent> }>
          }>
        }
        const sent = resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
        told.push(...sent.filter(({ name }) => metrics.some((metric) => metric.name === name)).flatMap(toldIn))
        return HttpClientResponse.fromWeb(request, Response.json({}))
      })
    )
    const layer = Otlp.layer({
      url: `http://collector/${temporality}/v1/metrics`,
      protocol: "http/json",
      temporality,
      exportInterval: every
    }).pipe(
      Layer.provide(Layer.succeed(HttpClient.HttpClient, client)),
      Layer.provide(Layer.succeed(MetricsRuntime, runtime))
    )
    const { flush } = Context.get(yield* Layer.build(layer), Otlp.Exporter)
    return Effect.map(flush, () => {
      const came = told
      told = []
      return came
    })
  }).pipe(Effect.orDie) as never

/** How a time series database reads cumulative points: after a restart or a decrease, the whole value counts as new. */
export class Increases {
  readonly #last = new Map<string, Told>()
  /** By metric and kind. */
  readonly sums = new Map<string, number>()
  /** Of series that did not restart. */
  readonly falls: Array<string> = []

  take(points: ReadonlyArray<Told>): void {
    for (const point of points) {
      const last = this.#last.get(point.series)
      this.#last.set(point.series, point)
      const goesOn = last !== undefined && last.start === point.start
      if (goesOn && point.value < last.value) this.falls.push(`${point.series}: ${last.value}, ${point.value}`)
      const since = goesOn && point.value >= last.value ? last.value : 0
      addTo(this.sums, point, point.value - since)
    }
  }
}

export const addTo = (sums: Map<string, number>, { kind, name }: Pick<Told, "kind" | "name">, count: number): void => {
  const key = `${name} ${kind}`
  sums.set(key, (sums.get(key) ?? 0) + count)
}
