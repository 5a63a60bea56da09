// Definitions only: both threads import this module.
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const SaveEvent = Schema.TaggedUnion({
  "document.save": { outcome: Schema.Literals(["SUCCESS", "FAILURE"]) }
})

export const Saves = Metric.counter("document.saves", { events: SaveEvent, labels: ["outcome"] })

export const SaveMetrics = Metric.module(import.meta.url, [Saves])
