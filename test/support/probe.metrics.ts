// The events and metrics of the contract tests. Both threads import this module.
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const ProbeEvent = Schema.TaggedUnion({
  "probe.tick": { n: Schema.Number },
  "probe.note": { text: Schema.String, tags: Schema.Array(Schema.String) },
  "probe.poison": { reason: Schema.String }
})
export type ProbeEvent = typeof ProbeEvent.Type

export const tick = (n = 1) => ({ _tag: "probe.tick", n }) as const
export const note = (text: string, ...tags: ReadonlyArray<string>) => ({ _tag: "probe.note", text, tags }) as const
export const poison = (reason: string) => ({ _tag: "probe.poison", reason }) as const

/** The number of ticks, and the sum of their numbers. */
export const Ticks = Metric.make("probe.ticks", {
  events: ProbeEvent,
  initial: { count: 0, sum: 0 },
  reduce: { "probe.tick": (state, { n }) => ({ count: state.count + 1, sum: state.sum + n }) }
})

/** The sum of the numbers of the ticks: a built-in metric. */
export const Sums = Metric.upDownCounter("probe.sums", { events: ProbeEvent, when: "probe.tick", value: "n" })

/** The numbers of the ticks in the order in which they were folded, each with its time. */
export const TickLog = Metric.make("probe.tick.log", {
  events: ProbeEvent,
  initial: [] as ReadonlyArray<readonly [n: number, at: number]>,
  reduce: { "probe.tick": (state, { n }, at) => [...state, [n, at] as const] },
  view: (state, now) => ({ log: state, now })
})

/** The texts of the notes, with their tags. */
export const Notes = Metric.make("probe.notes", {
  events: ProbeEvent,
  initial: [] as ReadonlyArray<string>,
  reduce: { "probe.note": (state, { tags, text }) => [...state, [text, ...tags].join(" #")] },
  view: (state) => ({ notes: state })
})

/** The number of notes for each text. */
export const NotesByText = Metric.counter("probe.notes_by_text", {
  events: ProbeEvent,
  when: "probe.note",
  labels: ["text"]
})

/** Counts even ticks only: for odd ones it returns the same state. */
export const EvenTicks = Metric.make("probe.even_ticks", {
  events: ProbeEvent,
  initial: 0,
  reduce: { "probe.tick": (count, { n }) => (n % 2 === 0 ? count + 1 : count) }
})

/** Counts ticks until it is poisoned: its reducer throws on the first poison. */
export const Fragile = Metric.make("probe.fragile", {
  events: ProbeEvent,
  initial: 0,
  reduce: {
    "probe.tick": (count) => count + 1,
    "probe.poison": (_count, { reason }) => {
      throw new RangeError(reason)
    }
  }
})
