// Metrics with faulty views, or unusual faults. Both threads import this module.
import { Metric } from "mvx-metrics"
import { ProbeEvent } from "./probe.metrics.ts"

/** Its view throws from the third tick on. */
export const FaultyView = Metric.make("faulty.view", {
  events: ProbeEvent,
  initial: 0,
  reduce: { "probe.tick": (count) => count + 1 },
  view: (count) => {
    if (count >= 3) throw new TypeError(`cannot show ${count}`)
    return { count }
  }
})

/** Its view returns a value that is not plain data. */
export const OpaqueView = Metric.make("faulty.opaque_view", {
  events: ProbeEvent,
  initial: 0,
  reduce: { "probe.tick": (count) => count + 1 },
  view: (count) => ({ count: () => count })
})

/** Its reducer throws an unprintable value that is not an error. */
export const ThrowsOddly = Metric.make("faulty.throws_oddly", {
  events: ProbeEvent,
  initial: 0,
  reduce: {
    "probe.poison": (_count, { reason }) => {
      throw reason === "a text" ? reason : Object.create(null)
    }
  }
})

/** Its reducer modifies its state in place, which is frozen. */
export const ChangesInPlace = Metric.make("faulty.changes_in_place", {
  events: ProbeEvent,
  initial: { count: 0 },
  reduce: {
    "probe.tick": (state) => {
      ;(state as { count: number }).count++
      return state
    }
  }
})

/** Shows and keeps nested lists, with the number of levels given by a note's text. */
export const Nesting = Metric.make("faulty.nesting", {
  events: ProbeEvent,
  initial: [] as ReadonlyArray<unknown>,
  reduce: { "probe.note": (_state, { text }) => nestedLists(Number(text)) as ReadonlyArray<unknown> }
})

export const nestedLists = (levels: number): unknown =>
  Array.from({ length: levels - 1 }).reduce((inner) => [inner], [] as unknown)
