/**
 * The event of all parts, and the metrics over it. Definitions only: both threads import this module.
 */
import * as Schema from "effect/Schema"
import { Metric } from "mvx-metrics"

export const DocumentEvent = Schema.TaggedUnion({
  "document.save": {
    outcome: Schema.Literals(["SUCCESS", "FAILURE"]),
    /** Milliseconds. */
    duration: Schema.Number,
    bytes: Schema.Number,
    tenant: Schema.String
  }
})
export type DocumentSave = (typeof DocumentEvent.cases)["document.save"]["Type"]

/** Upper bounds of durations, for every contender. They are the defaults of the OpenTelemetry SDK. */
export const boundaries: ReadonlyArray<number> = [
  0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000
]

const events = DocumentEvent

const counter = (name: string): Metric.Any => Metric.counter(name, { events, labels: ["outcome"] })

const histogram = (name: string): Metric.Any =>
  Metric.histogram(name, { events, value: "duration", labels: ["outcome"], unit: "ms", boundaries })

const gauge = (name: string): Metric.Any => Metric.gauge(name, { events, value: "bytes" })

export const Saves = Metric.counter("document.saves", { events, labels: ["outcome"] })

/** The three metrics: what every contender measures. */
export const three: ReadonlyArray<Metric.Any> = [Saves, histogram("document.durations"), gauge("document.bytes")]

const kinds = [histogram, counter, gauge]

/** Sixteen metrics of the three kinds in turn. The first reads so much of an event that rows are as wide as for all. */
export const sixteen: ReadonlyArray<Metric.Any> = Array.from({ length: 16 }, (_, i) =>
  kinds[i % kinds.length]!(`document.metric-${i}`)
)

/** As many series as there are tenants. */
export const TenantSaves = Metric.counter("document.tenant.saves", { events, labels: ["tenant"], maxSeries: 20_000 })

/** The most that a checkpoint has to save of one metric: a histogram for each tenant. */
export const TenantDurations = Metric.histogram("document.tenant.durations", {
  events,
  value: "duration",
  labels: ["tenant"],
  unit: "ms",
  boundaries,
  maxSeries: 200_000
})

const bucketOf = (value: number): number => {
  const bucket = boundaries.findIndex((boundary) => value <= boundary)
  return bucket < 0 ? boundaries.length : bucket
}

const noDurations = { count: 0, sum: 0, counts: [...boundaries, Infinity].map(() => 0) }

/** The three metrics as reducers written by hand. */
export const handWritten: ReadonlyArray<Metric.Any> = [
  Metric.make("document.saves.by-hand", {
    events,
    initial: { SUCCESS: 0, FAILURE: 0 },
    reduce: {
      "document.save": (state, { outcome }) =>
        outcome === "SUCCESS"
          ? { SUCCESS: state.SUCCESS + 1, FAILURE: state.FAILURE }
          : { SUCCESS: state.SUCCESS, FAILURE: state.FAILURE + 1 }
    }
  }),
  Metric.make("document.durations.by-hand", {
    events,
    initial: { SUCCESS: noDurations, FAILURE: noDurations },
    reduce: {
      "document.save": (state, { duration, outcome }) => {
        const { count, counts, sum } = state[outcome]
        const bucket = bucketOf(duration)
        const next = { count: count + 1, sum: sum + duration, counts: counts.with(bucket, counts[bucket]! + 1) }
        return outcome === "SUCCESS"
          ? { SUCCESS: next, FAILURE: state.FAILURE }
          : { SUCCESS: state.SUCCESS, FAILURE: next }
      }
    }
  }),
  Metric.make("document.bytes.by-hand", {
    events,
    initial: { value: 0, at: 0 },
    reduce: { "document.save": (_, { bytes }, at) => ({ value: bytes, at }) }
  })
]

/** An event that no row of fixed width can hold. */
export const IndexEvent = Schema.TaggedUnion({
  "document.index": {
    outcome: Schema.Literals(["SUCCESS", "FAILURE"]),
    /** Milliseconds. */
    duration: Schema.Number,
    terms: Schema.Array(Schema.String)
  }
})
export type DocumentIndex = (typeof IndexEvent.cases)["document.index"]["Type"]

/** Three metrics that read such an event, one of them its array. */
export const threeIrregular: ReadonlyArray<Metric.Any> = [
  Metric.counter("document.indexings", { events: IndexEvent, labels: ["outcome"] }),
  Metric.histogram("document.indexing.durations", {
    events: IndexEvent,
    value: "duration",
    labels: ["outcome"],
    unit: "ms",
    boundaries
  }),
  Metric.make("document.terms", {
    events: IndexEvent,
    initial: { count: 0 },
    reduce: { "document.index": ({ count }, { terms }) => ({ count: count + terms.length }) }
  })
]

/** All of them, for the worker. */
export const all: ReadonlyArray<Metric.Any> = [
  ...three,
  ...sixteen,
  TenantSaves,
  TenantDurations,
  ...handWritten,
  ...threeIrregular
]
