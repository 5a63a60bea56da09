// Reads in progress are saved with their lane in steps, however long, so that another fold answers them.
import { afterEach, beforeEach, expect, it, vi } from "@effect/vitest"
import { Schema } from "effect"
import { Metric } from "mvx-metrics"
import { Fold } from "../../src/internal/fold/fold.ts"
import { SavedAtOnce } from "../../src/internal/fold/kernels/savedKernel.ts"
import type { SavedLane } from "../../src/internal/fold/savedLane.ts"
import { laneIn } from "../../src/internal/fold/segment.ts"
import { ChunkBytes } from "../../src/internal/stream/foldedCounters.ts"
import type { FoldMessage } from "../../src/internal/stream/foldMessages.ts"

const Family = Schema.TaggedUnion({ ping: { of: Schema.String } })
const Pings = Metric.counter("pings", { events: Family, labels: ["of"], maxSeries: 10_000 })

const Parts = 8
const ping = (i: number) => ({ _tag: "ping", of: `series ${i}` }) as const

const setUp = () => {
  const sent: Array<FoldMessage> = []
  const fold = new Fold({ send: (message) => void sent.push(message), sendCopies: true, onPageRead: () => {} })
  // Behind the first row.
  Object.defineProperty(fold.reader, "position", { value: 1 })
  fold.command({ _tag: "Counters", chunk: 0, buffer: new ArrayBuffer(ChunkBytes) })
  fold.command({ _tag: "Open", lane: 0, recorderId: "r" })
  fold.command({ _tag: "Register", lane: 0, name: Pings.name, metric: Pings, at: 0 })
  for (let i = 0; i < Parts * SavedAtOnce; i++) fold.main.event(0, ping(i), 1)
  fold.command({ _tag: "Read", lane: 0, request: 7, what: "snapshots", now: 10 })
  const isAnswered = (): boolean => sent.some(({ _tag }) => _tag === "Answer")
  return { fold, isAnswered }
}

/** Goes on with all that is read, which the application thread takes. */
const answer = (fold: Fold): void => {
  fold.room.taken(Number.POSITIVE_INFINITY)
  while (fold.work.isPending) fold.work.goOn()
}

/** What is saved in the first step and each one behind it. */
const saved = (fold: Fold, between: (step: number) => void): { readonly lane: SavedLane; readonly steps: number } => {
  const saving = fold.lanes.saving(0)
  for (let steps = 1; ; steps++) {
    const { done, value } = saving.next()
    if (done === true) return { lane: laneIn(value)!, steps }
    between(steps)
  }
}

// Each look at the clock is past the end of a slice.
beforeEach(() => {
  let now = 0
  vi.spyOn(performance, "now").mockImplementation(() => (now += 3))
})

afterEach(() => void vi.restoreAllMocks())

it("reads in progress are saved in as many steps as the metrics that they read", () => {
  const { fold } = setUp()
  const { lane, steps } = saved(fold, () => {})
  expect(lane.reads.map(({ command }) => command.request)).toEqual([7])
  // Of the series each time, the last part and the first are in one step.
  expect(steps).toBe(2 * Parts - 1)
})

it.each([
  ["and the series change", 1],
  ["changed series change again", -1]
])("reads in progress are saved as of the first step when they are answered meanwhile %s", (_, changedAt) => {
  const { fold, isAnswered } = setUp()
  if (changedAt < 0) fold.main.event(0, ping(0), 2)
  const before = saved(fold, () => {}).lane
  const { lane } = saved(fold, (step) => {
    if (step === 3) answer(fold)
    for (let i = 0; i < Parts * SavedAtOnce; i += 100) fold.main.event(0, ping(i), 3 + step)
  })
  expect(isAnswered()).toBe(true)
  expect(lane).toEqual(before)
})
