// Views written by hand run one by one while events are folded, also those of one recorder. What they show, and which of
// them put their metrics out and when, is as if they had run in the call.
import { deepStrictEqual } from "node:assert"
import { afterEach, beforeEach, expect, it, vi } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import { Fold } from "../../src/internal/fold/fold.ts"
import { readAgain } from "../../src/internal/fold/metricReads.ts"
import { laneIn } from "../../src/internal/fold/segment.ts"
import type { ReadCommand } from "../../src/internal/stream/commands.ts"
import { ChunkBytes } from "../../src/internal/stream/foldedCounters.ts"
import type { FoldMessage } from "../../src/internal/stream/foldMessages.ts"
import { runs } from "../support/long.ts"

const Family = Schema.TaggedUnion({ ping: {}, pong: {} })
const Tags = ["ping", "pong"] as const
type Tag = (typeof Tags)[number]

/** Views that were run. */
let calls = 0

interface Options {
  readonly tag?: Tag
  /** Its view throws when it has come to this. */
  readonly failsAt?: number
  /** Likewise its reducer. */
  readonly reducesTo?: number
}

const definition = (name: string, { failsAt, reducesTo, tag = "ping" }: Options = {}) =>
  Metric.make(name, {
    events: Family,
    initial: 0,
    reduce: {
      [tag]: (total: number) => {
        if (total === reducesTo) throw new Error(`no event ${total}`)
        return total + 1
      }
    },
    view: (total, now) => {
      calls++
      if (total === failsAt) throw new Error(`no view of ${total}`)
      return { total, now }
    }
  })

const setUp = (metrics: ReadonlyArray<Metric.Any>) => {
  const sent: Array<FoldMessage> = []
  const fold = new Fold({
    send: (message) => void sent.push(structuredClone(message)),
    sendCopies: true,
    onPageRead: () => {}
  })
  // Behind the first row.
  Object.defineProperty(fold.reader, "position", { value: 1 })
  fold.command({ _tag: "Counters", chunk: 0, buffer: new ArrayBuffer(ChunkBytes) })
  fold.command({ _tag: "Open", lane: 0, recorderId: "r" })
  const register = (metric: Metric.Any) => fold.command({ _tag: "Register", lane: 0, name: metric.name, metric, at: 0 })
  metrics.forEach(register)
  const emit = (tag: Tag = "ping"): void => fold.main.event(0, { _tag: tag }, 1)
  const read = (request: number, what: ReadCommand["what"] = "snapshots", now = 10): void =>
    fold.command({ _tag: "Read", lane: 0, request, what, now })
  const finish = (): void => {
    while (fold.work.isPending) slice()
  }
  const slice = (): number => {
    fold.room.taken(Number.POSITIVE_INFINITY)
    const before = calls
    fold.work.goOn()
    return calls - before
  }
  const answers = () =>
    new Map(sent.flatMap((message) => (message._tag === "Answer" ? [[message.request, message.read] as const] : [])))
  const totals = (request: number) =>
    answers()
      .get(request)
      ?.map((part) => (part as { readonly dimensions: { readonly total: number } }).dimensions.total)
  const quarantined = () => sent.flatMap((each) => (each._tag === "Quarantined" ? [[each.name, each.sequence]] : []))
  return { fold, sent, emit, read, register, finish, slice, answers, totals, quarantined }
}

// Each look at the clock is past the end of a slice.
beforeEach(() => {
  let now = 0
  vi.spyOn(performance, "now").mockImplementation(() => (now += 3))
})

afterEach(() => void vi.restoreAllMocks())

const twenty = Array.from({ length: 20 }, (_, i) => definition(`hand_${i}`))

it.each(["snapshots", "shown", "largest", "states"] as const)(
  "run one in a slice in a read of %s of one recorder, and the fold goes on between two of them",
  (what) => {
    const { answers, emit, fold, read, slice } = setUp(twenty)
    emit()
    calls = 0
    read(7, what)
    const inCall = calls
    const slices: Array<number> = []
    const inEvents: Array<number> = []
    while (fold.work.isPending) {
      slices.push(slice())
      const before = calls
      emit()
      inEvents.push(calls - before)
    }
    expect(inCall).toBeLessThanOrEqual(1)
    expect(Math.max(...slices)).toBe(what === "states" ? 0 : 1)
    // A step, and an event, for each of them.
    expect(slices.length).toBeGreaterThanOrEqual(twenty.length)
    expect(Math.max(...inEvents)).toBe(0)
    // What there was at its turn.
    const twin = setUp(twenty)
    twin.emit()
    twin.read(7, what)
    twin.finish()
    expect(answers().get(7)).toEqual(twin.answers().get(7))
  }
)

it("show all metrics as of one moment in a read, whatever comes between two views, and what comes next in the next one", () => {
  const { emit, finish, read, slice, totals } = setUp(twenty)
  emit()
  read(1)
  for (let i = 0; i < 5; i++) slice()
  emit()
  read(2)
  for (let i = 0; i < 5; i++) slice()
  emit()
  finish()
  expect([totals(1), totals(2)]).toEqual([Array(20).fill(1), Array(20).fill(2)])
})

