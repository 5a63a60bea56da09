// A read shows the moment of its turn, whatever arrives before it is complete.
import { deepStrictEqual } from "node:assert"
import { deserialize, serialize } from "node:v8"
import { describe, it, vi } from "@effect/vitest"
import fc from "fast-check"
import type { Metric } from "mvx-metrics"
import { Kernel } from "../../src/internal/fold/kernels/kernel.ts"
import { LaneMetrics } from "../../src/internal/fold/laneMetrics.ts"
import { type CutRead, readAgain } from "../../src/internal/fold/metricReads.ts"
import { nowhere } from "../../src/internal/fold/place.ts"
import type { SeriesFilter } from "../../src/internal/metric/definition/seriesFilter.ts"
import { BlockPoints } from "../../src/internal/metric/instruments/blockPoints.ts"
import type { ReadCommand } from "../../src/internal/stream/commands.ts"
import type { ReadPart } from "../../src/internal/stream/foldMessages.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { anyDefinition, anyEvent, definitionOf } from "../support/anyKernels.ts"
import { kinds } from "../support/kit.ts"

interface Shown {
  readonly dimensions: { readonly series: ReadonlyArray<object> }
}

type What = ReadCommand["what"]
const whats = ["snapshots", "shown", "largest", "states"] as const

const readOf = (what: What, now: number, labels?: SeriesFilter): ReadCommand => ({
  _tag: "Read",
  lane: 0,
  request: 0,
  what,
  now,
  labels,
  maxSeries: 3
})

const place = { lane: 0, place: nowhere, quarantined: () => {}, notKept: () => {} }

class Lane {
  readonly metrics = new LaneMetrics(place)
  #sequence = 0

  constructor(definitions: ReadonlyArray<Metric.Any>) {
    for (const [i, metric] of definitions.entries())
      this.metrics.register({ ...metric, name: `m${i}` } as Metric.Any, 0)
  }

