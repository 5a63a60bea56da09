// The state of a removed recorder with very many series is packed in slices between reads of pages: all of it is
// available to the next recorder with its id, whenever that comes, and nothing is saved before.
import { afterEach, beforeEach, expect, it, vi } from "@effect/vitest"
import { Schema } from "effect"
import { Metric } from "mvx-metrics"
import { LiveStates } from "../../src/internal/durable/liveStates.ts"
import { statesIn } from "../../src/internal/fold/endedStates.ts"
import { LeftStates } from "../../src/internal/fold/leftStates.ts"
import type { PackedMetric } from "../../src/internal/fold/packedMetric.ts"
import type { SavedRecord } from "../../src/internal/fold/segment.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import { ReplacedFolds } from "../support/replacedFolds.ts"
import { rowSource } from "../support/rowSource.ts"

const Visits = Metric.counter("visits", {
  events: Schema.TaggedUnion({ visit: { path: Schema.String } }),
  labels: ["path"],
  maxSeries: 10_000
})

/** Of many steps. */
const Series = 3000

class LeavingRecorders extends ReplacedFolds {
  #at = 0

  constructor() {
    super(Visits)
    this.fold.left = new LeftStates({ levels: true })
    this.fold.keepEnded()
  }

  /** Opens a lane whose recorder has this id. */
  create(lane: number, recorderId: string): void {
    this.writer.command({ _tag: "Open", lane, recorderId })
    this.writer.command({ _tag: "Register", lane, name: Visits.name, at: this.#at++ })
  }

  /** Each of the series gets an event. */
  visit(lane: number, series = Series): void {
    const source = rowSource(lane)
    for (let i = 0; i < series; i++) {
      this.writer.writeEvent(source, { _tag: "visit", path: `/${i}` } as never, "visit", false)
      if (i % 500 !== 499) continue
      this.writer.publish(true)
      this.read(Number.POSITIVE_INFINITY)
    }
    this.readAll()
  }

  remove(lane: number): void {
    this.writer.command({ _tag: "Close", lane })
  }

  readAll(): void {
    this.writer.publish(true)
    this.read(Number.POSITIVE_INFINITY)
  }

  /** A step of what is done in slices. Whether there is more. */
  work(): boolean {
    this.fold.work.goOn()
    return this.fold.work.isPending
  }

  workAll(): number {
    let steps = 1
    while (this.work()) steps++
    return steps
  }

  get isLeaving(): boolean {
    return this.fold.isAbsorbing
  }

  left(recorderId: string): ReadonlyArray<object> {
    return [...this.fold.left!.of(recorderId)].map(countsOf)
  }

  ended(recorderId: string): ReadonlyArray<object> {
    return [...this.fold.ended!.of(recorderId)].map(countsOf)
  }

  live(): LiveStates {
    const pack: ConstructorParameters<typeof LiveStates>[0]["pack"] = (id, each) => this.fold.left!.pack(id, each)
    return new LiveStates({ fold: this.fold, by: "durable", addsUp: false, pack })
  }
}

/** How many series have had so many visits. */
const countsOf = ({ bytes }: PackedMetric): { readonly [visits: string]: number } => {
  const { series } = statesIn(Visits, bytes).state as { readonly series: { readonly [key: string]: number } }
  const counts: Record<string, number> = {}
  for (const visits of Object.values(series)) counts[visits] = (counts[visits] ?? 0) + 1
  return counts
}

// Each step of what is done in slices is a slice.
beforeEach(() => {
  let now = 0
  vi.spyOn(performance, "now").mockImplementation(() => (now += 1000))
})

afterEach(() => void vi.restoreAllMocks())

it("the state of a removed recorder is packed in slices, and nothing is saved before that", () => {
  const folds = new LeavingRecorders()
  folds.create(1, "a")
  folds.visit(1)
  folds.remove(1)
  folds.readAll()
  expect([folds.isLeaving, folds.left("a"), folds.ended("a")]).toEqual([true, [], []])
  expect(folds.workAll()).toBeGreaterThan(8)
  expect(folds.isLeaving).toBe(false)
  expect([folds.left("a"), folds.ended("a")]).toEqual([[{ 1: Series }], [{ 1: Series }]])
})

it("the state of a removed recorder is completely available to the next recorder with its id, however soon that registers its metrics", () => {
  const folds = new LeavingRecorders()
  folds.create(1, "a")
  folds.visit(1)
  folds.remove(1)
  folds.readAll()
  folds.work()
  folds.create(2, "a")
  folds.visit(2, 1000)
  folds.remove(2)
  folds.readAll()
  folds.workAll()
  expect(folds.left("a")).toEqual([{ 1: Series - 1000, 2: 1000 }])
})

it("the states of recorders with one id that are removed in quick succession are merged in order", () => {
  const folds = new LeavingRecorders()
  folds.fold.left = undefined
  for (const lane of [1, 2, 3]) {
    folds.create(lane, "a")
    folds.visit(lane, lane * 1000)
  }
  for (const lane of [1, 2, 3]) folds.remove(lane)
  folds.readAll()
  expect(folds.isLeaving).toBe(true)
  folds.workAll()
  expect([folds.isLeaving, folds.ended("a")]).toEqual([false, [{ 1: 1000, 2: 1000, 3: 1000 }]])
})

it("the state of a live recorder is collected as of one moment, and excludes a recorder removed meanwhile", () => {
  const folds = new LeavingRecorders()
  folds.create(1, "a")
  folds.create(2, "b")
  for (const lane of [1, 2]) folds.visit(lane)
  const live = folds.live()
  let steps = 0
  while (live.collect(1) === undefined) {
    // What comes between the steps comes later.
    folds.visit(1, 500)
    steps++
  }
  expect(steps).toBeGreaterThan(4)
  expect([...live.of("a")].map(countsOf)).toEqual([{ 1: Series }])
  expect(live.collect(2)).toBe(undefined)
  folds.remove(2)
  folds.readAll()
  expect(live.collect(2)).toBe(0)
  expect([...live.of("b")]).toEqual([])
})

it.each(["left", "ended"] as const)(
  "the state of a removed recorder is saved in steps of a few metrics, whatever else is left meanwhile: %s",
  (which) => {
    const folds = new LeavingRecorders()
    const leave = (lane: number): void => {
      folds.create(lane, `r${lane}`)
      folds.visit(lane, 1)
      folds.remove(lane)
      folds.readAll()
      folds.workAll()
    }
    for (let lane = 1; lane <= 600; lane++) leave(lane)
    const states = folds.fold[which]!
    const first = states.saving(true)!
    let steps = 0
    let { done, value } = first.next()
    for (; done !== true; { done, value } = first.next()) leave(600 + ++steps)
    expect(steps).toBe(4)
    const records = [...(value as ReadonlyArray<SavedRecord>), ...allSteps(states.saving(false)!)]
    // Itself, and the bytes of metrics, which are copied as they are.
    for (const { parts } of records) expect(parts.length).toBeLessThanOrEqual(129)
    expect(states.saving(false)).toBe(undefined)

    const other = new LeavingRecorders()
    for (const record of records) other.fold[which]!.restore(record)
    for (let lane = 1; lane <= 604; lane++) expect(other[which](`r${lane}`)).toEqual([{ 1: 1 }])
    expect(which === "left" ? other.fold.left!.folded : other.fold.ended!.events).toBe(604)
  }
)
