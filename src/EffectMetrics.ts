/**
 * Adds the metrics of a runtime to Effect's `Metric` registry, for programs that already export that registry:
 * `Metric.snapshot`, `PrometheusMetrics`, `OtlpMetrics` and Effect's devtools then show them beside Effect's own.
 *
 * The registry is read synchronously but the fold is not, so the registry shows the values of the last read. A read
 * happens every few seconds, and when you run {@link refresh}. To see the present state, run it first:
 *
 * - `Effect.andThen(EffectMetrics.refresh, PrometheusMetrics.format())` in the handler of a route
 * - `Effect.andThen(EffectMetrics.refresh, flusher.flush)` with the `Flusher` of `OtlpExporter`
 *
 * The exporters of this package, `mvx-metrics/Prometheus` and `mvx-metrics/Otlp`, are always up to date, keep kinds of
 * metrics that Effect's registry does not have, and cost less.
 *
 * @example
 * ```ts
 * import { Effect, Layer, Metric as EffectMetric, Schema } from "effect"
 * import { Metric, MetricsLayer, Recorder } from "mvx-metrics"
 * import * as EffectMetrics from "mvx-metrics/EffectMetrics"
 *
 * const SaveEvent = Schema.TaggedUnion({ saved: { bytes: Schema.Number } })
 * const Saves = Metric.counter("document.saves", { events: SaveEvent })
 *
 * const program = Effect.gen(function* () {
 *   const metrics = yield* Recorder.register(Saves)
 *   yield* metrics.emit({ _tag: "saved", bytes: 100 })
 *   yield* EffectMetrics.refresh
 *   const all = yield* EffectMetric.snapshot
 *   return all.find(({ id }) => id === "document.saves")
 * })
 *
 * const Metrics = Layer.merge(Recorder.layer("documents"), EffectMetrics.layer()).pipe(
 *   Layer.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" }))
 * )
 * const saves = await Effect.runPromise(Effect.provide(program, Metrics))
 * saves?.state // { count: 1, incremental: true }
 * saves?.attributes // { recorder: "documents", namespace: "example.metrics" }
 * ```
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as EffectMetric from "effect/Metric"
import { CarriedSeries } from "./internal/exporters/carried.ts"
import { carriedReads } from "./internal/exporters/carriedReads.ts"
import { type Series, seriesSteps } from "./internal/exporters/effectSeries.ts"
import { takeNamespace } from "./internal/exporters/namespaces.ts"
import { asInPrometheus } from "./internal/exporters/prometheusData.ts"
import { shownByUs } from "./internal/exporters/shownInEffect.ts"
import type { Dated } from "./internal/formats/datedData.ts"
import { Duplicates } from "./internal/formats/duplicates.ts"
import { type MetricData, shapeKey, together } from "./internal/formats/metricData.ts"
import { longerThanZero, oneOf, refuse, whyInvalidOptions } from "./internal/model/optionChecks.ts"
import { providedRuntime } from "./internal/runtime/provided.ts"
import { serviceOf } from "./internal/runtime/withoutEffect.ts"
import type { Steps } from "./internal/util/steps.ts"
import type { NamespaceTaken } from "./MetricsError.ts"
import { MetricsRuntime } from "./MetricsRuntime.ts"

/**
 * The service that keeps Effect's registry up to date.
 *
 * @category services
 * @since 0.2.0
 */
export class EffectMetrics extends Context.Service<
  EffectMetrics,
  {
    /** Updates the registry with every event accepted before. */
    readonly refresh: Effect.Effect<void>
  }
>()("mvx-metrics/EffectMetrics") {}

/**
 * Updates the registry with every event accepted before this runs.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { PrometheusMetrics } from "effect/observability"
 * import { MetricsLayer, Recorder } from "mvx-metrics"
 * import * as EffectMetrics from "mvx-metrics/EffectMetrics"
 *
 * const scrape = Effect.andThen(EffectMetrics.refresh, PrometheusMetrics.format())
 *
 * const Metrics = Layer.merge(Recorder.layer("api"), EffectMetrics.layer()).pipe(
 *   Layer.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" }))
 * )
 * const text = await Effect.runPromise(Effect.provide(scrape, Metrics))
 * text.includes("mvx_metrics_events_accepted") // true
 * ```
 *
 * @category exporting
 * @since 0.2.0
 */
export const refresh: Effect.Effect<void, never, EffectMetrics> = EffectMetrics.use(({ refresh }) => refresh)

/**
 * The options of {@link layer}.
 *
 * @category options
 * @since 0.2.0
 */
export interface Options {
  /** The interval between updates of the registry, apart from {@link refresh}. Default: 5 seconds. */
  readonly interval?: Duration.Input
  /**
   * How metrics are named. With `"prometheus"`, Effect's `PrometheusMetrics` shows what `mvx-metrics/Prometheus` shows:
   * units and `_total` are in the names, values are in base units. With `"opentelemetry"`, names and units are those of the
   * definitions, as in `mvx-metrics/Otlp`. Default: `"opentelemetry"`.
   */
  readonly names?: "opentelemetry" | "prometheus"
}

