// Reads and scrapes of very many recorders with hand-written metrics: no slice runs more user code than that of one
// recorder, or of one view in a scrape, and each shows the moment of its turn.
import { afterEach, beforeEach, expect, it, vi } from "@effect/vitest"
import { Schema } from "effect"
import { Metric } from "mvx-metrics"
import { Fold } from "../../src/internal/fold/fold.ts"
import { laneIn } from "../../src/internal/fold/segment.ts"
import { packStats } from "../../src/internal/formats/packedStats.ts"
import type { Command } from "../../src/internal/stream/commands.ts"
import { ChunkBytes } from "../../src/internal/stream/foldedCounters.ts"
import type { FoldMessage } from "../../src/internal/stream/foldMessages.ts"

const Family = Schema.TaggedUnion({ ping: {} })
const ping = { _tag: "ping" } as const
const Recorders = 100

let calls = 0
const Pings = Metric.make("pings", {
  events: Family,
  initial: { total: 0 },
  reduce: { ping: ({ total }) => ({ total: total + 1 }) },
  view: (state) => {
    calls++
    return state
  },
  merge: (left, right) => {
    calls++
    return { total: left.total + right.total }
  }
})

const Apart = { ...Pings, merge: undefined } as Metric.Any

const setUp = (metric: Metric.Any = Pings) => {
  const sent: Array<FoldMessage> = []
  const fold = new Fold({ send: (message) => void sent.push(message), sendCopies: true, onPageRead: () => {} })
  // Behind the first row.
  Object.defineProperty(fold.reader, "position", { value: 1 })
  fold.command({ _tag: "Counters", chunk: 0, buffer: new ArrayBuffer(ChunkBytes) })
  for (let lane = 0; lane < Recorders; lane++) {
    fold.command({ _tag: "Open", lane, recorderId: `r${lane}` })
    fold.command({ _tag: "Register", lane, name: metric.name, metric, at: 0 })
    fold.main.event(lane, ping, 1)
  }
  const read = (lane: number, now = 10): void =>
    fold.command({ _tag: "Read", lane, request: lane, what: "snapshots", now })
  /** By the recorder, what it has shown. */
  const answers = () =>
    new Map(
      sent.flatMap((message) => (message._tag === "Answer" ? [[message.lane, totalOf(message.read[0])] as const] : []))
    )
  return { fold, sent, read, answers }
}

const totalOf = (part: unknown): number =>
  (part as { readonly dimensions: { readonly total: number } }).dimensions.total

const slice = (fold: Fold): number => {
  calls = 0
  fold.work.goOn()
  return calls
}

const slices = (fold: Fold): ReadonlyArray<number> => {
  const all: Array<number> = []
  while (fold.work.isPending) all.push(slice(fold))
  return all
}

const render = (recorderLabel: "id" | "none"): Command => ({
  _tag: "Render",
  request: 1,
  rendering: { format: "text", recorderLabel },
  now: 10,
  namespace: "n",
  recorderIds: Array.from({ length: Recorders }, (_, i) => `r${i}`),
  lanes: Int32Array.from({ length: Recorders }, (_, i) => i),
  stats: packStats([]),
  foldLag: undefined,
  runtime: undefined
})

// Each look at the clock is past the end of a slice.
beforeEach(() => {
  let now = 0
  calls = 0
  vi.spyOn(performance, "now").mockImplementation(() => (now += 3))
})

afterEach(() => void vi.restoreAllMocks())

it("recorders are read one per slice, except the first", () => {
  const { answers, fold, read } = setUp()
  for (let lane = 0; lane < Recorders; lane++) read(lane)
  expect([calls, answers().size]).toEqual([1, 1])
  const all = slices(fold)
  expect(Math.max(...all)).toBe(1)
  expect(all.reduce((a, b) => a + b)).toBe(Recorders - 1)
  expect([...answers().values()]).toEqual(Array(Recorders).fill(1))
})

it("recorders show the state at their turn, whatever they receive later, and are answered when they are saved or removed", () => {
  const { answers, fold, read } = setUp()
  for (let lane = 0; lane < Recorders; lane++) read(lane)
  fold.main.event(50, ping, 11)
  expect(answers().get(50)).toBe(1)
  fold.lanes.recordOf(51)
  expect(answers().get(51)).toBe(1)
  fold.command({ _tag: "Close", lane: 52 })
  expect(answers().get(52)).toBe(1)
  fold.command({ _tag: "Reset", lane: 53, at: 12 })
  expect(answers().get(53)).toBe(1)
  slices(fold)
  read(50, 12)
  read(53, 12)
  slices(fold)
  expect([answers().get(50), answers().get(53), answers().size]).toEqual([2, 0, Recorders])
})

it("recorders are read at once if the clock was set back, because that may change what others see", () => {
  const { answers, read } = setUp()
  read(0)
  read(1)
  expect(answers().size).toBe(1)
  read(1, 0)
  expect(answers().size).toBe(2)
})

it("recorders quarantine a metric whose view throws before the events that follow the read", () => {
  const Touchy = Metric.make("touchy", {
    events: Family,
    initial: 0,
    reduce: { ping: (count) => count + 1 },
    view: (count) => {
      if (count === 1) throw new Error("one")
      return { total: count }
    }
  })
  const { fold, read, sent } = setUp(Touchy)
  for (const lane of [0, 1, 2]) read(lane)
  fold.main.event(2, ping, 11)
  slices(fold)
  expect(sent.flatMap((message) => (message._tag === "Quarantined" ? [[message.lane, message.sequence]] : []))).toEqual(
    [
      [0, 1],
      [2, 1],
      [1, 1]
    ]
  )
})