  emit(events: ReadonlyArray<MetricEvent>, at: number): void {
    for (const event of events) this.metrics.event(event, at, ++this.#sequence, undefined)
  }

  begin(command: ReadCommand): CutRead {
    return this.metrics.read(command, this.#sequence, true)
  }

  ask(what: What, now: number, labels?: SeriesFilter) {
    return this.begin(readOf(what, now, labels)).metrics.map(({ steps }) => steps)
  }

  read(what: What, now: number): ReadonlyArray<ReadPart | undefined> {
    return structuredClone(this.ask(what, now).map(allSteps))
  }
}

const anyEvents = fc.array(anyEvent, { maxLength: 30, size: "max" })
const anyTime = fc.constantFrom(0, 900, 1000, 1950, 2100.5, -3)

it("a cut shows the moment of its turn, for any metrics, events and times", () => {
  fc.assert(
    fc.property(
      fc.array(anyDefinition, { minLength: 1, maxLength: 3 }),
      fc.tuple(anyEvents, anyTime, anyTime),
      fc.constantFrom(...whats),
      fc.array(
        fc.oneof(
          fc.record({ events: anyEvents, at: anyTime }),
          fc.record({ do: fc.constantFrom("reset", "rewind", "read"), at: anyTime })
        ),
        { maxLength: 4 }
      ),
      fc.nat({ max: 2 }),
      (definitions, [before, at, now], what, meanwhile, stepsBefore) => {
        const [lane, twin] = [new Lane(definitions), new Lane(definitions)]
        for (const each of [lane, twin]) each.emit(before, at)
        const expected = twin.read(what, now)
        const command = readOf(what, now)
        const { metrics } = lane.begin(command)
        for (let i = 0; i < stepsBefore; i++) metrics[0]!.steps.next()
        for (const step of meanwhile) {
          if ("events" in step) lane.emit(step.events, step.at)
          else if (step.do === "reset") lane.metrics.reset(undefined, step.at)
          else if (step.do === "rewind") lane.metrics.rewind(step.at)
          else lane.read("states", step.at)
        }
        // As another fold makes it that has taken the place of this one.
        const parts = deserialize(serialize(metrics.map(({ save }) => allSteps(save()))))
        const named = (name: string) => ({ ...definitions[Number(name.slice(1))]!, name }) as Metric.Any
        const again = readAgain(place, { command, parts }, named, true)
        deepStrictEqual(
          again.metrics.map(({ steps }) => allSteps(steps)),
          expected
        )
        const first = stepsBefore === 0 ? 0 : 1
        deepStrictEqual(
          metrics.slice(first).map(({ steps }) => allSteps(steps)),
          expected.slice(first)
        )
      }
    ),
    { numRuns: 150 }
  )
})

it("a cut is the same in one call as in steps, for any metrics, events and times, sent or not", () => {
  fc.assert(
    fc.property(
      fc.array(anyDefinition, { minLength: 1, maxLength: 3 }),
      fc.tuple(anyEvents, anyTime, anyTime),
      fc.boolean(),
      (definitions, [before, at, now], isSent) => {
        const [lane, twin] = [new Lane(definitions), new Lane(definitions)]
        for (const each of [lane, twin]) each.emit(before, at)
        const command = readOf("snapshots", now)
        const steps = twin.metrics.read(command, before.length, isSent).metrics
        deepStrictEqual(
          structuredClone(lane.metrics.readBriefly(command, before.length, isSent)),
          structuredClone(steps.map(({ steps }) => allSteps(steps)))
        )
      }
    ),
    { numRuns: 150 }
  )
})

it.each(["counter", "exponentialHistogram"])(
  "a cut is made in one call if all series are few, of one %s or of several",
  (kind) => {
    const three = [1, 2, 3].map(() => definitionOf(kind, { labels: ["path"] }))
    const isBrief = (definitions: ReadonlyArray<Metric.Any>, series: number): boolean => {
      const lane = new Lane(definitions)
      lane.emit(many(1).slice(0, series), 0)
      return lane.metrics.readBriefly(readOf("snapshots", 0), series, true) !== undefined
    }
    deepStrictEqual([isBrief(three.slice(2), 32), isBrief(three.slice(2), 33)], [true, false])
    deepStrictEqual([isBrief(three, 10), isBrief(three, 11)], [true, false])
    // What has no labels is viewed in the call in any case.
    const sole = Array.from({ length: 40 }, () => definitionOf(kind, {}))
    deepStrictEqual([isBrief([...sole, ...three], 10), isBrief([...three, ...sole], 11)], [true, false])
  }
)

it("a cut that is not sent belongs to its reader", () => {
  const metrics = Object.keys(kinds).flatMap((kind) => [
    definitionOf(kind, {}),
    definitionOf(kind, { labels: ["path"] })
  ])
  const lane = new Lane(metrics)
  lane.emit(many(1).slice(0, 3), 0)
  const read = () => lane.metrics.readBriefly(readOf("snapshots", 0), 3, false)!
  const [own, expected] = [read(), structuredClone(read())]
  change(own)
  deepStrictEqual(structuredClone(read()), expected)
})

/** Everything in it is another value. */
const change = (value: unknown): void => {
  if (typeof value !== "object" || value === null) return
  for (const [name, each] of Object.entries(value)) {
    if (typeof each === "object") change(each)
    else (value as Record<string, unknown>)[name] = "changed"
  }
}

/** More series than one step takes. */
const many = (seconds: number): ReadonlyArray<MetricEvent> =>
  Array.from({ length: 400 }, (_, i) => ({ _tag: "request", path: `/${i}`, seconds: seconds + i, ok: i % 2 === 0 }))

describe.each(Object.keys(kinds))("%s", (kind) => {
  it.each(whats)("continues with the values at the cut when its series change during the read: %s", (what) => {
    const metric = definitionOf(kind, { labels: ["path"], expireAfter: 1000 })
    const [lane, twin] = [new Lane([metric]), new Lane([metric])]
    for (const each of [lane, twin]) {
      each.emit(many(1), 0)
      each.emit(many(3).slice(0, 300), 900)
    }
    const expected = twin.read(what, 1100)
    const steps = lane.ask(what, 1100)[0]!
    steps.next()
    lane.emit(many(5).slice(0, 10), 1200)
    steps.next()
    lane.emit(many(7), 2500)
    deepStrictEqual(allSteps(steps), expected[0])
  })
})

it("is copied once for all readers", () => {
  const lane = new Lane([definitionOf("counter", { labels: ["path"] })])
  lane.emit(many(1), 0)
  const asked = Array.from({ length: 16 }, () => lane.ask("snapshots", 0))
  const copies = vi.spyOn(Kernel.prototype, "copy")
  try {
    lane.emit(many(1), 0)
    deepStrictEqual(copies.mock.calls.length, 1)
  } finally {
    copies.mockRestore()
  }
  const [first, ...others] = asked.map(([steps]) => allSteps(steps!))
  for (const each of others) deepStrictEqual(each, first)
})

it("is read in steps for the few requested series", () => {
  const lane = new Lane([definitionOf("exponentialHistogram", { labels: ["path"] })])
  lane.emit(many(1), 0)
  const asked = lane.ask("snapshots", 0, { path: "/399" })
  const points = vi.spyOn(BlockPoints.prototype, "point")
  try {
    const steps = asked[0]!
    let count = 0
    let step = steps.next()
    for (; step.done !== true; step = steps.next()) count++
    deepStrictEqual([count, points.mock.calls.length], [3, 1])
    deepStrictEqual((step.value as never as Shown).dimensions.series, [
      (lane.read("snapshots", 0)[0] as never as Shown).dimensions.series[399]
    ])
  } finally {
    points.mockRestore()
  }
})
