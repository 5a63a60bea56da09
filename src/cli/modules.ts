/** The metrics among the exports of a module, found in the same way as by the worker. */
import { statSync } from "node:fs"
import { createRequire } from "node:module"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import type * as CliError from "effect/cli/CliError"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { isSame } from "../internal/metric/definition/fingerprint.ts"
import { importMetrics } from "../internal/model/importedModules.ts"
import { describeError } from "../internal/util/describeError.ts"
import { didYouMean } from "../internal/util/didYouMean.ts"
import * as Metric from "../Metric.ts"
import { failed } from "./escapeControls.ts"

/** A metric, and the expression for it in a program that has imported the module as `metrics`. */
export interface ExportedMetric {
  readonly metric: Metric.Any
  readonly expression: string
}

/** Whether it is a module of this package that exports metrics: `mvx-metrics/Http`. */
export const isOwnModule = (path: string): boolean => path.startsWith("mvx-metrics/")

export const metricsOf = (path: string): Effect.Effect<ReadonlyArray<Metric.Any>, CliError.UserError> =>
  Effect.map(exportedMetricsOf(path), (exported) => exported.map(({ metric }) => metric))

const { exports: ownModules } = createRequire(import.meta.url)("mvx-metrics/package.json") as {
  readonly exports: { readonly [path: string]: unknown }
}

/** Why a path cannot be that of a module, if the error of its import would not explain it. */
const whyNoModule = (path: string): string | undefined => {
  if (isOwnModule(path)) {
    const all = Object.keys(ownModules).map((each) => `mvx-metrics${each.slice(1)}`)
    return all.includes(path) ? undefined : `the package has no such module.${didYouMean(path, all)}`
  }
  const file = statSync(path, { throwIfNoEntry: false })
  if (file === undefined) return "there is no such file"
  if (file.isDirectory()) return "it is a directory. Name a module"
  return path.endsWith(".json") ? "it is a file of JSON. Name a module" : undefined
}

const whyNot = (cause: unknown): string =>
  Predicate.hasProperty(cause, "code") && cause.code === "ERR_UNKNOWN_FILE_EXTENSION"
    ? `Node ${process.versions.node} does not run such files. For TypeScript, use Node 22.19 or later`
    : describeError(cause)

export const exportedMetricsOf = Effect.fnUntraced(function* (
  path: string
): Effect.fn.Return<ReadonlyArray<ExportedMetric>, CliError.UserError> {
  const why = whyNoModule(path)
  if (why !== undefined) return yield* failed(`${path} cannot be imported: ${why}`)
  const url = isOwnModule(path) ? path : pathToFileURL(resolve(path)).href
  const exported = yield* Effect.tryPromise({
    try: () => importMetrics({ path, by: "the command mvx-metrics" }, () => import(url)),
    catch: (cause) => failed(`${path} cannot be imported: ${whyNot(cause)}`, cause)
  }).pipe(
    Effect.timeoutOrElse({
      duration: "30 seconds",
      orElse: () => failed(`${path} cannot be imported: it still waits at its top level after 30 seconds`)
    })
  )
  const byName = new Map<string, ExportedMetric>()
  for (const [key, value] of Object.entries(exported)) {
    const isSet = Metric.isMetricSet(value)
    const metrics = isSet ? value.metrics : Metric.isMetric(value) ? [value] : []
    for (const metric of metrics) {
      const known = byName.get(metric.name)?.metric
      if (known !== undefined && !isSame(known, metric)) {
        return yield* failed(`${path} exports two different metrics with the name "${metric.name}"`)
      }
      const name = JSON.stringify(metric.name)
      const expression = `metrics[${JSON.stringify(key)}]${isSet ? `.metrics.find(({ name }) => name === ${name})!` : ""}`
      if (known === undefined || !isSet) byName.set(metric.name, { metric: known ?? metric, expression })
    }
  }
  return byName.size === 0
    ? yield* failed(`${path} exports no metric. Name a module that exports metrics or sets of them`)
    : [...byName.values()]
})
