/** The definitions of metrics that attached threads register, in the runtime's thread. */
import * as Effect from "effect/Effect"
import type { WorkerCatalog } from "../link/workerCatalog.ts"
import { differences, type Fingerprint, fingerprint } from "../metric/definition/fingerprint.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { metricsOf } from "../metric/metricSet.ts"
import type { MetricsModuleError } from "../model/registerErrors.ts"
import type { CatalogEntries } from "../stream/workerMessages.ts"
import { exportedMetrics } from "../worker/exportedMetrics.ts"

/** How long a module that a thread names may take to be imported by the worker. */
const ImportTimeout = "30 seconds"

export class KnownMetrics {
  readonly #metrics = new Map<string, Metric.Any>()
  readonly #catalog: WorkerCatalog
  /** The metrics registered in recorders of the runtime. */
  readonly #registered: () => Iterable<Metric.Any>

  constructor(catalog: WorkerCatalog, registered: () => Iterable<Metric.Any>) {
    this.#catalog = catalog
    this.#registered = registered
  }

  add(given: Iterable<Metric.Any | Metric.MetricSet>): void {
    for (const metric of [...given].flatMap(metricsOf)) {
      const print = this.#catalog.get(metric.name)
      // A metric that differs from the worker's is refused in its thread, and represents none here.
      const isOther = print !== undefined && differences(fingerprint(metric), print).length > 0
      if (!isOther) this.#metrics.set(metric.name, metric)
    }
  }

  /** A metric that was found. */
  get(name: string): Metric.Any | undefined {
    return this.#metrics.get(name)
  }

  #has(name: string, print: Fingerprint): boolean {
    const known = this.#metrics.get(name)
    return known !== undefined && differences(fingerprint(known), print).length === 0
  }

  /**
   * Makes the worker and this thread load these metrics from the modules. Returns the worker's definitions of their
   * names.
   */
  find(metrics: CatalogEntries, modules: ReadonlyArray<string>): Effect.Effect<CatalogEntries, MetricsModuleError> {
    return Effect.gen({ self: this }, function* () {
      const catalog = this.#catalog
      const urls = yield* catalog.resolved(modules)
      const isMissing = metrics.some(([name]) => catalog.get(name) === undefined)
      if (isMissing && urls.length > 0) yield* catalog.import(modules, ImportTimeout)
      const isUnknown = () => metrics.some(([name, print]) => !this.#has(name, print))
      if (isUnknown()) {
        const names = new Set(metrics.map(([name]) => name))
        for (const metric of this.#registered()) if (names.has(metric.name)) this.add([metric])
      }
      if (isUnknown()) for (const url of urls) this.add(yield* exportedMetrics(url, "an attached thread"))
      return metrics.flatMap(([name, print]) => {
        const known = catalog.get(name)
        // The thread itself refuses one that differs.
        const isFound = known !== undefined && (differences(known, print).length > 0 || this.#has(name, print))
        return isFound ? [[name, known] as const] : []
      })
    })
  }
}
