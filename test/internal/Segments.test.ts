// The parts of a checkpoint, and which of them are kept.
import { Schema } from "effect"
import { Metric } from "mvx-metrics"
import { expect, it } from "vitest"
import { putBack, setAside } from "../../src/internal/fold/asides.ts"
import { KeptSegments } from "../../src/internal/fold/keptSegments.ts"
import { kernelOf } from "../../src/internal/fold/kernels/kernelOf.ts"
import type { SavedLane } from "../../src/internal/fold/savedLane.ts"
import {
  bytesOf,
  laneIn,
  laneRecord,
  OfLeft,
  OfLog,
  OfStrings,
  recordsOf,
  type SavedRecord,
  segmentOf,
  segmentSteps
} from "../../src/internal/fold/segment.ts"
import { SegmentMemory } from "../../src/internal/fold/segmentMemory.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { foldEvent } from "../support/foldEvent.ts"

const savedLane = (state: unknown): SavedLane => ({
  lane: 3,
  life: 0,
  recorderId: "r",
  stream: 0,
  sequence: 5,
  applied: 4,
  ignored: 1,
  watch: "none",
  isSealed: false,
  reads: [],
  inbox: [
    {
      _tag: "Events",
      events: [{ _tag: "a", aside: "Float64Array", index: 0 } as never],
      spans: undefined,
      times: [1],
      applied: 0,
      ignored: 0
    }
  ],
  undelivered: undefined,
  metrics: [
    {
      name: "m",
      epoch: 0,
      createdAt: 0,
      isContinued: false,
      quarantine: undefined,
      viewFault: undefined,
      duplicates: undefined,
      shown: undefined,
      state: { _tag: "Kernel", kernel: state as never }
    }
  ]
})

const large = Float64Array.from({ length: 2000 }, (_, i) => i / 3)

it("large arrays are stored separately, and restored into memory of their own", () => {
  const saved = savedLane({ points: { sums: large, few: new Int32Array([1, 2]) }, keys: ["a", "b"], idle: undefined })
  const asides: Array<Uint8Array> = []
  const rest = setAside(saved, asides)
  expect(asides).toHaveLength(1)
  expect(putBack(rest, asides)).toEqual(saved)
})

it("a saved lane is kept in a segment, which may be larger", () => {
  const saved = savedLane({ points: large })
  const records = [laneRecord(3, 70, 700, saved), laneRecord(4, 71, 71, undefined)]
  const [first, closed] = recordsOf(allSteps(segmentSteps(records, new SharedArrayBuffer(100_000))))
  expect([first!.lane, first!.at, first!.rowsAt, laneIn(first!)]).toEqual([3, 70, 700, saved])
  expect([closed!.lane, closed!.at, laneIn(closed!)]).toEqual([4, 71, undefined])
  expect(recordsOf(segmentOf(records)).map(({ lane }) => lane)).toEqual([3, 4])
})

it("all data is aligned to whole words, which V8 copies several times faster", () => {
  const parts = [1, 9, 0, 16, 5].map((bytes) => new Uint8Array(bytes).fill(bytes))
  const records = [1, 2].map((lane) => ({ lane, at: 0, rowsAt: 0, parts }))
  const found = recordsOf(segmentOf(records))
  expect(found).toEqual(records)
  for (const part of found.flatMap((each) => each.parts)) expect(part.byteOffset % 8).toBe(0)
})

const record = (lane: number, bytes = 10): SavedRecord => ({ lane, at: 0, rowsAt: 0, parts: [new Uint8Array(bytes)] })
const added = (kept: KeptSegments, records: ReadonlyArray<SavedRecord>): number => kept.add(records, segmentOf(records))
const dropped = (kept: KeptSegments, isWhole = false): ReadonlyArray<number> => kept.drop(isWhole).map(({ id }) => id)

it("a segment is dropped when another one has all of its lanes, but never while the log needs it", () => {
  const kept = new KeptSegments()
  expect([added(kept, [record(0), record(1)]), added(kept, [record(2), record(OfLog)])]).toEqual([0, 1])
  expect(dropped(kept)).toEqual([])
  added(kept, [record(1), record(2)])
  expect(dropped(kept)).toEqual([])
  added(kept, [record(0)])
  expect(dropped(kept)).toEqual([0])
})

