/** Reproducible events of processes: the n-th event of a process is always the same. */
import type { Metric } from "mvx-metrics"
import { type Request, RequestMetrics } from "./requests.metrics.ts"

export const requestAt = (process: number, i: number): Request => {
  const n = i * 7919 + process * 104_729
  if (i % 11 === 10) return { _tag: "http.body", sizes: [n % 7, n % 3] }
  if (i % 13 === 12) return { _tag: "http.unread", note: `${n}` }
  return {
    _tag: "http.request",
    method: n % 3 === 0 ? "PUT" : "GET",
    route: `/r${n % 5}`,
    // What adds up without rounding does so in any order.
    seconds: ((n % 4096) + 1) / 1024,
    user: `u${n % 500}`
  }
}

/** What the first events of processes come to: `counts` has how many of each process, and `at` the time of the n-th. */
export const foldedRequests = (
  counts: ReadonlyMap<number, number>,
  at: (i: number) => number,
  now: number,
  metrics: ReadonlyArray<Metric.Any> = RequestMetrics.metrics
): { readonly [name: string]: unknown } => {
  return Object.fromEntries(
    metrics.map((metric) => {
      const states = Array.from(counts, ([process, count]) => {
        const events = Array.from({ length: count }, (_, i) => [requestAt(process, i), at(i)] as const)
        return events.reduce((state: unknown, [event, time]) => {
          const reduce = metric.reduce[event._tag]
          return reduce === undefined ? state : reduce(state, event, time)
        }, metric.initial)
      })
      return [
        metric.name,
        metric.view(
          states.reduce((one, other) => metric.merge!(one, other, now)),
          now
        )
      ]
    })
  )
}

export const dimensionsOf = (snapshots: { readonly [name: string]: { readonly dimensions: unknown } }) =>
  Object.fromEntries(Object.entries(snapshots).map(([name, { dimensions }]) => [name, dimensions]))
