// The metrics that random programs register: hand-written and built-in ones, which read events of every form. Both
// threads import this module.
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

const events = Schema.TaggedUnion({
  /** Has a fixed width. */
  tick: { n: Schema.Number, queue: Schema.String },
  /** Has none. */
  note: { n: Schema.Number, tags: Schema.Array(Schema.String), at: Schema.Struct({ x: Schema.Number }) },
  poison: { n: Schema.Number }
})

/** What came, in order, with its time. */
const log = () =>
  Metric.make("log", {
    events,
    initial: [] as ReadonlyArray<string>,
    reduce: {
      tick: (lines, { n, queue }, at) => [...lines, `tick ${n} ${queue.length} at ${at}`],
      note: (lines, { n, tags, ...note }, at) => [
        ...lines,
        `note ${n} ${tags.map((tag) => tag.length)} ${JSON.stringify(note)} at ${at}`
      ]
    },
    view: (lines) => ({ lines })
  })

/** Takes even ticks only: for the others it returns the same state. */
const even = () =>
  Metric.make("even", { events, initial: 0, reduce: { tick: (sum, { n }) => (n % 2 === 0 ? sum + n : sum) } })

/** Throws at the first poison. */
const fragile = () =>
  Metric.make("fragile", {
    events,
    initial: 0,
    reduce: {
      tick: (count) => count + 1,
      poison: (_, { n }) => {
        throw new RangeError(`poison ${n}`)
      }
    }
  })

/** Built in, with a label that cannot be told of each event. */
const picky = () =>
  Metric.counter("picky", {
    events,
    when: "tick",
    labels: {
      parity: ({ n }) => {
        if (n % 9 === 8) throw new RangeError(`neither: ${n}`)
        return n % 2 === 0 ? "even" : "odd"
      }
    }
  })

const sum = () => Metric.upDownCounter("sum", { events, when: ["tick", "note"], value: "n" })
const queues = () => Metric.counter("queues", { events, when: "tick", labels: ["queue"], maxSeries: 3 })
const recent = () => Metric.window("recent", { events, when: "tick", value: "n", window: "1 second", slots: 4 })
const expiring = () => Metric.counter("expiring", { events, when: "tick", labels: ["queue"], expireAfter: "1 second" })

/** Makes the definitions anew: each is the same as the one of its name that the worker has. */
export const makeMetrics = () => ({
  log: log(),
  even: even(),
  fragile: fragile(),
  picky: picky(),
  sum: sum(),
  queues: queues(),
  recent: recent(),
  expiring: expiring()
})

export const All = Metric.combine(...Object.values(makeMetrics()))
