// Reads and scrapes in slices return the same as in a single step, whatever arrives meanwhile.
import { deepStrictEqual } from "node:assert"
import { describe, it, vi } from "@effect/vitest"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import { Fold } from "../../src/internal/fold/fold.ts"
import { Kernel } from "../../src/internal/fold/kernels/kernel.ts"
import { packStats } from "../../src/internal/formats/packedStats.ts"
import type { Rendering } from "../../src/internal/model/format.ts"
import { AnswerParts } from "../../src/internal/stream/answerParts.ts"
import type { Command, ReadCommand, Watch } from "../../src/internal/stream/commands.ts"
import { ChunkBytes } from "../../src/internal/stream/foldedCounters.ts"
import type { FoldMessage } from "../../src/internal/stream/foldMessages.ts"
import { setRead } from "../../src/internal/stream/rows/page.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { anyDefinition, anyEvent, Family } from "../support/anyKernels.ts"
import { runs } from "../support/long.ts"

const renderings: ReadonlyArray<Rendering> = [
  { format: "text" },
  { format: "openmetrics" },
  { format: "text", reserved: ["path", "label0"] },
  { format: "protobuf", maxSchema: 3 }
]

/** Lanes may come in any order, as some wait for their listeners. */
const inAnyOrder = (body: Uint8Array): ReadonlyArray<string> => {
  const text = Buffer.from(body).toString("latin1")
  return text.startsWith("#") ? text.split("\n").sort() : [...text].sort()
}

/** One side of the comparison: a fold, and what it has answered. */
class Side {
  readonly answers = new Map<string, unknown>()
  readonly #parts = new Map<string, AnswerParts>()
  /** Parts that were not taken yet. */
  readonly onWay: Array<{ readonly lane: number; readonly request: number; readonly values: number }> = []
  #taken = 0
  /** Of lanes that wait: the changes that are to be taken. */
  readonly waiting = new Map<number, number>()
  readonly fold: Fold
  readonly #isSliced: boolean

