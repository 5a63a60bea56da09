// Recorders are removed and leave their counts to a total, at once or in slices, while folds save lane by lane and end
// at any time: each event is either in its lane or in the total, also in the next fold.
import { afterEach, beforeEach, expect, it, vi } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import type { SeriesCut } from "../../src/internal/fold/kernels/seriesCut.ts"
import type { Shown } from "../../src/internal/fold/shown.ts"
import { runs } from "../support/long.ts"
import { ReplacedFolds } from "../support/replacedFolds.ts"
import { rowSource } from "../support/rowSource.ts"

/** So large that a lane fills a part of a checkpoint. */
const Large = Metric.make("large", {
  events: Schema.TaggedUnion({ large: { n: Schema.Number } }),
  initial: { count: 0, text: "" },
  reduce: { large: ({ count }, { n }) => ({ count: count + n, text: "x".repeat(300_000) }) },
  merge: (left, right) => ({ count: left.count + right.count, text: left.text || right.text }),
  view: ({ count }) => ({ count })
})

const Many = Metric.counter("many", {
  events: Schema.TaggedUnion({ many: { path: Schema.String } }),
  labels: ["path"]
})

/** Of a recorder that has so many, a total takes a part in a slice. */
const ManySeries = 600

const Total = 0

class LeavingRecorders extends ReplacedFolds {
  readonly #open: Array<number> = []
  #lanes = 0
  #events = 0

  constructor() {
    super(Large, Many)
    this.create()
    this.#open.pop()
    for (let i = 0; i < 3; i++) this.create()
  }

  create(): void {
    const lane = this.#lanes++
    this.open(lane)
    this.#open.push(lane)
  }

  emit(of: number): void {
    const lane = this.#open[of % this.#open.length]
    if (lane === undefined) return
    const event = { _tag: "large", n: 1 } as never
    if (this.writer.writeEvent(rowSource(lane), event, "large", false)) this.#events++
    this.writer.publish(true)
  }

  /** Series that come again in each life of a lane, and in no other one. */
  grow(of: number): void {
    const lane = this.#open[of % this.#open.length]
    if (lane === undefined) return
    const source = rowSource(lane)
    for (let i = 0; i < ManySeries; i++) {
      const event = { _tag: "many", path: `/${lane % 3}/${i}` }
      if (this.writer.writeEvent(source, event, "many", false)) this.#events++
    }
    this.writer.publish(true)
  }

  /** Has the fold come to where a recorder leaves much. */
  leave(of: number): void {
    this.grow(of)
    this.remove(of)
    this.read(Number.POSITIVE_INFINITY)
  }

  remove(of: number): void {
    const [lane] = this.#open.splice(of % Math.max(1, this.#open.length), 1)
    if (lane !== undefined) this.writer.command({ _tag: "Close", lane, total: { lane: Total, at: 0 } })
  }

  fillPage(): void {
    this.fill(Total)
  }

  /** A step of what the fold does in slices. Whether there is more. */
  work(): boolean {
    this.fold.work.goOn()
    return this.fold.work.isPending
  }

  get isAbsorbing(): boolean {
    return this.fold.isAbsorbing
  }

  /** What a lane shows from here on, in order. */
  show(number: number, by = {}): Array<number> {
    const counts: Array<number> = []
    this.fold.lanes.find(number)?.show(0, {}, by, (shown) => counts.push(countIn(shown)))
    return counts
  }

  /** The series that a lane has, for one who goes on to read them. */
  cuts(number: number): Array<SeriesCut> {
    const cuts: Array<SeriesCut> = []
    this.fold.lanes.find(number)?.show(0, {}, {}, (shown) => cuts.push(...shown.flatMap(({ series }) => series ?? [])))
    return cuts
  }

  showFolded(number: number, by: object): void {
    this.fold.lanes.find(number)?.showFolded(by)
  }