it.each([
  ["id", "", Pings],
  ["none", "", Pings],
  ["none", ", if they cannot be merged", Apart]
] as const)("recorders are scraped in slices of one call each, by %s%s", (recorderLabel, _, metric) => {
  const { fold, sent } = setUp(metric)
  fold.command(render(recorderLabel))
  expect(calls).toBeLessThanOrEqual(1)
  expect(Math.max(...slices(fold))).toBe(1)
  const rendered = sent.find((message) => message._tag === "Rendered")!
  const text = Buffer.concat(rendered.body!).toString("latin1")
  const total = Array.from(text.matchAll(/^pings.* (\d+)$/gm), ([, value]) => value)
  expect(total).toEqual(recorderLabel === "none" && metric === Pings ? [`${Recorders}`] : Array(Recorders).fill("1"))
})

it("recorders are saved in steps if one has many large states, as in the first", () => {
  const { fold } = setUp()
  const names = Array.from({ length: 40 }, (_, i) => `large-${i}`)
  for (const name of names) {
    const metric = Metric.make(name, {
      events: Family,
      initial: { total: 0, text: "" },
      reduce: { ping: ({ total }) => ({ total: total + 1, text: `${total + 1}`.repeat(8192) }) }
    })
    fold.command({ _tag: "Register", lane: 0, name, metric, at: 0 })
  }
  fold.main.event(0, ping, 1)
  const before = fold.lanes.recordOf(0)
  const steps = fold.lanes.saving(0)
  let count = 0
  let step = steps.next()
  for (; step.done !== true; step = steps.next()) {
    fold.main.event(0, ping, 2)
    count++
  }
  // Of at least 64 KiB each.
  expect(count).toBe(4)
  expect(laneIn(step.value)!.metrics).toEqual(laneIn(before)!.metrics)
})

it("recorders are rendered in slices if one of them has very many numbers", () => {
  const Numbers = Metric.make("numbers", {
    events: Family,
    initial: {} as { readonly [name: string]: number },
    reduce: { ping: () => Object.fromEntries(Array.from({ length: 1280 }, (_, i) => [`of ${i}`, i])) }
  })
  const slicesOf = (metric: Metric.Any): number => {
    const { fold } = setUp(metric)
    fold.command({ ...render("id"), recorderIds: ["r0"], lanes: Int32Array.of(0) } as Command)
    return slices(fold).length
  }
  expect(slicesOf(Numbers) - slicesOf(Pings)).toBe(1280 / 128 - 1)
})

/** One recorder with as many metrics beside `pings`, each of which shows how many events it took. */
const setUpOne = (
  names: ReadonlyArray<string>,
  view: (total: number, name: string) => object = (total) => ({ total })
) => {
  const { fold, sent } = setUp()
  for (const name of names) {
    const metric = Metric.make(name, {
      events: Family,
      initial: 0,
      reduce: { ping: (total) => total + 1 },
      view: (total) => {
        calls++
        return view(total, name)
      }
    })
    fold.command({ _tag: "Register", lane: 0, name, metric, at: 0 })
  }
  fold.main.event(0, ping, 1)
  const scrape = (): void => fold.command({ ...render("id"), recorderIds: ["r0"], lanes: Int32Array.of(0) } as Command)
  const text = (): string => {
    const rendered = sent.find((message) => message._tag === "Rendered")!
    return Buffer.concat(rendered.body!).toString("latin1")
  }
  return { fold, sent, scrape, text }
}

const names = Array.from({ length: 20 }, (_, i) => `hand_${i}`)

/** By its number, what each of them has shown. */
const totals = (text: string): ReadonlyArray<string> =>
  Array.from(text.matchAll(/^hand_.* (\d+)$/gm), ([, total]) => total!)

it("recorders are scraped in slices of one view each if one recorder has many metrics", () => {
  const { fold, scrape, text } = setUpOne(names)
  scrape()
  expect(calls).toBeLessThanOrEqual(1)
  expect(Math.max(...slices(fold))).toBe(1)
  expect(totals(text())).toEqual(names.map(() => "1"))
})

it("recorders show all metrics as of one moment in a scrape, whatever comes between two views", () => {
  const { fold, scrape, text } = setUpOne(names)
  scrape()
  for (let i = 0; i < 5; i++) slice(fold)
  calls = 0
  fold.main.event(0, ping, 11)
  // The views that were left.
  expect(calls).toBeGreaterThan(10)
  expect(Math.max(...slices(fold))).toBe(0)
  expect(totals(text())).toEqual(names.map(() => "1"))
})

it("recorders quarantine a metric whose view throws in a scrape before events that come between two views", () => {
  const { fold, scrape, sent, text } = setUpOne(names, (total, name) => {
    if (name === "hand_19") throw new Error("no view")
    return { total }
  })
  scrape()
  for (let i = 0; i < 5; i++) slice(fold)
  expect(sent.some(({ _tag }) => _tag === "Quarantined")).toBe(false)
  fold.main.event(0, ping, 11)
  expect(sent.flatMap((each) => (each._tag === "Quarantined" ? [[each.name, each.sequence]] : []))).toEqual([
    ["hand_19", 2]
  ])
  slices(fold)
  expect(totals(text())).toEqual(names.slice(1).map(() => "1"))
})

it("recorders run no further view in an abandoned scrape", () => {
  const { fold, scrape } = setUpOne(names)
  scrape()
  for (let i = 0; i < 5; i++) slice(fold)
  fold.command({ _tag: "DropRender", request: 1 })
  calls = 0
  fold.main.event(0, ping, 11)
  expect([calls, fold.work.isPending]).toEqual([0, false])
})
