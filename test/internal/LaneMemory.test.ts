// A runtime may have 100 000 recorders. The memory of one where metrics are folded is limited, independently of what
// the runtime has seen before.
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { beforeAll, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { Metric } from "mvx-metrics"
import { Folding } from "../support/folding.ts"

setFlagsFromString("--expose-gc")
const collect: () => void = runInNewContext("gc")

const Family = Schema.TaggedUnion({ visit: { user: Schema.String, seconds: Schema.Number } })
const visitOf = (user: string) => ({ _tag: "visit", user, seconds: 0.3 })
const options = { events: Family, when: "visit", labels: ["user"] } as const
const Visits = Metric.counter("visits", options)
const Durations = Metric.histogram("durations", { ...options, value: "seconds", boundaries: [0.1, 0.2, 0.5, 1, 2, 5] })

const recorders = 500

/** Bytes of the heap for each of many recorders, of which only the fold knows, with its string in both dictionaries. */
const bytesEach = (folding: Folding, metrics: ReadonlyArray<Metric.Any>): number => {
  const open = (name: string) => {
    for (let i = 0; i < recorders; i++) folding.recorder(metrics).emit(visitOf(`${name}-${i}`), 0)
    folding.fold()
    collect()
    return process.memoryUsage().heapUsed
  }
  // The first ones compile the code that all share. What else is compiled meanwhile can only add to what is measured.
  const used = ["first", "second", "third", "fourth"].map(open)
  return Math.min(...used.slice(1).map((bytes, i) => bytes - used[i]!)) / recorders
}

// Code is compiled anew once it is known what it is called with.
beforeAll(() => void bytesEach(new Folding(), [Visits, Durations]))

it("a recorder with a counter uses at most 2.5 kB, with a histogram as well at most 4 kB", () => {
  expect(bytesEach(new Folding(), [Visits])).toBeLessThan(2500)
  expect(bytesEach(new Folding(), [Visits, Durations])).toBeLessThan(4000)
})

it("a recorder uses as little in a runtime that has seen 60 000 strings", () => {
  const folding = new Folding()
  const first = folding.recorder([Visits])
  for (let i = 0; i < 60_000; i++) first.emit(visitOf(`user-${i}`), 0)
  first.read()
  expect(bytesEach(folding, [Visits])).toBeLessThan(2500)
})

it("a recorder uses as little in a runtime that has seen 1000 layouts of events", () => {
  const folding = new Folding()
  for (let i = 0; i < 1000; i++) {
    const events = Schema.TaggedUnion({ [`tag${i}`]: { user: Schema.String } })
    folding.recorder([Metric.counter("c", { events })]).emit({ _tag: `tag${i}`, user: "" } as never, 0)
  }
  expect(bytesEach(folding, [Visits])).toBeLessThan(2500)
})

it("a recorder retains nothing of the tags of 100 000 events that no metric knows", () => {
  const folding = new Folding()
  const recorder = folding.recorder([Visits])
  const emit = (from: number, to: number) => {
    for (let i = from; i < to; i++) recorder.emit({ _tag: `made up ${i}` }, 0)
    folding.fold()
    collect()
    return process.memoryUsage().heapUsed
  }
  const before = emit(0, 1000)
  expect(emit(1000, 101_000) - before).toBeLessThan(500_000)
})