  /** What all lanes have counted. */
  get counted(): number {
    this.read(Number.POSITIVE_INFINITY)
    const counts = [Total, ...this.#open].map((lane) => this.show(lane))
    while (this.work());
    return counts.flat().reduce((sum, count) => sum + count, 0)
  }

  get emitted(): number {
    return this.#events
  }
}

const countIn = (all: ReadonlyArray<Shown>): number => {
  let count = 0
  for (const { dimensions, series } of all) {
    if (series === undefined) count += (dimensions as { readonly count: number }).count
    else for (const index of series.kernel.indexes(0, "live")) count += series.kernel.points.point(index) as number
    series?.release()
  }
  return count
}

// Each step of what is done in slices is a slice.
beforeEach(() => {
  let now = 0
  vi.spyOn(performance, "now").mockImplementation(() => (now += 1000))
})

afterEach(() => void vi.restoreAllMocks())

it("a total absorbs what a recorder leaves in slices, and everything that concerns the total waits for that", () => {
  const folds = new LeavingRecorders()
  const asked = {}
  folds.create()
  // Into the place of nothing it comes as a whole.
  folds.grow(1)
  folds.remove(1)
  folds.read(2)
  expect(folds.isAbsorbing).toBe(false)
  folds.grow(0)
  folds.grow(1)
  folds.remove(0)
  folds.emit(1)
  folds.read(2)
  expect(folds.isAbsorbing).toBe(true)
  folds.remove(0)
  folds.read(2)
  const [total, other] = [folds.show(Total, asked), folds.show(4)]
  folds.showFolded(Total, asked)
  let steps = 0
  while (folds.work()) {
    expect(total).toEqual([])
    steps++
  }
  expect(steps).toBeGreaterThan(4)
  expect(folds.isAbsorbing).toBe(false)
  expect(other).toEqual([1])
  expect(total).toEqual([3 * ManySeries])
})

it("readers of a removed recorder get its state at the time of removal", () => {
  const folds = new LeavingRecorders()
  folds.grow(0)
  folds.read(2)
  const read = folds.cuts(1)
  folds.remove(0)
  folds.read(2)
  folds.grow(0)
  folds.remove(0)
  expect(folds.counted).toBe(folds.emitted)
  expect(folds.counted).toBe(2 * ManySeries)
  expect(read.map(({ kernel }) => kernel.size)).toEqual([ManySeries])
})

it("nothing is saved while a total absorbs what a recorder leaves", () => {
  for (const stepsBefore of [0, 2, 100]) {
    const folds = new LeavingRecorders()
    for (const lane of [0, 1, 2]) folds.emit(lane)
    for (const lane of [0, 1]) folds.grow(lane)
    folds.fillPage()
    folds.read(3)
    // A part: there are others to come.
    expect(folds.save()).toBe(true)
    folds.remove(1)
    folds.remove(0)
    folds.read(3)
    expect(folds.isAbsorbing).toBe(true)
    for (let i = 0; i < stepsBefore && folds.work(); i++) expect(folds.save()).toBe(false)
    while (folds.save());
    folds.replace()
    expect(folds.counted).toBe(folds.emitted)
  }
})

it("a total is saved together with the lanes that were closed into it", () => {
  const folds = new LeavingRecorders()
  for (const lane of [0, 1, 2]) folds.emit(lane)
  folds.fillPage()
  folds.read(2)
  // The total comes first, and before the others are saved one of them is removed.
  expect(folds.save()).toBe(true)
  folds.remove(2)
  folds.read(2)
  while (folds.save());
  folds.replace()
  expect(folds.counted).toBe(folds.emitted)
})

it("each event is counted once, whatever was removed and saved, and wherever folds have ended", () => {
  const n = fc.nat(5)
  const anyStep = fc.oneof(
    fc.record({ do: fc.constantFrom("emit" as const, "emit" as const, "remove" as const, "leave" as const), n }),
    fc.record({ do: fc.constant("read" as const), n: fc.integer({ min: 1, max: 2 }) }),
    fc.record({ do: fc.constantFrom("save" as const, "save" as const, "work" as const, "replace" as const) }),
    fc.record({ do: fc.constantFrom("create" as const, "fillPage" as const, "fillPage" as const) })
  )
  fc.assert(
    fc.property(fc.array(anyStep, { minLength: 5, maxLength: 50, size: "max" }), (steps) => {
      const folds = new LeavingRecorders()
      for (const step of steps) "n" in step ? folds[step.do](step.n) : folds[step.do]()
      expect(folds.counted).toBe(folds.emitted)
    }),
    { numRuns: runs(150) }
  )
})
