/**
 * Adds the metrics of a runtime to a registry of `prom-client` or `@prometheus-io/client`, so that an existing `/metrics`
 * shows them as well.
 *
 * Their names are those of `mvx-metrics/Prometheus`. Each call of `registry.metrics()` reads the runtime once and includes
 * every event accepted before. Metrics that are registered later appear from then on. `resetMetrics` does not change them,
 * because their counts belong to their recorders.
 *
 * If you have no registry yet, `mvx-metrics/Prometheus` costs the application thread less: it makes the text on the
 * worker.
 *
 * @example
 * ```ts
 * import { Registry } from "prom-client"
 * import { MetricsRuntime } from "mvx-metrics/promise"
 * import * as PromClient from "mvx-metrics/PromClient"
 *
 * const runtime = await MetricsRuntime.start({ namespace: "example.metrics" })
 * const registry = new Registry()
 * PromClient.registerInto(registry, runtime)
 *
 * const text = await registry.metrics()
 * text.includes("mvx_metrics_events_accepted_total") // true
 * await runtime.shutdown()
 * ```
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { sharedCollection, watchFamilies } from "./internal/exporters/families.ts"
import { type PromValue, promHelp, promName, promValues } from "./internal/exporters/promFamilies.ts"
import { Duplicates } from "./internal/exposition/duplicates.ts"
import { familyOf } from "./internal/exposition/names.ts"
import { type AnyRuntime, serviceOf } from "./internal/runtime/anyRuntime.ts"
import type { MetricData } from "./MetricData.ts"
import { InvalidArgument, MetricNameCollision } from "./MetricsError.ts"
import { MetricsRuntime } from "./MetricsRuntime.ts"

export type { AnyRuntime } from "./internal/runtime/anyRuntime.ts"

/** The part of a registry that is needed. The registries of both packages have it. */
export interface Registry {
  // Each package asks for its own class of metrics, though it calls no more than is here.
  registerMetric(metric: never): void
  removeSingleMetric(name: string): void
  getSingleMetric(name: string): unknown
}

/** A metric as a registry calls it. */
interface PromMetric {
  /** Registries write to it: that of a counter loses its `_total` in OpenMetrics. */
  name: string
  readonly help: string
  readonly type: string
  readonly aggregator: "sum"
  readonly get: () => Promise<{
    readonly name: string
    readonly help: string
    readonly type: string
    readonly aggregator: "sum"
    readonly values: ReadonlyArray<PromValue>
  }>
  readonly reset: () => void
}

/**
 * Adds all metrics of the runtime to the registry, with the label `recorder`, until the returned function is called.
 * Throws `MetricNameCollision` if the registry already has a metric of the same name. A metric that is registered later
 * under such a name is left out, with a warning of the process.
 */
export const registerInto = (registry: Registry, runtime: AnyRuntime): (() => void) => {
  if (typeof registry?.registerMetric !== "function" || typeof registry.removeSingleMetric !== "function") {
    throw new InvalidArgument({ argument: "registry", reason: "must be a Registry of prom-client" })
  }
  const service = serviceOf(runtime)
  const collection = sharedCollection(service)
  const ours = new Map<string, PromMetric>()
  let isSetUp = false

  const remove = (name: string): void => {
    // After a `clear` there may be another one.
    if (registry.getSingleMetric(name) === ours.get(name)) registry.removeSingleMetric(name)
    ours.delete(name)
  }

  const watch = (data: MetricData, isThere: boolean): void => {
    const name = promName(familyOf(data))
    if (!isThere) return remove(name)
    const taken = registry.getSingleMetric(name) !== undefined
    if (taken && isSetUp) {
      process.emitWarning(`the registry has a metric ${name} already: that of mvx-metrics is left out`)
      return
    }
    if (taken) throw new MetricNameCollision({ metric: data.name, other: name, as: name })
    const metric = promMetric(data, name, async () => (await collection()).get(data.name))
    ours.set(name, metric)
    registry.registerMetric(metric as never)
  }

  const removeAll = (): void => {
    for (const name of [...ours.keys()]) remove(name)
  }
  try {
    const unwatch = watchFamilies(service, watch)
    isSetUp = true
    return () => {
      unwatch()
      removeAll()
    }
  } catch (error) {
    removeAll()
    throw error
  }
}

const promMetric = (data: MetricData, name: string, read: () => Promise<MetricData | undefined>): PromMetric => {
  const { type } = familyOf(data)
  const help = promHelp(data)
  const duplicates = new Duplicates()
  const metric: PromMetric = {
    name,
    help,
    type,
    aggregator: "sum",
    get: async () => {
      const found = await read()
      // Copies: a registry writes to the labels.
      const values = found === undefined ? [] : promValues(found, duplicates)
      return { name: metric.name, help, type, aggregator: "sum", values }
    },
    reset: () => {}
  }
  return metric
}

/**
 * Adds the metrics to the registry, as {@link registerInto} does, for the scope of the layer.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { register } from "prom-client"
 * import { MetricsLayer } from "mvx-metrics"
 * import * as PromClient from "mvx-metrics/PromClient"
 *
 * const Metrics = PromClient.layer(register).pipe(
 *   Layer.provideMerge(MetricsLayer.layerInProcess({ namespace: "example.metrics" }))
 * )
 * const text = await Effect.runPromise(Effect.provide(Effect.promise(() => register.metrics()), Metrics))
 * text.includes("mvx_metrics_events_accepted_total") // true
 * ```
 */
export const layer = (registry: Registry): Layer.Layer<never, InvalidArgument | MetricNameCollision, MetricsRuntime> =>
  Layer.effectDiscard(
    Effect.acquireRelease(
      Effect.flatMap(MetricsRuntime, (runtime) =>
        Effect.try({
          try: () => registerInto(registry, runtime),
          catch: (error) => error as InvalidArgument | MetricNameCollision
        })
      ),
      (remove) => Effect.sync(remove)
    )
  )
