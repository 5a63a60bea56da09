/** Metrics, their combinators, snapshots, events and replays. */
import { Schema, Stream } from "effect"
import { Metric, MetricEvent, Replay, Snapshot } from "mvx-metrics"
import { mergeMetricStates } from "mvx-metrics/promise"
import { type Kind, kinds, options, place, type Table } from "./wrong.ts"

const JobEvent = Schema.TaggedUnion({
  "job.done": { queue: Schema.String, seconds: Schema.Number, ok: Schema.Boolean }
})
export const Jobs = Metric.counter("jobs", { events: JobEvent, labels: ["queue"] })
export const ByHand = Metric.make("by_hand", { events: JobEvent, initial: 0, reduce: { "job.done": (n) => n + 1 } })
const Added = Metric.make("added", {
  events: JobEvent,
  initial: 0,
  reduce: { "job.done": (n) => n + 1 },
  merge: (left, right) => left + right
})

export { JobEvent }
export const done = { _tag: "job.done", queue: "a", seconds: 1, ok: true } as const

const { anything, flag, finiteDuration, func, notBlank, special, text } = kinds

const builtIn: { readonly [option: string]: Kind } = {
  when: special,
  filter: func,
  labels: ["an empty array", "an empty object"],
  maxSeries: special,
  maxLabelLength: special,
  expireAfter: finiteDuration,
  description: text,
  unit: text
}

interface Own {
  readonly [option: string]: Kind
}

const instrument = (name: keyof typeof Metric, own: Own, given: object = {}) => {
  const make = Metric[name] as unknown as (name: unknown, options: unknown) => unknown
  const all = { events: JobEvent, ...given }
  return {
    [`Metric.${name}`]: {
      name: place(notBlank, (value) => make(value, all)),
      ...options({ ...builtIn, events: special, ...own }, (given) => make("a.b", given), all)
    }
  }
}

const value = func
const windowed = { window: finiteDuration, slots: special }

const derived = { from: { Jobs }, view: () => ({}) }

/** A combinator, data-first and as a step of a pipe. */
const combinator = (name: keyof typeof Metric, argument: string, kind: Kind, right: unknown): Table => {
  const call = Metric[name] as unknown as (...given: ReadonlyArray<unknown>) => unknown
  return {
    [`Metric.${name}`]: {
      metric: place(special, (value) => call(value, right)),
      [argument]: place(kind, (value) => call(Jobs, value)),
      [`${argument} of a step`]: place(kind, (value) => (call(value) as (self: unknown) => unknown)(Jobs), argument),
      "metric of a step": place(special, (value) => (call(right) as (self: unknown) => unknown)(value), "metric")
    }
  }
}

const captured = [{ at: 0, event: done }]

