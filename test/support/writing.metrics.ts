// Metrics whose functions modify the event that they receive, and others that read it.
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const BoxEvent = Schema.TaggedUnion({
  "box.row": { n: Schema.Number, on: Schema.Date, inner: Schema.Struct({ m: Schema.Number }) },
  "box.whole": {
    n: Schema.Number,
    on: Schema.Date,
    inner: Schema.Struct({ m: Schema.Number }),
    list: Schema.Array(Schema.Number),
    map: Schema.ReadonlyMap(Schema.String, Schema.Number),
    bytes: Schema.Uint8Array
  }
})
export type BoxEvent = typeof BoxEvent.Type

/** Everything in an event that can be modified. */
const overwrite = (event: BoxEvent): number => {
  const { n } = event
  Object.assign(event, { n: 1000 })
  Object.assign(event.inner, { m: 1000 })
  event.on.setTime(1000)
  if (event._tag === "box.whole") {
    ;(event.list as Array<number>).push(1000)
    ;(event.map as Map<string, number>).set("a", 1000)
    event.bytes.fill(100)
  }
  return n
}

/** The whole content of an event as a number. */
const sumOf = (event: BoxEvent): number =>
  event.n +
  event.inner.m +
  event.on.getTime() +
  (event._tag === "box.whole" ? [...event.list, ...event.map.values(), ...event.bytes].reduce((a, b) => a + b, 0) : 0)

const summing = (name: string) =>
  Metric.make(name, {
    events: BoxEvent,
    initial: 0,
    reduce: {
      "box.row": (sum, event) => sum + sumOf(event),
      "box.whole": (sum, event) => sum + sumOf(event)
    }
  })

export const SumBefore = summing("box.sum.before")
export const SumAfter = summing("box.sum.after")
export const FieldBefore = Metric.counter("box.field.before", { events: BoxEvent, value: "n" })
export const FieldAfter = Metric.counter("box.field.after", { events: BoxEvent, value: "n" })

/** Metrics whose reducers modify the event. */
export const WritingReducer = Metric.make("box.writing.reducer", {
  events: BoxEvent,
  initial: 0,
  reduce: {
    "box.row": (sum, event) => sum + overwrite(event),
    "box.whole": (sum, event) => sum + overwrite(event)
  }
})

/** Its label function modifies the event. */
export const WritingLabel = Metric.counter("box.writing.label", {
  events: BoxEvent,
  labels: { n: (event) => overwrite(event) }
})

/** Its filter modifies the event. */
export const WritingFilter = Metric.counter("box.writing.filter", {
  events: BoxEvent,
  value: "n",
  filter: (event) => overwrite(event) > 0
})
