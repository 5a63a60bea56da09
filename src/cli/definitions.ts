/** The definitions of modules, or of a file written by `catalogue --json`. */
import type * as CliError from "effect/cli/CliError"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import { type DescribedMetric, DescribedMetrics, describedMetric } from "../internal/catalogue/describedMetric.ts"
import { distinct } from "../internal/metric/definition/fingerprint.ts"
import { messageOf } from "../internal/util/describeError.ts"
import type * as Metric from "../Metric.ts"
import { failed } from "./escapeControls.ts"
import { cannotRead } from "./files.ts"
import { metricsOf } from "./modules.ts"

export interface Definitions {
  readonly described: ReadonlyArray<DescribedMetric>
  /** Absent if there is only a file. */
  readonly metrics: ReadonlyArray<Metric.Any> | undefined
}

/** In the form of a file. */
export const describedMetrics = (metrics: ReadonlyArray<Metric.Any>): typeof DescribedMetrics.Type => ({
  "mvx-metrics": 1,
  metrics: metrics.map(describedMetric)
})

const decode = Schema.decodeEffect(Schema.fromJsonString(DescribedMetrics))

const fromFile = Effect.fnUntraced(function* (
  path: string
): Effect.fn.Return<Definitions, CliError.UserError, FileSystem.FileSystem> {
  const files = yield* FileSystem.FileSystem
  const text = yield* Effect.mapError(files.readFileString(path), (cause) => cannotRead(path, cause))
  const { metrics } = yield* Effect.mapError(decode(text), (cause) =>
    failed(`${path} is not a file of mvx-metrics catalogue --json: ${messageOf(cause)}`, cause)
  )
  return { described: metrics, metrics: undefined }
})

const fromModule = (path: string): Effect.Effect<Definitions, CliError.UserError> =>
  Effect.map(metricsOf(path), (metrics) => ({ described: metrics.map(describedMetric), metrics }))

/** Fails for two different metrics of one name, because a change could concern either. */
export const definitionsOf = Effect.fnUntraced(function* (
  paths: ReadonlyArray<string>
): Effect.fn.Return<Definitions, CliError.UserError, FileSystem.FileSystem> {
  const all = yield* Effect.forEach(paths, (path) => (path.endsWith(".json") ? fromFile(path) : fromModule(path)))
  const byName = new Map<string, DescribedMetric>()
  for (const metric of all.flatMap(({ described }) => described)) {
    const known = byName.get(metric.name)
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(metric)) {
      return yield* failed(`${paths.join(" and ")} export two different metrics with the name "${metric.name}"`)
    }
    byName.set(metric.name, metric)
  }
  const metrics = all.flatMap(({ metrics = [] }) => metrics)
  return {
    described: [...byName.values()],
    metrics: all.every((each) => each.metrics !== undefined) ? distinct(metrics) : undefined
  }
})
