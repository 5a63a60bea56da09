/** How metrics get to the worker, for errors about a missing metric or an option that does not fit. */

import type { Check } from "../model/optionChecks.ts"
import { isOf } from "../util/realms.ts"

/** For code in a bundle, which contains no modules that a worker could import. */
export const inBundle = "In a bundle, use the option spawn with a worker entry that calls MetricsWorker.run([...])"

export const waysToWorker = `Declare the metrics in a module of their own, in a set with Metric.module(import.meta.url, [...]), and register the set, or name their module in the option metrics: new URL("./save.metrics.ts", import.meta.url). ${inBundle}. In process no worker is needed: MetricsLayer.layerInProcess, or inProcess: true in mvx-metrics/promise`

export const isUrl = (value: unknown): value is URL => value instanceof URL || isOf(value, "URL")

export const someUrls: Check = (value) => {
  if (!isUrl(value) && !(Array.isArray(value) && [...value].every(isUrl))) {
    return `must be a URL or an array of URLs. ${waysToWorker}`
  }
  return Array.isArray(value) && value.length === 0 ? `must name at least one module. ${waysToWorker}` : undefined
}
