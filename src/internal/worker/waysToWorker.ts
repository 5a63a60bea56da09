/**
 * How metrics get to the worker, for errors about a metric that is not there or an option that does not fit.
 */

/** For code in a bundle, which contains no modules that a worker could import. */
export const inBundle = "In a bundle, use the option spawn with a worker entry that calls MetricsWorker.run([...])"

export const waysToWorker = `Declare the metrics in a module of their own, in a set with Metric.module(import.meta.url, [...]), and register the set, or name their module in the option metrics: new URL("./save.metrics.ts", import.meta.url). ${inBundle}. In process no worker is needed: MetricsLayer.layerInProcess, or inProcess: true in mvx-metrics/promise`
