/** Metrics of requests, including one that occasionally ends the folding thread, wherever that is a worker. */
import { isMainThread } from "node:worker_threads"
import { Metric } from "mvx-metrics"
import { RequestMetrics, Requests } from "../support/requests.metrics.ts"

const OneIn = 12_000

const deadly = Metric.make("requests.deadly", {
  events: Requests,
  initial: { requests: 0 },
  reduce: {
    "http.request": ({ requests }) => {
      if (!isMainThread && Math.random() * OneIn < 1) process.exit(1)
      return { requests: requests + 1 }
    }
  },
  merge: (one, other) => ({ requests: one.requests + other.requests })
})

export const KillsMetrics = Metric.module(import.meta.url, [...RequestMetrics.metrics, deadly])
