// What the service reports of each operation on a document, and what is measured of it: how often, how much, how long.
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const DocumentServiceEvent = Schema.TaggedUnion({
  "document_service.operation": {
    operation: Schema.Literals(["put", "get", "delete"]),
    outcome: Schema.Literals(["SUCCESS", "FAILURE"]),
    bytes: Schema.Number,
    microseconds: Schema.Number
  }
})
export type DocumentServiceEvent = typeof DocumentServiceEvent.Type

const events = DocumentServiceEvent

export const Operations = Metric.counter("document_service.operations", {
  events,
  labels: ["operation", "outcome"],
  unit: "{operation}",
  description: "Operations on documents, by their outcome"
})

export const Failures = Metric.ratio("document_service.failures", {
  events,
  hits: ({ outcome }) => outcome === "FAILURE",
  description: "Which part of the operations failed"
})

export const Bytes = Metric.counter("document_service.bytes", {
  events,
  value: "bytes",
  labels: ["operation"],
  unit: "By",
  description: "What was stored by put, and served by get"
})

export const Durations = Metric.histogram("document_service.duration", {
  events,
  value: "microseconds",
  labels: ["operation"],
  boundaries: [100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 100_000],
  unit: "us",
  description: "How long operations took"
})

/** Metrics of one's own are reducers over the same events: what the largest document was, and what became of it. */
export const Largest = Metric.make("document_service.largest", {
  events,
  initial: { bytes: 0, operation: "none" },
  reduce: {
    // The same state again says "this event does not concern me".
    "document_service.operation": (state, { bytes, operation }) => (bytes > state.bytes ? { bytes, operation } : state)
  },
  unit: "By",
  description: "The largest document that was stored or served"
})

export const DocumentServiceMetrics = Metric.combine(Operations, Failures, Bytes, Durations, Largest)
