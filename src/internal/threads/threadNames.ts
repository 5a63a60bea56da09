/** The Prometheus names of the metrics of an attached thread. Those of the runtime are taken as well. */
import { ExpositionNames } from "../formats/prometheus/nameRegistry.ts"
import type * as Metric from "../metric/definition/metric.ts"
import type { MetricNameCollision } from "../model/registerErrors.ts"
import type { ThreadCatalog } from "./threadCatalog.ts"

export class ThreadNames extends ExpositionNames {
  readonly #catalog: ThreadCatalog

  constructor(catalog: ThreadCatalog) {
    super()
    this.#catalog = catalog
  }

  override claim(
    metrics: ReadonlyArray<Metric.Any>,
    replaced: ReadonlyArray<Metric.Any> = []
  ): MetricNameCollision | undefined {
    for (const metric of metrics) {
      const collision = this.#catalog.collisionOf(metric)
      if (collision !== undefined) return collision
    }
    return super.claim(metrics, replaced)
  }
}
