/**
 * Adds the metrics of a runtime to a registry of `prom-client` or `@prometheus-io/client`, so that an existing `/metrics`
 * shows them as well.
 *
 * Their names are those of `mvx-metrics/Prometheus`. Each call of `registry.metrics()` reads the runtime once and includes
 * every event accepted before. Metrics that are registered later appear from then on. `resetMetrics` does not change them,
 * because their counts belong to their recorders. A registry with the content type of OpenMetrics shows their exemplars.
 *
 * If you have no registry yet, `mvx-metrics/Prometheus` costs the application thread less: it makes the text on the
 * worker. The values for a registry are made in short steps, but the registry renders its text in one go. With tens of
 * thousands of series, `registry.metrics()` blocks the event loop for a second or more.
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
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import { sharedCollection, watchFamilies } from "./internal/exporters/descriptors.ts"
import { takeNamespace } from "./internal/exporters/namespaces.ts"
import {
  type Aggregator,
  type PromValue,
  promAggregator,
  promName,
  promValueSteps
} from "./internal/exporters/promClientFamilies.ts"
import { Duplicates } from "./internal/formats/duplicates.ts"
import type { MetricData } from "./internal/formats/metricData.ts"
import { helpOf } from "./internal/formats/prometheus/families.ts"
import { type Check, check, refuse } from "./internal/model/optionChecks.ts"
import { type Family, familyOf } from "./internal/naming/names.ts"
import { providedRuntime } from "./internal/runtime/provided.ts"
import type { RuntimeService } from "./internal/runtime/service.ts"
import { type AnyRuntime, serviceOf } from "./internal/runtime/withoutEffect.ts"
import { inSlices } from "./internal/util/inSlices.ts"
import { type InvalidArgument, MetricNameCollision, type NamespaceTaken } from "./MetricsError.ts"
import { MetricsRuntime } from "./MetricsRuntime.ts"

export type { AnyRuntime } from "./internal/runtime/withoutEffect.ts"

/**
 * The part of a registry that is needed. The registries of both packages have it.
 *
 * @category models
 * @since 0.2.0
 */
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
  readonly aggregator: Aggregator
  readonly get: () => Promise<{
    readonly name: string
    readonly help: string
    readonly type: string
    readonly aggregator: Aggregator
    readonly values: ReadonlyArray<PromValue>
  }>
  readonly reset: () => void
}

/** A family in a registry, with all runtimes that have it. */
interface Shared {
  readonly family: Family
  readonly metric: PromMetric
  /** The metric as a runtime calls it, and how it is read there. */
  readonly readers: Map<RuntimeService, Reader>
}

interface Reader {
  readonly name: string
  readonly read: () => Promise<ReadonlyArray<MetricData>>
}

const sharedIn = new WeakMap<Registry, Map<string, Shared>>()

/**
 * Adds all metrics of the runtime to the registry, with the labels `namespace` and `recorder`, until the returned
 * function is called. A registry accepts several runtimes of different namespaces. Throws `NamespaceTaken` for a second
 * one of the same namespace, and `MetricNameCollision` if the registry already has a metric of the same name. A metric
 * that is registered later under such a name is left out, with a process warning.
 *
 * @example
 * ```ts
 * import { register } from "prom-client"
 * import { MetricsRuntime } from "mvx-metrics/promise"
 * import * as PromClient from "mvx-metrics/PromClient"
 *
 * const runtime = await MetricsRuntime.start({ namespace: "example.metrics" })
 * const remove = PromClient.registerInto(register, runtime)
 * register.getSingleMetric("mvx_metrics_events_accepted_total") !== undefined // true
 *
 * remove()
 * register.getSingleMetric("mvx_metrics_events_accepted_total") // undefined
 * await runtime.shutdown()
 * ```
 *
 * @category exporting
 * @since 0.2.0
 */
export const registerInto = (registry: Registry, runtime: AnyRuntime): (() => void) => {
  check("registry", registry, aRegistry)
  const service = serviceOf(runtime)
  const release = takeNamespace("the registry", registry, service)
  const collection = sharedCollection(service, (data) => familyKey(familyOf(data)))
  const shared = sharedIn.get(registry) ?? new Map<string, Shared>()
  sharedIn.set(registry, shared)
  const ours = new Set<string>()
  let isSetUp = false

  const remove = (name: string): void => {
    const known = shared.get(name)
    if (!ours.delete(name) || known === undefined) return
    known.readers.delete(service)
    if (known.readers.size > 0) return
    shared.delete(name)
    // After a `clear` there may be another one.
    if (registry.getSingleMetric(name) === known.metric) registry.removeSingleMetric(name)
  }

  /** What keeps a family out of the registry: the name of a metric. */
  const obstacle = (family: Family): string | undefined => {
    const name = promName(family)
    const found = registry.getSingleMetric(name)
    if (found !== undefined && found !== shared.get(name)?.metric) return name
    for (const { family: other, readers } of shared.values()) {
      const isSame = other.name === family.name && other.type === family.type
      if (!isSame && family.exposed.some((exposed) => other.exposed.includes(exposed))) {
        return readers.values().next().value?.name
      }
    }
    return undefined
  }

  const watch = (data: MetricData, isThere: boolean): void => {
    const family = familyOf(data)
    const name = promName(family)
    if (!isThere) return remove(name)
    const other = obstacle(family)
    if (other !== undefined && isSetUp) {
      process.emitWarning(`the registry already has a metric ${name}, so that of mvx-metrics is left out`)
      return
    }
    if (other !== undefined) throw new MetricNameCollision({ metric: data.name, other, as: name })
    let known = shared.get(name)
    if (known === undefined || registry.getSingleMetric(name) !== known.metric) {
      const readers: Shared["readers"] = new Map()
      known = { family, readers, metric: promMetric(data, name, readers) }
      shared.set(name, known)
      registry.registerMetric(known.metric as never)
    }
    const key = familyKey(family)
    known.readers.set(service, { name: data.name, read: async () => (await collection()).get(key) ?? [] })
    ours.add(name)
  }

  const removeAll = (): void => {
    release()
    for (const name of [...ours]) remove(name)
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

const familyKey = ({ name, type }: Family): string => `${type} ${name}`

const aRegistry: Check = (value) =>
  ["registerMetric", "removeSingleMetric", "getSingleMetric"].every(
    (method) => Predicate.hasProperty(value, method) && typeof value[method] === "function"
  )
    ? undefined
    : "must be a Registry of prom-client"

const promMetric = (data: MetricData, name: string, readers: Shared["readers"]): PromMetric => {
  const { type } = familyOf(data)
  const help = helpOf(data)
  const aggregator = promAggregator(data)
  const duplicates = new Duplicates()
  const metric: PromMetric = {
    name,
    help,
    type,
    aggregator,
    get: async () => {
      const all = await Promise.all(Array.from(readers.values(), ({ read }) => read()))
      // Copies: a registry writes to the labels.
      const values = await Effect.runPromise(inSlices(promValueSteps(all.flat(), duplicates)))
      return { name: metric.name, help, type, aggregator, values }
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
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (registry: Registry): Layer.Layer<never, MetricNameCollision | NamespaceTaken, MetricsRuntime> =>
  Layer.effectDiscard(
    Effect.acquireRelease(
      Effect.flatMap(providedRuntime(MetricsRuntime), (runtime) =>
        Effect.try({
          try: () => registerInto(registry, runtime),
          catch: (error) => error as InvalidArgument | MetricNameCollision | NamespaceTaken
        }).pipe(Effect.catch(refuse))
      ),
      (remove) => Effect.sync(remove)
    )
  )
