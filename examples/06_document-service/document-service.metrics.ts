// What the service reports of each operation on a document, and what is measured of it: attempts, bytes and durations.
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

const none = { total: 0, success_total: 0, failure_total: 0 }

export const Attempts = Metric.make("document_service.attempts", {
  events: DocumentServiceEvent,
  initial: { put: none, get: none, delete: none },
  reduce: {
    "document_service.operation": (state, { operation, outcome }) => ({
      ...state,
      [operation]: {
        total: state[operation].total + 1,
        success_total: state[operation].success_total + (outcome === "SUCCESS" ? 1 : 0),
        failure_total: state[operation].failure_total + (outcome === "FAILURE" ? 1 : 0)
      }
    })
  }
})

export const Bytes = Metric.make("document_service.bytes", {
  events: DocumentServiceEvent,
  unit: "By",
  initial: { stored: 0, served: 0 },
  reduce: {
    // The same state again says "this event does not concern me".
    "document_service.operation": (state, { bytes, operation }) => {
      if (operation === "put") return { ...state, stored: state.stored + bytes }
      if (operation === "get") return { ...state, served: state.served + bytes }
      return state
    }
  }
})

const bounds = [250, 1000, 4000, 16_000, 64_000, Number.POSITIVE_INFINITY]

export const Durations = Metric.make("document_service.durations", {
  events: DocumentServiceEvent,
  unit: "us",
  initial: { count: 0, sum: 0, max: 0, buckets: bounds.map(() => 0) },
  reduce: {
    "document_service.operation": ({ buckets, count, max, sum }, { microseconds }) => {
      const bucket = bounds.findIndex((bound) => microseconds <= bound)
      return {
        count: count + 1,
        sum: sum + microseconds,
        max: Math.max(max, microseconds),
        buckets: buckets.map((counted, index) => (index === bucket ? counted + 1 : counted))
      }
    }
  },
  view: ({ buckets, ...state }) => ({
    ...state,
    buckets: buckets.map((counted, index) => ({ up_to: String(bounds[index]), count: counted }))
  })
})
