// A module of metrics that takes those of the process over.
export { ProcessMetrics } from "mvx-metrics/NodeProcess"
