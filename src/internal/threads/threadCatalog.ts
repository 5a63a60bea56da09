/**
 * The fold's definitions, as an attached thread knows them. For metrics that it is about to register, it sends a
 * request to the runtime's thread, which has them imported.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { WorkerCatalog } from "../link/workerCatalog.ts"
import { isDefinition } from "../metric/definition/define.ts"
import { fingerprint } from "../metric/definition/fingerprint.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { isMetricSet } from "../metric/metricSet.ts"
import { MetricNameCollision, MetricsModuleError, UnknownMetric } from "../model/registerErrors.ts"
import type { CatalogEntries } from "../stream/workerMessages.ts"
import { within } from "../util/liveClock.ts"
import { durationText } from "../util/timing.ts"
import type { NameCollision, ToThread } from "./messages.ts"

/** Looks for metrics. `take` runs with what is found, unless the request was withdrawn by then. */
export type FindMetrics = (
  metrics: CatalogEntries,
  modules: ReadonlyArray<string>,
  take: (found: FoundMetrics) => void
) => Effect.Effect<void, MetricsModuleError>

/** What the runtime's thread has found. */
export type FoundMetrics = Pick<Extract<ToThread, { readonly _tag: "Found" }>, "metrics" | "collisions">

export class ThreadCatalog extends WorkerCatalog {
  readonly #find: FindMetrics
  /** Metrics that were refused at their last request. */
  readonly #collisions = new Map<string, NameCollision>()
  /** Metrics that were requested together with refused ones, and therefore have no names either. */
  readonly #nameless = new Set<string>()

  constructor(find: FindMetrics) {
    super([], undefined, { ask: () => {}, hold: () => () => {}, nextTurn: () => {} })
    this.#find = find
  }

  override find(given: unknown, timeout: Duration.Input): Effect.Effect<void, MetricsModuleError> | undefined {
    const metrics = isMetricSet(given) ? given.metrics : isDefinition(given) ? [given] : []
    const modules = isMetricSet(given) ? given.modules : []
    const fresh = metrics.filter(({ name }) => !this.metrics.has(name) || this.#nameless.has(name))
    if (fresh.length === 0) return undefined
    const found = this.#find(
      fresh.map((metric) => [metric.name, fingerprint(metric)]),
      modules,
      (found) => this.#add(fresh, found)
    )
    const late = () => {
      const reason = `were not looked up within ${durationText(timeout)} by the main thread`
      return Effect.fail(new MetricsModuleError({ path: modules.join(", "), reason }))
    }
    return found.pipe(within(timeout, late))
  }

  #add(asked: ReadonlyArray<Metric.Any>, { collisions, metrics }: FoundMetrics): void {
    for (const [name, print] of metrics) this.metrics.set(name, print)
    for (const { name } of asked) {
      this.#collisions.delete(name)
      if (collisions.length > 0) this.#nameless.add(name)
      else this.#nameless.delete(name)
    }
    for (const collision of collisions) this.#collisions.set(collision.metric, collision)
  }

  /** Which metric of the runtime prevents this one from being registered. */
  collisionOf({ name }: Metric.Any): MetricNameCollision | undefined {
    const collision = this.#collisions.get(name)
    return collision && new MetricNameCollision(collision)
  }

  override whyUnknown({ name }: Metric.Any): UnknownMetric {
    return new UnknownMetric({ metric: name, known: [...this.metrics.keys()], hint })
  }
}

const hint =
  "The main thread and its metrics worker must have it: declare its set with Metric.module, or give it to acceptThreads in the main thread, and to the worker"