  constructor(isSliced: boolean, sendCopies: boolean) {
    this.#isSliced = isSliced
    this.fold = new Fold({ send: (message) => this.#take(message), sendCopies, onPageRead: setRead })
    // It is behind the first row, from which a fold may be restored.
    Object.defineProperty(this.fold.reader, "position", { value: 1 })
    this.fold.command({ _tag: "Counters", chunk: 0, buffer: new ArrayBuffer(ChunkBytes) })
  }

  #take(sent: FoldMessage): void {
    const message = this.fold.sendCopies ? structuredClone(sent) : sent
    switch (message._tag) {
      case "Changes":
        this.waiting.set(message.lane, message.sequence)
        this.answers.set(`changes ${message.lane} ${message.sequence}`, message.changes)
        return
      case "Rendered":
        this.answers.set(`render ${message.request}`, inAnyOrder(Buffer.concat(message.body!)))
        return
      case "NotRendered":
        this.answers.set(`render ${message.request}`, message.reason)
        return
      case "Part": {
        const { lane, part, request, values } = message
        const key = `read ${lane} ${request}`
        const parts = this.#parts.get(key) ?? new AnswerParts()
        this.#parts.set(key, parts)
        parts.add(part)
        this.onWay.push({ lane, request, values })
        return
      }
      case "Answer": {
        const key = `read ${message.lane} ${message.request}`
        const read = this.#parts.get(key)?.join(message.read) ?? message.read
        deepStrictEqual(this.answers.has(key), false)
        this.answers.set(key, structuredClone(read))
        this.#taken += message.values
        this.fold.room.taken(this.#taken)
        return
      }
    }
  }

  do(step: (side: Side) => void): void {
    step(this)
    if (!this.#isSliced) this.drain()
  }

  takePart(isWanted = true): boolean {
    const part = this.onWay.shift()
    if (part === undefined) return false
    if (!isWanted) this.fold.dropRead({ _tag: "Unwanted", ...part })
    this.#taken += part.values
    this.fold.room.taken(this.#taken)
    return true
  }

  /** To the end of all that does not wait for a listener. */
  drain(): void {
    do while (this.fold.work.isPending) this.fold.work.goOn()
    while (this.takePart())
  }
}

/** Each look at the clock is past the end of a slice. */
const withSteps = (run: () => void): void => {
  const clock = Object.getOwnPropertyDescriptor(performance, "now")
  let now = 0
  Object.defineProperty(performance, "now", { value: () => (now += 5), configurable: true })
  try {
    run()
  } finally {
    if (clock === undefined) Reflect.deleteProperty(performance, "now")
    else Object.defineProperty(performance, "now", clock)
  }
}

const lanes = 3
const anyLane = fc.nat({ max: lanes - 1 })
const anyTime = fc.constantFrom(0, 900, 1000, 1000, 1000, 1950, 2100.5, 10_000)
const whats: ReadonlyArray<ReadCommand["what"]> = ["snapshots", "shown", "largest", "states"]

/** Its view fails at some states. */
const Touchy = Metric.make("touchy", {
  events: Family,
  initial: { count: 0 },
  reduce: {
    request: ({ count }) => ({ count: count + 1 }),
    upload: () => {
      throw new Error("no uploads")
    }
  },
  view: ({ count }) => {
    if (count % 50 === 13) throw new Error(`of ${count}`)
    return { count, more: { count } }
  }
})

const requests = { events: Family, when: ["request"] } as const

const wide = [
  Metric.counter("wide", { ...requests, labels: ["path", "user"] }),
  Metric.gauge("level", { ...requests, labels: ["path"], value: "seconds" }),
  Metric.histogram("spread", {
    ...requests,
    value: "seconds",
    labels: ["path", "method"],
    boundaries: [0.5, 10],
    exemplar: "user"
  }),
  Metric.histogram("all", { ...requests, value: "seconds", boundaries: [0.5, 10], exemplar: "user" }),
  Metric.rate("pace", { ...requests, value: "seconds", labels: ["method"], window: 1000 }),
  Metric.summary("spans", { ...requests, value: "seconds", quantiles: [0.5], window: 1000 }),
  Metric.counter("passing", { ...requests, labels: ["path"], expireAfter: 1000 }),
  Metric.counter("all_of", { ...requests, exemplar: "user" })
]

const many = (from: number, count: number): ReadonlyArray<MetricEvent> =>
  Array.from({ length: count }, (_, i) => ({
    _tag: "request",
    path: `/${from + i}`,
    user: `u${(from + i) % 7}`,
    method: "GET",
    ok: i % 3 === 0,
    seconds: (from + i) % 13
  }))

type Step =
  | { readonly do: "events"; readonly lane: number; readonly events: ReadonlyArray<MetricEvent>; readonly at: number }
  | {
      readonly do: "read"
      readonly lane: number
      readonly what: ReadCommand["what"]
      readonly now: number
      readonly labels: boolean
    }
  | { readonly do: "render"; readonly rendering: number; readonly now: number; readonly lanes: ReadonlyArray<number> }
  | { readonly do: "drop render"; readonly nth: number }
  | { readonly do: "drop read" }
  | { readonly do: "reset" | "replace" | "close"; readonly lane: number }
  | { readonly do: "watch"; readonly lane: number; readonly watch: Watch }
  | { readonly do: "deliver"; readonly lane: number }
  | { readonly do: "slices"; readonly count: number }
  | { readonly do: "rewind"; readonly now: number }

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("events" as const),
      lane: anyLane,
      events: fc.oneof(
        fc.array(anyEvent, { maxLength: 5 }),
        fc.tuple(fc.nat({ max: 300 }), fc.constantFrom(1, 40, 200)).map(([from, count]) => many(from, count))
      ),
      at: anyTime
    })
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("read" as const),
      lane: anyLane,
      what: fc.constantFrom(...whats),
      now: anyTime,
      labels: fc.boolean()
    })
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("render" as const),
      rendering: fc.nat({ max: renderings.length - 1 }),
      now: anyTime,
      lanes: fc.subarray(
        Array.from({ length: lanes }, (_, i) => i),
        { minLength: 1 }
      )
    })
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("drop render" as const), nth: fc.nat({ max: 3 }) }) },
  { weight: 1, arbitrary: fc.constant({ do: "drop read" as const }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("reset", "replace", "close"), lane: anyLane }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("watch" as const),
      lane: anyLane,
      watch: fc.constantFrom("none", "latest", "every")
    })
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("deliver" as const), lane: anyLane }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("slices" as const), count: fc.nat({ max: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("rewind" as const), now: anyTime }) }
)

const rendering = (request: number, which: number, now: number, lanes: ReadonlyArray<number>): Command => ({
  _tag: "Render",
  request,
  rendering: renderings[which]!,
  now,
  namespace: "n",
  recorderIds: lanes.map((lane) => `r${lane}`),
  lanes: Int32Array.from(lanes),
  stats: packStats([]),
  foldLag: undefined,
  runtime: undefined
})

