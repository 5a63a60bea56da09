// A built-in metric is folded in place, from rows or from events. For any definition, any events and any layout in the
// stream it reaches the same state as its pure reducer, which is its definition.
import { deepStrictEqual } from "node:assert/strict"
import { describe, expect, it } from "@effect/vitest"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import type { Kernel } from "../../src/internal/fold/kernels/kernel.ts"
import { kernelOf } from "../../src/internal/fold/kernels/kernelOf.ts"
import { rewindState } from "../../src/internal/metric/rewindState.ts"
import { LastingStrings } from "../../src/internal/stream/rows/format.ts"
import { layoutOf } from "../../src/internal/stream/rows/layout.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { anyDefinition, anySteps, type Definition, definitionOf, Family, type Step } from "../support/anyKernels.ts"
import { foldEvent } from "../support/foldEvent.ts"
import { Folding } from "../support/folding.ts"
import { kinds } from "../support/kit.ts"
import { runs } from "../support/long.ts"

// --- the comparison

/** As it is compared: the order of the series is that in which they came. Of a derived metric, source by source. */
const inOrder = (state: unknown): unknown => {
  if (typeof state !== "object" || state === null) return state
  if (!("series" in state)) return Object.values(state).map(inOrder)
  return { ...state, order: Object.keys(state.series as object) }
}

const play = (folding: Folding, definitions: ReadonlyArray<Definition>, steps: ReadonlyArray<Step>): void => {
  // biome-ignore lint/suspicious/noExplicitAny: of whatever kind.
  const metrics: ReadonlyArray<any> = definitions.map((metric, i) => ({ ...metric, name: `m${i}` }))
  const recorder = folding.recorder(metrics)
  const other = folding.recorder(metrics)
  const kernels = metrics.map((metric) => kernelOf(metric)!)
  let states: ReadonlyArray<unknown> = metrics.map(({ initial }) => initial)
  let last = 0
  const emit = (event: MetricEvent, at: number): void => {
    recorder.emit(event, at)
    last = at
    const before = states
    states = states.map((state, i) => Metric.reduce(metrics[i], state, event, at))
    for (const [i, kernel] of kernels.entries()) {
      const concerned = event._tag in metrics[i].reduce && foldEvent(kernel, event, at)
      expect(concerned, "a kernel says whether the event concerned it").toBe(states[i] !== before[i])
    }
  }
  const compare = (): void => {
    // The clock of a reader may have been set back.
    const now = last - 700
    states = states.map((state, i) => rewindState(metrics[i], state, now))
    for (const kernel of kernels) kernel.rewind(now)
    deepStrictEqual(recorder.states(now).map(inOrder), states.map(inOrder))
    deepStrictEqual(
      kernels.map((kernel) => inOrder(kernel.state())),
      states.map(inOrder)
    )
  }
  for (const step of steps) {
    if (step.do === "emit") for (const event of step.events) emit(event, step.at)
    else if (step.do === "fold") folding.fold()
    else if (step.do === "read") compare()
    else other.emit({ _tag: "request", seconds: 1, method: "PUT", ok: true, path: "/other" } as MetricEvent, 5)
  }
  compare()
}

const anyDefinitions = fc.array(anyDefinition, { minLength: 1, maxLength: 3 })

describe("the kernels of any metrics reach the state of their reducers, for any events", () => {
  it("in a separate stream", () => {
    fc.assert(
      fc.property(anyDefinitions, anySteps, (definitions, steps) => play(new Folding(), definitions, steps)),
      { numRuns: runs(300) }
    )
  })

  it("in a stream whose dictionary is full, so that all strings reuse codes", () => {
    const folding = new Folding()
    for (let i = 0; i < LastingStrings; i++) {
      folding.writer.strings.of(`taken ${i}`)
      if (i % 1000 === 0) folding.fold()
    }
    fc.assert(
      fc.property(anyDefinitions, anySteps, (definitions, steps) => play(folding, definitions, steps)),
      { numRuns: runs(150) }
    )
  })
})

describe("a kernel", () => {
  const emitAll = (definition: Definition, events: ReadonlyArray<MetricEvent>): void =>
    play(new Folding(), [definition], [{ do: "emit", events, at: 7 }])

  const requests = (count: number, of: (i: number) => object): ReadonlyArray<MetricEvent> =>
    Array.from({ length: count }, (_, i) => ({
      ...{ _tag: "request", seconds: i / 100, method: "GET", ok: i % 2 === 0, path: `/${i % 10}` },
      ...of(i)
    }))

  it.each(Object.keys(kinds))("%s accepts pages of events, with many series and beyond their limit", (kind) => {
    const events = requests(3000, (i) => ({ path: `/${i % 150}`, seconds: i % 97 === 0 ? NaN : i / 100 }))
    emitAll(definitionOf(kind, {}), events)
    emitAll(definitionOf(kind, { labels: ["path"], maxSeries: 20 }), events)
    emitAll(definitionOf(kind, { labels: ["path", "ok"] }), events)
  })

  it.each(Object.keys(kinds))("%s accepts values of many magnitudes, whose sums two doubles cannot hold", (kind) => {
    const seconds = (i: number) =>
      i % 97 === 0 ? Infinity : (i % 3 === 0 ? -1 : 1) * 10 ** (((i * 7919) % 24_000) / 1000 - 12)
    const events = requests(3000, (i) => ({ method: i % 5 === 0 ? "GET" : "PUT", seconds: seconds(i) }))
    emitAll(definitionOf(kind, {}), events)
    emitAll(definitionOf(kind, { labels: ["method"] }), events)
  })

  it.each(Object.keys(kinds))("%s accepts integers, which have rows of their own", (kind) => {
    const events = requests(300, (i) => ({ seconds: (i * 37) % 101 }))
    emitAll(definitionOf(kind, {}), events)
    emitAll(definitionOf(kind, { labels: ["method"] }), events)
  })

  it.each(Object.keys(kinds))("%s distinguishes labels that reuse the same codes", (kind) => {
    const events = requests(1000, (i) => ({
      path: `${i % 150}`.padEnd(300, "."),
      user: i % 7 === 0 ? null : `${i % 3}`
    }))
    for (const labels of [["path"], ["path", "ok"], ["path", "user", "method"]]) {
      emitAll(definitionOf(kind, { labels }), events)
    }
  })

  const layout = layoutOf("request", Family.cases.request.ast)!
  const planOf = (kind: string, options: object) => (kernelOf(definitionOf(kind, options)) as Kernel).plan(layout)

  it.each(Object.keys(kinds).filter((kind) => kinds[kind]!.measures === "number"))(
    "%s folds rows in place: the definition shows whether it can",
    (kind) => {
      const plan = (options: object) => planOf(kind, options)
      for (const labels of [[], ["method"], ["path", "ok"], ["user", "method", "ok"]])
        expect(plan({ labels })).toBeDefined()
      expect(plan({ filter: () => true })).toBeUndefined()
      expect(plan({ value: () => 1 })).toBeUndefined()
      expect(plan({ value: "bytes" })).toBeUndefined()
      expect(plan({ labels: { seconds: () => 1 } })).toBeUndefined()
      expect(plan({ expireAfter: 1000 })).toBeUndefined()
    }
  )

  it.each(Object.keys(kinds).filter((kind) => kinds[kind]!.measures !== "number"))("%s accepts events", (kind) => {
    expect(planOf(kind, {})).toBeUndefined()
  })
})