it("put a metric out as of the read, also where they run later: it has missed what has come since", () => {
  const { answers, emit, finish, quarantined, read } = setUp([definition("a"), definition("b", { failsAt: 1 })])
  emit()
  read(1)
  for (const tag of ["ping", "pong", "ping"] as const) emit(tag)
  expect(quarantined()).toEqual([])
  finish()
  expect(quarantined()).toEqual([["b", 1]])
  read(2)
  finish()
  const quarantine = (missed: number) => ({ error: "view: Error: no view of 1", missed })
  expect([answers().get(1)![1], answers().get(2)![1]]).toEqual([
    { name: "b", dimensions: {}, quarantine: quarantine(0) },
    { name: "b", dimensions: {}, quarantine: quarantine(2) }
  ])
})

it("are not run for a read that nobody waits for any more", () => {
  const { emit, finish, fold, read } = setUp(twenty)
  emit()
  read(1)
  calls = 0
  fold.dropRead({ _tag: "Unwanted", lane: 0, request: 1 })
  emit()
  read(2)
  finish()
  expect(calls).toBe(20)
})

it("run one in a step where the lane is saved, and what is saved has what they show", () => {
  const { emit, fold, finish, read, answers } = setUp(twenty)
  emit()
  read(1)
  const steps = fold.lanes.saving(0)
  const inSteps: Array<number> = []
  for (;;) {
    const before = calls
    const step = steps.next()
    inSteps.push(calls - before)
    if (step.done !== true) {
      emit()
      continue
    }
    expect(Math.max(...inSteps)).toBe(1)
    const [saved] = laneIn(step.value)!.reads
    const reader = setUp(twenty).fold.lanes.find(0)!
    const again = readAgain(reader, saved!, (name) => twenty.find((each) => each.name === name)!, true)
    finish()
    expect(again.metrics.map(({ steps }) => steps.next().value)).toEqual(answers().get(1))
    return
  }
})

const anyOptions = fc.record(
  { tag: fc.constantFrom(...Tags), failsAt: fc.nat({ max: 6 }), reducesTo: fc.nat({ max: 6 }) },
  { requiredKeys: [] }
)

const anyStep = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("emit" as const), tag: fc.constantFrom(...Tags) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("read" as const),
      what: fc.constantFrom("snapshots" as const, "shown" as const, "largest" as const, "states" as const),
      now: fc.constantFrom(5, 10)
    })
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("slice" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom("reset" as const, "save" as const, "watch" as const, "again" as const) })
  }
)

it("show and put out what they would in the call of the read, for any metrics, events, reads and failures", () => {
  fc.assert(
    fc.property(
      fc.array(anyOptions, { minLength: 1, maxLength: 3 }),
      fc.array(anyStep, { maxLength: 30, size: "max" }),
      (options, steps) => {
        const metrics = options.map((each, i) => definition(`m${i}`, each))
        const [later, atOnce] = [setUp(metrics), setUp(metrics)]
        let requests = 0
        let watch: "none" | "all" = "none"
        for (const step of steps) {
          if (step.do === "read") requests++
          if (step.do === "watch") watch = watch === "none" ? "all" : "none"
          for (const side of [later, atOnce]) {
            const { fold } = side
            switch (step.do) {
              case "emit":
                side.emit(step.tag)
                break
              case "read":
                side.read(requests, step.what, step.now)
                break
              case "reset":
                fold.command({ _tag: "Reset", lane: 0, at: 1 })
                break
              case "again":
                side.register({ ...metrics[0]!, unit: "{again}" } as Metric.Any)
                break
              case "watch":
                fold.command({ _tag: "Watch", lane: 0, watch })
                break
              case "slice":
                side.slice()
            }
            // Listeners take what they are sent.
            for (;;) {
              const last = side.sent.findLast(({ _tag }) => _tag === "Changes")
              if (last?._tag !== "Changes" || side.fold.lanes.find(0)!.sequence !== last.sequence) break
              const count = side.sent.length
              fold.command({ _tag: "Delivered", lane: 0, sequence: last.sequence })
              if (side.sent.length === count) break
            }
            if (side === atOnce) side.finish()
          }
          // The save itself runs the views that are left.
          if (step.do === "save") deepStrictEqual(savedOf(later.fold), savedOf(atOnce.fold))
        }
        later.finish()
        deepStrictEqual(later.answers(), atOnce.answers())
        deepStrictEqual(savedOf(later.fold), savedOf(atOnce.fold))
        const changes = ({ sent }: typeof later) => sent.filter(({ _tag }) => _tag === "Changes")
        deepStrictEqual(changes(later), changes(atOnce))
      }
    ),
    { numRuns: runs(300) }
  )
})

/** What there is of the metrics. */
const savedOf = (fold: Fold) => laneIn(fold.lanes.recordOf(0))!.metrics
