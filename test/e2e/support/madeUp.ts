/**
 * Reproducible updates of an invented small shop: series of different sizes, a gauge far above zero, and every kind of
 * problem.
 */
import type { LiveData, LiveMetric } from "../../../src/internal/live/model/update.ts"
import { noCounts } from "../../../src/internal/model/stats.ts"

/** The first moment. */
const From = Date.UTC(2030, 0, 1, 12)

const wave = (second: number, period: number): number => 1 + 0.3 * Math.sin((second / period) * 2 * Math.PI)

/** What a counter has come to that grows by `perSecond`, more so from the fifth minute on. */
const grown = (second: number, perSecond: number, period: number): number =>
  Math.round(perSecond * (second * 1.2 + (Math.max(0, second - 240) / 2) * wave(second, period)))

const series = (labels: object, value: number) => ({ labels, value })

const metricsAt = (second: number): ReadonlyArray<LiveMetric> => {
  const orders = [
    series({ shop: "Berlin", paid: "card" }, grown(second, 90, 40)),
    series({ shop: "Berlin", paid: "cash" }, grown(second, 12, 25)),
    series({ shop: "Oslo", paid: "card" }, grown(second, 3, 60))
  ]
  return [
    {
      name: "shop.orders",
      kind: "counter",
      unit: "{order}",
      description: "Orders that were paid",
      labels: ["shop", "paid"],
      dimensions: { value: orders.reduce((sum, { value }) => sum + value, 0), series: orders },
      seriesCount: 3
    },
    {
      name: "shop.stock",
      kind: "gauge",
      description: "Articles in all shops",
      labels: [],
      dimensions: { value: 10_000 + Math.round(40 * wave(second, 90)) },
      seriesCount: 0
    },
    {
      name: "shop.basket.sizes",
      kind: "custom",
      description: "Articles of an order, by a hand-written reducer",
      labels: [],
      dimensions: { value: 3 },
      seriesCount: 0,
      quarantine: { error: "TypeError: Cannot read properties of undefined (reading 'length')", missed: second }
    }
  ]
}

export const madeUp = (second: number): LiveData => {
  const offered = second * 130
  const overflow = second * 2
  const [evicted, ignored, pending] = [second, second * 9, 8300]
  const accepted = offered - overflow - 4
  const stats = {
    ...noCounts,
    state: "Running" as const,
    capacity: 10_000,
    offered,
    accepted,
    refused: overflow + 4,
    refusedBy: { overflow, invalid: 4, notRunning: 0 },
    applied: accepted - evicted - ignored - pending,
    ignored,
    evicted,
    pending
  }
  const quiet = { ...noCounts, state: "Running" as const, capacity: 10_000 }
  const exporter = { delivered: 40, partial: 0, failed: 0, rejectedPoints: 0, failing: undefined, lastError: undefined }
  return {
    namespace: "example.shop",
    at: From + second * 1000,
    recorderCount: 2,
    recorders: [
      { recorderId: "checkout", entityId: "checkout", stats, metrics: metricsAt(second) },
      { recorderId: "newsletter", entityId: "newsletter", stats: quiet, metrics: [] }
    ],
    runtime: {
      recorders: 2,
      restarts: 1,
      memory: { used: 61e6, limit: 64e6 },
      exports: [
        { ...exporter, exporter: "OTLP to http://collector:4318" },
        {
          ...exporter,
          exporter: "Push to http://gateway:9091",
          failed: 3,
          failing: "ECONNREFUSED",
          lastError: { at: From + 1000, message: "ECONNREFUSED: connect ECONNREFUSED 10.0.0.7:9091" }
        }
      ]
    }
  }
}