const run = (definitions: ReadonlyArray<Metric.Any>, steps: ReadonlyArray<Step>, sendCopies: boolean): void => {
  const metrics = [...definitions.map((metric, i) => ({ ...metric, name: `m${i}` }) as Metric.Any), ...wide, Touchy]
  const sides = [new Side(true, sendCopies), new Side(false, sendCopies)] as const
  const [sliced, atOnce] = sides
  const both = (step: (side: Side) => void): void => {
    for (const side of sides) side.do(step)
  }
  const command = (command: Command): void => both(({ fold }) => fold.command(command))
  const open = (lane: number): void => {
    command({ _tag: "Open", lane, recorderId: `r${lane}` })
    for (const metric of metrics) command({ _tag: "Register", lane, name: metric.name, metric, at: 5 })
  }
  for (let lane = 0; lane < lanes; lane++) open(lane)
  let requests = 0
  const dropped = new Set<string>()
  const renders: Array<number> = []
  const deliver = (lane: number): void =>
    both((side) => {
      const sequence = side.waiting.get(lane)
      side.waiting.delete(lane)
      if (sequence !== undefined) side.fold.command({ _tag: "Delivered", lane, sequence })
    })
  for (const step of steps) {
    switch (step.do) {
      case "events":
        for (const event of step.events) both(({ fold }) => fold.main.event(step.lane, event, step.at))
        break
      case "read":
        command({
          _tag: "Read",
          request: requests++,
          what: step.what,
          lane: step.lane,
          now: step.now,
          maxSeries: 3,
          ...(step.labels && step.what === "snapshots" && { names: ["wide", "level"], labels: { path: "/7" } })
        })
        break
      case "render": {
        const request = requests++
        renders.push(request)
        command(rendering(request, step.rendering, step.now, step.lanes))
        break
      }
      case "drop render": {
        const request = renders.at(-1 - step.nth)
        if (request === undefined) break
        dropped.add(`render ${request}`)
        command({ _tag: "DropRender", request })
        break
      }
      case "drop read": {
        const [first] = sliced.onWay
        if (first === undefined) break
        dropped.add(`read ${first.lane} ${first.request}`)
        sliced.takePart(false)
        break
      }
      case "reset":
        command({ _tag: "Reset", lane: step.lane, at: 7 })
        break
      case "replace":
        command({ _tag: "Register", lane: step.lane, name: metrics[0]!.name, metric: metrics[0]!, at: 9 })
        break
      case "close":
        for (const side of sides) side.waiting.delete(step.lane)
        // Nobody waits for what it was asked.
        for (let request = 0; request < requests; request++) dropped.add(`read ${step.lane} ${request}`)
        command({ _tag: "Close", lane: step.lane })
        open(step.lane)
        break
      case "watch":
        command({ _tag: "Watch", lane: step.lane, watch: step.watch })
        break
      case "deliver":
        deliver(step.lane)
        break
      case "slices":
        for (let i = 0; i < step.count; i++) {
          sliced.fold.work.goOn()
          if (i % 3 === 2) sliced.takePart()
        }
        break
      case "rewind":
        command({ _tag: "Rewind", now: step.now })
        break
    }
  }
  for (;;) {
    for (const side of sides) side.drain()
    if (sliced.waiting.size + atOnce.waiting.size === 0) break
    for (let lane = 0; lane < lanes; lane++) deliver(lane)
  }
  const of = ({ answers }: Side): object =>
    Object.fromEntries([...answers].filter(([key]) => !dropped.has(key)).sort(([a], [b]) => (a < b ? -1 : 1)))
  deepStrictEqual(of(sliced), of(atOnce))
  // Nothing is kept for those who have their answers or are gone.
  const copies = vi.spyOn(Kernel.prototype, "copy")
  try {
    for (let lane = 0; lane < lanes; lane++) {
      sliced.fold.command({ _tag: "Watch", lane, watch: "none" })
      sliced.fold.main.event(lane, many(0, 1)[0]!, 10_000)
    }
    deepStrictEqual(copies.mock.calls.length, 0)
  } finally {
    copies.mockRestore()
  }
}

it.each([false, true])("a dropped scrape receives nothing (of a waiting lane: %s)", (waits) => {
  let views = 0
  const Watched = Metric.make("watched", {
    events: Family,
    initial: { count: 0 },
    reduce: { ping: ({ count }) => ({ count: count + 1 }) },
    view: (state) => {
      views++
      return state
    }
  })
  withSteps(() => {
    const { fold } = new Side(true, true)
    for (let lane = 0; lane < lanes; lane++) {
      fold.command({ _tag: "Open", lane, recorderId: `r${lane}` })
      fold.command({ _tag: "Register", lane, name: Watched.name, metric: Watched, at: 5 })
    }
    if (waits) fold.command({ _tag: "Watch", lane: 2, watch: "every" })
    fold.main.event(2, { _tag: "ping" }, 0)
    fold.command(rendering(1, 0, 0, [0, 1, 2]))
    fold.command({ _tag: "DropRender", request: 1 })
    const before = views
    if (waits) fold.command({ _tag: "Delivered", lane: 2, sequence: 1 })
    fold.command({ _tag: "Watch", lane: 2, watch: "none" })
    for (let lane = 0; lane < lanes; lane++) fold.main.event(lane, { _tag: "ping" }, 0)
    deepStrictEqual(views - before, 0)
  })
})

