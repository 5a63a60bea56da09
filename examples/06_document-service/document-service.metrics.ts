// The events of the service, one per operation on a document, and its metrics: how often, how much, how long.
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const DocumentServiceEvent = Schema.TaggedUnion({
  "document_service.operation": {
    operation: Schema.Literals(["put", "get", "delete"]),
    outcome: Schema.Literals(["SUCCESS", "FAILURE"]),
    bytes: Schema.Number,
    seconds: Schema.Number
  }
})
export type DocumentServiceEvent = typeof DocumentServiceEvent.Type

const events = DocumentServiceEvent

export const Operations = Metric.counter("document_service.operations", {
  events,
  labels: ["operation", "outcome"],
  unit: "{operation}",
  description: "Operations on documents, by outcome"
})

export const Failures = Metric.ratio("document_service.failures", {
  events,
  hits: ({ outcome }) => outcome === "FAILURE",
  description: "Part of the operations that failed"
})

export const Bytes = Metric.counter("document_service.bytes", {
  events,
  value: "bytes",
  labels: ["operation"],
  unit: "By",
  description: "Bytes stored by put and served by get"
})

export const Durations = Metric.histogram("document_service.duration", {
  events,
  value: "seconds",
  labels: ["operation"],
  boundaries: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1],
  unit: "s",
  description: "Duration of operations"
})

/** Metrics of your own are reducers over the same events: the largest document, and the operation that handled it. */
export const Largest = Metric.make("document_service.largest", {
  events,
  initial: { bytes: 0, operation: "none" },
  reduce: {
    // Returning the same state means that the event does not concern the metric.
    "document_service.operation": (state, { bytes, operation }) => (bytes > state.bytes ? { bytes, operation } : state)
  },
  unit: "By",
  description: "Size of the largest document stored or served"
})

export const DocumentServiceMetrics = Metric.module(import.meta.url, [Operations, Failures, Bytes, Durations, Largest])
