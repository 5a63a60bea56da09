// A module of metrics that re-exports the process metrics.
export { ProcessMetrics } from "mvx-metrics/NodeProcess"