it("segments count as wasteful when they keep twice as much as needed, and all are dropped after everything is saved again", () => {
  const kept = new KeptSegments()
  added(kept, [record(0, 800_000), record(1), record(OfLog)])
  for (let i = 0; i < 3; i++) added(kept, [record(0, 800_000), record(i + 10)])
  expect(dropped(kept)).toEqual([])
  expect(kept.isWasteful).toBe(true)
  kept.beginAnew()
  const whole = added(kept, [record(0, 800_000), record(OfLog)])
  expect(dropped(kept, true)).toEqual([0, 1, 2, 3])
  expect(kept.isWasteful).toBe(false)
  added(kept, [record(0)])
  expect(dropped(kept)).toEqual([])
  expect(whole).toBe(4)
})

it("growing data does not count as waste: strings of the log and states of removed recorders", () => {
  const kept = new KeptSegments()
  for (const lane of [OfStrings, OfLeft]) {
    for (let i = 0; i < 4; i++) added(kept, [record(lane, 800_000)])
    expect([dropped(kept), kept.isWasteful]).toEqual([[], false])
  }
  kept.beginAnew()
  added(kept, [record(OfStrings, 800_000), record(OfLog)])
  expect(dropped(kept, true)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  expect(kept.isWasteful).toBe(false)
  // What was dropped is needed no longer, so that waste is compared with the rest.
  for (let i = 0; i < 6; i++) added(kept, [record(0, 800_000), record(i + 10)])
  expect([dropped(kept), kept.isWasteful]).toEqual([[], true])
})

it("little of very many series is serialised: large parts are copied unchanged", () => {
  const family = Schema.TaggedUnion({ request: { path: Schema.String } })
  const kernel = kernelOf(
    Metric.counter("requests", { events: family, when: "request", labels: ["path"], maxSeries: 50_000 })
  )!
  for (let i = 0; i < 20_000; i++) foldEvent(kernel, { _tag: "request", path: `/é/${i}` } as MetricEvent, 0)
  const saved = savedLane(kernel.save())
  const record = laneRecord(3, 0, 0, saved)
  expect(record.parts[0]!.byteLength).toBeLessThan(20_000)
  expect(bytesOf(record)).toBeGreaterThan(300_000)
  expect(laneIn(recordsOf(segmentOf([record]))[0]!)).toEqual(saved)
})

it("the segments of a previous fold are replaced at the first opportunity", () => {
  const kept = new KeptSegments()
  kept.takeOver([4, 7])
  expect(kept.isWasteful).toBe(true)
  kept.beginAnew()
  expect(added(kept, [record(0)])).toBe(8)
  expect(dropped(kept, true)).toEqual([4, 7])
  expect(kept.isWasteful).toBe(false)
})

it("memory for a large record is prepared bit by bit, and reused", () => {
  const memory = new SegmentMemory()
  const records = [record(0, 3_000_000)]
  let turns = 1
  while (!memory.isReady(3_000_100)) turns++
  expect(turns).toBeGreaterThan(2)
  const first = allSteps(memory.put(records))
  expect(memory.isReady(3_000_100)).toBe(false)
  memory.reuse(first)
  expect(memory.isReady(3_000_100)).toBe(true)
  expect(allSteps(memory.put(records))).toBe(first)
  expect(recordsOf(first)).toHaveLength(1)
})

it("segments are released one by one, oldest first, while everything is saved again", () => {
  const kept = new KeptSegments()
  for (const lanes of [
    [4, 1],
    [0, 3]
  ])
    added(
      kept,
      lanes.map((lane) => record(lane))
    )
  expect([...kept.oldestFirst([0, 1, 2, 3, 4])]).toEqual([4, 1, 0, 3, 2])
  expect([...kept.oldestFirst([0, 1])]).toEqual([1, 0])
  kept.beginAnew()
  added(kept, [record(4), record(1)])
  expect(dropped(kept)).toEqual([0])
  added(kept, [record(0)])
  expect(dropped(kept)).toEqual([])
  added(kept, [record(3), record(OfLog)])
  expect(dropped(kept, true)).toEqual([1])
})