export const definitions: Table = {
  ...instrument("average", { value, fromZero: flag }, { value: "seconds" }),
  ...instrument("counter", { value, exemplar: special, fromZero: flag }),
  ...instrument("upDownCounter", { value, fromZero: flag }, { value: "seconds" }),
  ...instrument("gauge", { value, mode: special }, { value: "seconds" }),
  ...instrument(
    "histogram",
    { value, boundaries: ["an array of a number"], exemplar: special, fromZero: flag },
    {
      value: "seconds",
      boundaries: [1]
    }
  ),
  ...instrument(
    "exponentialHistogram",
    { value, maxSize: special, maxScale: ["-1", "0"], range: special },
    {
      value: "seconds"
    }
  ),
  ...instrument("summary", { value, quantiles: ["an array of a number"], ...windowed }, { value: "seconds" }),
  ...instrument("minMax", { value }, { value: "seconds" }),
  ...instrument("window", { value, ...windowed }, { value: "seconds" }),
  ...instrument("rate", { value, ...windowed }),
  ...instrument("ratio", { hits: func, fromZero: flag }, { hits: "ok" }),
  ...instrument("frequency", { value, maxValues: special }, { value: "queue" }),
  ...instrument("distinct", { value, precision: special }, { value: "queue" }),
  "Metric.make": {
    name: place(notBlank, (value) =>
      Metric.make(value, { events: JobEvent, initial: 0, reduce: { "job.done": () => 0 } })
    ),
    ...options(
      {
        events: special,
        initial: anything.filter((name) => name !== "undefined"),
        reduce: special,
        view: func,
        merge: func,
        minus: func,
        description: text,
        unit: text
      },
      (given) => Metric.make("a.b", given),
      { events: JobEvent, initial: 0, reduce: { "job.done": () => 0 } }
    )
  },
  "Metric.derive": {
    name: place(notBlank, (value) => Metric.derive(value, derived)),
    ...options(
      { from: special, view: func, description: text, unit: text },
      (given) => Metric.derive("a.b", given),
      derived
    )
  },
  ...combinator("named", "name", notBlank, "a.b"),
  ...combinator("describe", "description", text, "a"),
  ...combinator("unit", "unit", text, "s"),
  ...combinator("filter", "predicate", func, () => true),
  ...combinator("labelled", "labels", ["an empty array", "an empty object"], ["ok"]),
  "Metric.mapEvents": {
    metric: place(special, (value) => Metric.mapEvents(value as never, JobEvent, () => undefined)),
    events: place(special, (value) => Metric.mapEvents(Jobs, value, () => undefined)),
    f: place(func, (value) => Metric.mapEvents(Jobs, JobEvent, value))
  },
  "Metric.combine": { metrics: place(special, (value) => Metric.combine(value)) },
  "Metric.module": {
    url: place(["undefined"], (value) => Metric.module(value, [Jobs])),
    metrics: place(special, (value) => Metric.module(import.meta.url, value))
  },
  "Metric.metricsOf": { metrics: place(special, (value) => Metric.metricsOf(value)) },
  "Metric.unread": {
    family: place(special, (value) => Metric.unread(value, [Jobs])),
    metrics: place(["an empty array"], (value) => Metric.unread(JobEvent, value))
  },
  "Metric.reduce": {
    metric: place(special, (value) => Metric.reduce(value, 0 as never, done)),
    event: place(special, (value) => Metric.reduce(Jobs, Jobs.initial, value)),
    at: place(["undefined", ...kinds.finite], (value) => Metric.reduce(Jobs, Jobs.initial, done, value))
  },
  "Metric.fold": {
    metric: place(special, (value) => Metric.fold(value, [done])),
    events: place(["an empty array"], (value) => Metric.fold(Jobs, value)),
    at: place(["undefined", ...kinds.finite], (value) => Metric.fold(Jobs, [done], value))
  },
  "Metric.snapshot": {
    metric: place(special, (value) => Metric.snapshot(value, 0 as never)),
    now: place(["undefined", ...kinds.finite], (value) => Metric.snapshot(Jobs, Jobs.initial, value))
  },
  "MetricEvent.tagsOf": { family: place(special, (value) => MetricEvent.tagsOf(value)) },
  "Snapshot.isQuarantined": { snapshot: place(special, (value) => Snapshot.isQuarantined(value)) },
  "Snapshot.merge": {
    metrics: place(["an empty array"], (value) => Snapshot.merge(value, [])),
    parts: place(["an empty array"], (value) => Snapshot.merge([Added], value)),
    now: place(["undefined", ...kinds.finite], (value) => Snapshot.merge([Added], [], value))
  },
  "Snapshot.mergeStates": {
    metrics: place(["an empty array"], (value) => Snapshot.mergeStates(value, [])),
    parts: place(["an empty array"], (value) => Snapshot.mergeStates([Added], value)),
    now: place(["undefined", ...kinds.finite], (value) => Snapshot.mergeStates([Added], [], value))
  },
  mergeMetricStates: {
    metrics: place(["an empty array"], (value) => mergeMetricStates(value, [])),
    states: place(["an empty array"], (value) => mergeMetricStates([Added], value), "states", "parts"),
    now: place(["undefined", ...kinds.finite], (value) => mergeMetricStates([Added], [], value))
  },
  "Replay.run": {
    metrics: place(["an empty array"], (value) => Replay.run(value, captured)),
    captured: place(["an empty array"], (value) => Replay.run(Jobs, value)),
    ...options({ now: kinds.finite }, (given) => Replay.run(Jobs, captured, given))
  },
  "Replay.runStream": {
    metrics: place(["an empty array"], (value) => Replay.runStream(value, Stream.empty)),
    captured: place(special, (value) => Replay.runStream(Jobs, value)),
    ...options({ now: kinds.finite }, (given) => Replay.runStream(Jobs, Stream.empty, given))
  },
  "Replay.fromNdjson": {
    family: place(special, (value) => Replay.fromNdjson(value, Stream.empty)),
    chunks: place(special, (value) => Replay.fromNdjson(JobEvent, value)),
    ...options({ recorderId: notBlank, onBadLine: func }, (given) => Replay.fromNdjson(JobEvent, Stream.empty, given))
  },
  "Replay.toNdjson": {
    family: place(special, (value) => Replay.toNdjson(value, Stream.empty)),
    captured: place(special, (value) => Replay.toNdjson(JobEvent, value))
  },
  "Replay.readFile": {
    family: place(special, (value) => Replay.readFile(value, "/none") as never),
    path: place(notBlank, (value) => Replay.readFile(JobEvent, value) as never),
    ...options({ recorderId: notBlank, onBadLine: func }, (given) => Replay.readFile(JobEvent, "/none", given) as never)
  },
  "Replay.writeFile": {
    family: place(special, (value) => Replay.writeFile(value, "/none", Stream.empty) as never),
    path: place(notBlank, (value) => Replay.writeFile(JobEvent, value, Stream.empty) as never),
    captured: place(special, (value) => Replay.writeFile(JobEvent, "/none", value) as never)
  }
}

/** They say of anything what it is. */
export const guards: { readonly [name: string]: (value: unknown) => unknown } = {
  "Metric.isMetric": Metric.isMetric,
  "Metric.isMetricSet": Metric.isMetricSet,
  "MetricEvent.isMetricEvent": MetricEvent.isMetricEvent,
  "MetricEvent.whyNotEvent": MetricEvent.whyNotEvent
}
