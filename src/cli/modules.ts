/**
 * The metrics of a module: those among its exports, as the worker takes them.
 */
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import type * as CliError from "effect/cli/CliError"
import * as Effect from "effect/Effect"
import { isSame } from "../internal/metric/definition/fingerprint.ts"
import { describeError } from "../internal/util/describeError.ts"
import { importMetrics } from "../internal/worker/importedMetrics.ts"
import * as Metric from "../Metric.ts"
import { failed } from "./escapeControls.ts"

export const metricsOf = Effect.fnUntraced(function* (
  path: string
): Effect.fn.Return<ReadonlyArray<Metric.Any>, CliError.UserError> {
  const url = pathToFileURL(resolve(path)).href
  const exported = yield* Effect.tryPromise({
    try: () => importMetrics({ path, by: "the command mvx-metrics" }, () => import(url)),
    catch: (cause) => failed(`${path} cannot be imported: ${describeError(cause)}`, cause)
  })
  const byName = new Map<string, Metric.Any>()
  for (const value of Object.values(exported)) {
    const metrics = Metric.isMetricSet(value) ? value.metrics : Metric.isMetric(value) ? [value] : []
    for (const metric of metrics) {
      const known = byName.get(metric.name)
      if (known !== undefined && !isSame(known, metric)) {
        return yield* failed(`${path} exports two different metrics with the name "${metric.name}"`)
      }
      if (known === undefined) byName.set(metric.name, metric)
    }
  }
  return byName.size === 0 ? yield* failed(`${path} exports no metric`) : [...byName.values()]
})
