// The metrics of the threads. The metrics worker and the main thread import this module when a thread registers the
// set.
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

const events = Schema.TaggedUnion({ "picture.resized": { pixels: Schema.Number } })

export const ResizingMetrics = Metric.module(import.meta.url, [
  Metric.counter("pictures.resized", { events }),
  Metric.histogram("pictures.size", { events, value: "pixels", unit: "{pixel}", boundaries: [10_000, 100_000] })
])
