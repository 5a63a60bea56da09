// Definitions only: both threads import this module, so it has no side effects.
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const DocumentStorageEvent = Schema.TaggedUnion({
  "document_storage.save.attempt": { outcome: Schema.Literals(["SUCCESS", "FAILURE"]) }
})

export const SaveAttempts = Metric.make("document_storage.save.attempts", {
  events: DocumentStorageEvent,
  initial: { total: 0, success_total: 0, failure_total: 0 },
  reduce: {
    "document_storage.save.attempt": (state, { outcome }) => ({
      total: state.total + 1,
      success_total: state.success_total + (outcome === "SUCCESS" ? 1 : 0),
      failure_total: state.failure_total + (outcome === "FAILURE" ? 1 : 0)
    })
  }
})

// The set knows its module, so the worker imports it when the set is registered.
export const StorageMetrics = Metric.module(import.meta.url, [SaveAttempts])