it("a read that nobody in this thread waits for is dropped", () => {
  withSteps(() => {
    let isAwaited = true
    const sent: Array<FoldMessage> = []
    const fold = new Fold({
      send: (message) => sent.push(message),
      sendCopies: false,
      awaits: () => isAwaited,
      onPageRead: setRead
    })
    Object.defineProperty(fold.reader, "position", { value: 1 })
    fold.command({ _tag: "Counters", chunk: 0, buffer: new ArrayBuffer(ChunkBytes) })
    fold.command({ _tag: "Open", lane: 0, recorderId: "r" })
    for (const metric of wide) fold.command({ _tag: "Register", lane: 0, name: metric.name, metric, at: 0 })
    for (const each of many(0, 600)) fold.main.event(0, each, 0)
    fold.command({ _tag: "Read", lane: 0, request: 1, what: "snapshots", now: 0 })
    fold.work.goOn()
    deepStrictEqual(fold.work.isPending, true)
    isAwaited = false
    fold.work.goOn()
    deepStrictEqual([fold.work.isPending, sent], [false, []])
    const copies = vi.spyOn(Kernel.prototype, "copy")
    fold.main.event(0, many(0, 1)[0]!, 0)
    deepStrictEqual(copies.mock.calls.length, 0)
    copies.mockRestore()
  })
})

describe("a scrape of a lane whose listener is slow", () => {
  const Seen = Metric.counter("seen", { events: Family, when: ["ping"] })
  const setUp = () => {
    const side = new Side(true, true)
    for (let lane = 0; lane < 2; lane++) {
      side.fold.command({ _tag: "Open", lane, recorderId: `r${lane}` })
      side.fold.command({ _tag: "Register", lane, name: Seen.name, metric: Seen, at: 5 })
    }
    side.fold.command({ _tag: "Watch", lane: 1, watch: "every" })
    for (let i = 0; i < 40; i++) for (let lane = 0; lane < 2; lane++) side.fold.main.event(lane, { _tag: "ping" }, 10)
    return side
  }
  /** The values of both lanes. */
  const values = ({ answers }: Side) =>
    (answers.get("render 1") as ReadonlyArray<string> | undefined)?.flatMap(
      (line) => /^seen_total\{.*recorder="(r\d)".*\} (\d+)$/.exec(line)?.slice(1) ?? []
    )

  it("has the folded part of the lane after waiting for a quarter of a second", () => {
    vi.useFakeTimers()
    try {
      const side = setUp()
      side.fold.command(rendering(1, 0, 20, [0, 1]))
      side.drain()
      vi.advanceTimersByTime(240)
      side.drain()
      deepStrictEqual(values(side), undefined)
      vi.advanceTimersByTime(20)
      side.drain()
      deepStrictEqual(values(side), ["r0", "40", "r1", "1"])
      side.fold.command(rendering(2, 0, 30, [1]))
      for (let sequence = 1; sequence <= 40; sequence++) {
        side.fold.command({ _tag: "Delivered", lane: 1, sequence })
      }
      side.drain()
      deepStrictEqual([side.answers.has("render 2"), vi.getTimerCount()], [true, 0])
    } finally {
      vi.useRealTimers()
    }
  })
})

const event = (lane: number, at: number, events = many(0, 1)): Step => ({ do: "events", lane, events, at })
const render = (rendering: number, now: number, lanes: ReadonlyArray<number>): Step => ({
  do: "render",
  rendering,
  now,
  lanes
})

/** What went wrong once. */
const examples: ReadonlyArray<ReadonlyArray<Step>> = [
  // Exemplars of after the scrape, and events that a quarantined metric missed after it.
  [event(0, 0), render(1, 0, [0, 2]), event(0, 2100.5)],
  [event(1, 0, [{ _tag: "upload" }]), render(0, 0, [0, 1]), event(1, 0)],
  // Names of labels that the other scrape has.
  [event(0, 0), render(2, 0, [0]), render(0, 0, [0, 2])],
  // A clock that was set back with the second scrape.
  [event(1, 1000), render(0, 1000, [0, 1, 2]), render(0, 0, [1, 2])]
]

describe.each([true, false])("reads sent to another thread: %s", (sendCopies) => {
  it.each(examples)("%#", (...steps) => withSteps(() => run([], steps, sendCopies)))

  it("stay exact whatever comes meanwhile", () =>
    withSteps(() =>
      fc.assert(
        fc.property(
          fc.array(anyDefinition, { maxLength: 2 }),
          fc.array(anyStep, { maxLength: 25, size: "max" }),
          (definitions, steps) => run(definitions, steps, sendCopies)
        ),
        { numRuns: runs(40) }
      )
    ))
})
