// A defect of the library is distinguished from errors thrown by a getter of an event or a function of a metric.
import { expect, it, vi } from "@effect/vitest"
import { Schema } from "effect"
import { Metric } from "mvx-metrics"
import type { Kernel } from "../../src/internal/fold/kernels/kernel.ts"
import { SeriesCut } from "../../src/internal/fold/kernels/seriesCut.ts"
import { RegisteredMetric } from "../../src/internal/fold/registeredMetric.ts"
import { copyOf } from "../../src/internal/stream/eventWriter.ts"
import { DataDecoder } from "../../src/internal/stream/rows/decodeData.ts"
import { StreamPair } from "../support/streamPair.ts"

const defect = new Error("defect")
const fails = (): never => {
  throw defect
}

const events = Schema.TaggedUnion({ job: { n: Schema.Number } })
const job = { _tag: "job", n: 1 } as const
const hostile = Object.defineProperty({ _tag: "job" }, "n", { enumerable: true, get: fails })

it("an event string that cannot be written is a defect, and the next event succeeds", () => {
  const pair = new StreamPair()
  const room = vi.spyOn(pair.writer as never as { room: () => boolean }, "room").mockImplementationOnce(fails)
  expect(() => pair.generic(1, job, 0)).toThrow(defect)
  room.mockRestore()
  expect(pair.generic(1, hostile as never, 0)).toBe(false)
  expect(pair.generic(1, job, 0)).toBe(true)
  pair.flush()
  expect(pair.events).toEqual([job])
})

it("an event copy that cannot be rebuilt is a defect", () => {
  const decode = vi.spyOn(DataDecoder.prototype, "event").mockImplementationOnce(fails)
  try {
    expect(() => copyOf(job)).toThrow(defect)
  } finally {
    decode.mockRestore()
  }
  expect(copyOf(hostile)).toBe(undefined)
  expect(copyOf(job)).toEqual(job)
})

it("a metric is quarantined for errors of its functions, and not for a defect of its fold", () => {
  const quarantined = vi.fn()
  const registered = (metric: Metric.Any) =>
    new RegisteredMetric(metric, 0, 0, 0, { quarantined, cut: (kernel) => new SeriesCut(kernel) })
  const counter = registered(Metric.counter("jobs", { events }))
  vi.spyOn((counter.kernel as Kernel).points, "add").mockImplementationOnce(fails)
  expect(() => counter.reduce(job, 0)).toThrow(defect)
  expect(counter.reduce(job, 0)).toBe(true)
  expect([counter.inService, quarantined.mock.calls]).toEqual([true, []])

  const labelled = registered(Metric.counter("labelled", { events, labels: { n: fails } }))
  const reduced = registered(Metric.make("reduced", { events, initial: 0, reduce: { job: fails } }))
  for (const cell of [labelled, reduced]) {
    expect(cell.reduce(job, 0)).toBe(false)
    expect(cell.inService).toBe(false)
  }
})