/**
 * Adds the metrics of the runtime to the registry of the fiber that builds the layer, with the attributes `namespace`
 * and `recorder`, and a `unit` if they have one. They are removed when the scope of the layer closes. A registry
 * accepts several runtimes with different namespaces. A second runtime with the same namespace fails with
 * `NamespaceTaken`.
 *
 * A removed recorder is shown with its last state until the registry has been read, with up to 2000 such series for
 * each metric. Events counted after the last read of the registry are not exported. Run {@link refresh} and flush your
 * exporter before the scope of the layer closes.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { OtlpMetrics, OtlpSerialization } from "effect/observability"
 * import { MetricsLayer } from "mvx-metrics"
 * import * as EffectMetrics from "mvx-metrics/EffectMetrics"
 *
 * const Metrics = EffectMetrics.layer({ interval: "1 second" }).pipe(
 *   Layer.provideMerge(MetricsLayer.layerInProcess({ namespace: "example.metrics" }))
 * )
 * const Export = OtlpMetrics.layer({
 *   url: "http://localhost:4318/v1/metrics",
 *   resource: { serviceName: "documents" }
 * }).pipe(Layer.provide([OtlpSerialization.layerJson, FetchHttpClient.layer]))
 * const App = Layer.merge(Metrics, Export)
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (options: Options = {}): Layer.Layer<EffectMetrics, NamespaceTaken, MetricsRuntime> =>
  Layer.effect(
    EffectMetrics,
    Effect.gen(function* () {
      yield* refuse(
        whyInvalidOptions(options, { interval: longerThanZero, names: oneOf("opentelemetry", "prometheus") })
      )
      const runtime = serviceOf(yield* providedRuntime(MetricsRuntime))
      yield* Effect.acquireRelease(
        Effect.flatMap(EffectMetric.MetricRegistry, (registry) =>
          Effect.try({
            try: () => takeNamespace("Effect's metric registry", registry, runtime),
            catch: (error) => error as NamespaceTaken
          })
        ),
        (release) => Effect.sync(release)
      )
      const registry = new Registry(
        yield* Effect.context<never>(),
        options.names === "prometheus" ? asInPrometheus : (data) => data
      )
      yield* Effect.addFinalizer(() => Effect.sync(() => registry.close()))
      const { read: refresh } = yield* Effect.acquireRelease(
        Effect.sync(() => carriedReads(runtime, registry.carried, (all) => registry.show(all))),
        ({ stop }) => Effect.sync(stop)
      )
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(refresh, Effect.sleep(options.interval ?? "5 seconds"))))
      return { refresh }
    })
  )

/** Series that are brought up to date in one step. */
const StepSeries = 512

/** After this many updates without a read, the registry counts as unread. */
const MostUnread = 100

interface Registered {
  state: unknown
  readonly place: string
  readonly registration: EffectMetric.Registration
}

/** The library's series in a registry of Effect. */
class Registry {
  readonly #context: Context.Context<never>
  readonly #named: (data: MetricData) => MetricData
  readonly #series = new Map<string, Registered>()
  readonly #duplicates = new Map<string, Duplicates>()
  readonly carried = new CarriedSeries(Number.POSITIVE_INFINITY, true)
  /** The number of updates since the registry was last read. Effect's exporter forgets series that are missing. */
  #unread = 0
  /** By the place of series that left since then, their keys. */
  readonly #left = new Map<string, string>()
  #open = true

  /** `named`: how data is shown. */
  constructor(context: Context.Context<never>, named: (data: MetricData) => MetricData) {
    this.#context = context
    this.#named = named
  }

  /** Replaces all shown data. A read of the registry between two steps sees some series in their earlier state. */
  *show(all: ReadonlyArray<Dated>): Steps<void> {
    if (!this.#open) return
    const isSeen = this.#unread === 0 || this.#unread > MostUnread
    this.#unread++
    this.carried.nextRead(isSeen)
    if (isSeen) this.#left.clear()
    const data = together(yield* this.carried.of(all)).map(this.#named)
    const present = new Map<string, Series>()
    for (const each of data) {
      for (const series of yield* seriesSteps(each, this.#duplicatesOf(each))) present.set(series.key, series)
    }
    let count = 0
    for (const [key, { place, registration }] of this.#series) {
      if (++count % StepSeries === 0) yield
      if (present.has(key)) continue
      registration.remove()
      this.#series.delete(key)
      this.#left.set(place, key)
    }
    for (const [key, series] of present) {
      if (++count % StepSeries === 0) yield
      // It was closed meanwhile.
      if (!this.#open) return
      const known = this.#series.get(key)
      if (known !== undefined) known.state = series.state
      // What was in its place is subtracted until a reader has seen that it is there no more.
      else if ((this.#left.get(series.place) ?? key) === key) this.#series.set(key, this.#register(series))
    }
  }

  /** Removes all data; later refreshes show nothing. */
  close(): void {
    this.#open = false
    for (const { registration } of this.#series.values()) registration.remove()
    this.#series.clear()
  }

  #duplicatesOf(data: MetricData): Duplicates {
    const key = shapeKey(data)
    const known = this.#duplicates.get(key) ?? new Duplicates()
    this.#duplicates.set(key, known)
    return known
  }

  #register({ metric, place, state }: Series): Registered {
    const get = shownByUs((): unknown => {
      this.#unread = 0
      return registered.state
    })
    const hooks = { get, update: () => {}, modify: () => {} }
    const registered: Registered = {
      state,
      place,
      registration: EffectMetric.registerUnsafe(metric, this.#context, hooks)
    }
    return registered
  }
}
