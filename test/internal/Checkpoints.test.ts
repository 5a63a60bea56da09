// A log of two recorders, folded by one fold after the other. Each saves its state in parts while it continues reading,
// and ends at any time, also before it has reached the point where the previous one had saved a lane.
import { isDeepStrictEqual } from "node:util"
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import type { Kernel } from "../../src/internal/fold/kernels/kernel.ts"
import { kernelOf } from "../../src/internal/fold/kernels/kernelOf.ts"
import { OfStrings, recordsOf, stringsIn } from "../../src/internal/fold/segment.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import { foldEvent } from "../support/foldEvent.ts"
import { runs } from "../support/long.ts"
import { ReplacedFolds } from "../support/replacedFolds.ts"
import { rowSource } from "../support/rowSource.ts"

const Family = Schema.TaggedUnion({
  large: { bytes: Schema.Number },
  named: { name: Schema.String },
  sized: { name: Schema.String, size: Schema.Number, trace: Schema.String }
})

const Large = Metric.make("large", {
  events: Family,
  initial: "",
  reduce: { large: (_, { bytes }) => "x".repeat(bytes) },
  view: () => ({})
})

const Names = Metric.counter("names", { events: Family, when: "named", labels: ["name"], maxSeries: 10_000 })

class TwoLanes extends ReplacedFolds {
  readonly emitted = [0, 0]

  constructor() {
    super(Large, Names)
    for (const lane of [0, 1]) {
      this.open(lane)
      this.large(lane)
    }
  }

  /** By default, a lane fills a part of a checkpoint with so many bytes. */
  large(lane: number, bytes = 300_000): void {
    this.#emit(lane, { _tag: "large", bytes })
  }

  named(lane: number, name: string): void {
    this.#emit(lane, { _tag: "named", name })
  }

  #emit(lane: number, event: typeof Family.Type): void {
    if (this.writer.writeEvent(rowSource(lane), event, event._tag, false)) this.emitted[lane]!++
    this.writer.publish(true)
  }

  /** By name, how many events a lane has had. */
  names(lane: number): ReadonlyMap<string, number> {
    this.read(Number.POSITIVE_INFINITY)
    const [, names] = allSteps(this.fold.lanes.find(lane)!.metrics.saving())
    const kernel = kernelOf(Names) as Kernel
    if (names!.saved.state._tag === "Kernel") kernel.load(names!.saved.state.kernel)
    return new Map(
      kernel.indexes(0, "live").map((i) => [JSON.parse(kernel.key(i))[0], kernel.points.point(i) as number])
    )
  }

  /** Strings of the log in each record that was saved. */
  get strings(): ReadonlyArray<number> {
    const records = this.segments.flatMap(recordsOf)
    return records.filter(({ lane }) => lane === OfStrings).map((record) => stringsIn(record).strings.length)
  }

  fillPage(lane: number): void {
    this.emitted[lane]! += this.fill(lane)
  }

  /** The sequence numbers that the lanes have come to. Those that were given are `emitted`. */
  get folded(): ReadonlyArray<number | undefined> {
    this.read(Number.POSITIVE_INFINITY)
    return [0, 1].map((lane) => this.fold.lanes.find(lane)?.sequence)
  }
}

const of = { events: Family, when: "sized", value: "size", labels: ["name"], maxSeries: 10_000 } as const
const Sized = [
  Metric.histogram("histogram", { ...of, boundaries: [1, 2, 5] }),
  Metric.histogram("traced", { ...of, boundaries: [1, 2, 5], exemplar: "trace" }),
  Metric.exponentialHistogram("exponential", of),
  Metric.summary("summary", { ...of, quantiles: [0.5] }),
  Metric.histogram("expiring", { ...of, boundaries: [1], expireAfter: 1e9 })
]

/** Two recorders, of which one has more series than are saved in a step. */
class ManySeries extends ReplacedFolds {
  readonly #expected = Sized.map((metric) => kernelOf(metric) as Kernel)
  #emitted = 0

  constructor() {
    super(...Sized)
    this.writer.give(0)
    for (const lane of [0, 1]) this.open(lane)
  }

  /** Every third time there are new series. Returns how many events there was room for. */
  emit(count: number): number {
    let i = 0
    for (; i < count; i++) {
      const n = this.#emitted++
      const event = {
        _tag: "sized",
        name: `n${n % 3 === 0 ? n : (n * 7) % 1000}`,
        size: (n * 37) % 11,
        trace: `\ud800 ${n}`.padEnd(32)
      } as const
      // There is no room, until a checkpoint covers pages.
      if (!this.writer.writeEvent(rowSource(0), event, event._tag, false)) break
      for (const kernel of this.#expected) foldEvent(kernel, event, 0)
    }
    this.writer.publish(true)
    this.read(Number.POSITIVE_INFINITY)
    return i
  }

  fillPage(): void {
    this.fill(1)
  }

  /** Of the recorder, and as they are to be. */
  get states(): ReadonlyArray<ReadonlyArray<unknown>> {
    this.read(Number.POSITIVE_INFINITY)
    const kernels = allSteps(this.fold.lanes.find(0)!.metrics.saving()).map(({ metric, saved }) => {
      const kernel = kernelOf(metric) as Kernel
      if (saved.state._tag === "Kernel") kernel.load(saved.state.kernel)
      return kernel
    })
    return [kernels.map(whole), this.#expected.map(whole)]
  }
}

const whole = (kernel: Kernel): unknown => {
  const { series } = kernel.state()
  return { series, exemplars: Array.from({ length: kernel.size }, (_, i) => kernel.exemplarsOf(i)) }
}

describe("folds that are replaced", () => {
  it("restore each lane from the point where it was saved, also before they have reached it", () => {
    const folds = new TwoLanes()
    folds.fillPage(1)
    folds.large(0)
    folds.read(2)
    expect(folds.save(), "the first lane, which is ahead of what is covered").toBe(true)
    folds.replace()
    folds.read(1)
    while (folds.save());
    folds.replace()
    expect(folds.folded).toEqual(folds.emitted)
  })

  it("resume in the middle of rows that are folded together", () => {
    const folds = new TwoLanes()
    folds.fillPage(0)
    folds.read(2)
    folds.save()
    folds.replace()
    folds.fillPage(0)
    expect(folds.folded).toEqual(folds.emitted)
  })

  it("are given the pages that the previous one had saved and not released", () => {
    const folds = new TwoLanes()
    folds.endsUnreleased = true
    folds.fillPage(0)
    folds.read(Number.POSITIVE_INFINITY)
    while (folds.save());
    folds.replace()
    folds.endsUnreleased = false
    // Of the two pages, one is to be read and the other one free, each time.
    for (let i = 0; i < 4; i++) {
      const before = folds.emitted[0]!
      folds.fillPage(0)
      expect(folds.emitted[0]).toBeGreaterThan(before)
      folds.read(Number.POSITIVE_INFINITY)
      while (folds.save());
    }
  })

  it("know the strings of the log, which are saved a few at a time", () => {
    const folds = new TwoLanes()
    for (const time of [1, 2]) {
      // Pages are as few as the writer may have.
      for (let i = 0; i < 5000; i++) {
        folds.named(0, `name ${i}`)
        if (i % 1000 === 0) folds.read(9)
      }
      for (let i = 0; i < 2; i++) folds.fillPage(1)
      folds.read(9)
      while (folds.save());
      expect(Math.max(...folds.strings)).toBe(1024)
      folds.replace()
      folds.named(0, "name 4999")
      const names = folds.names(0)
      expect([names.size, names.get("name 0"), names.get("name 4999")]).toEqual([5000, time, 2 * time])
    }
  })

  it("serialise a large lane at most twice, however long the memory for it takes", () => {
    const folds = new TwoLanes()
    folds.large(0, 6_000_000)
    for (let i = 0; i < 2; i++) folds.fillPage(1)
    folds.read(9)
    folds.saves = 0
    let parts = 1
    while (folds.save()) parts++
    expect(parts).toBeGreaterThan(8)
    expect(folds.saves).toBeLessThan(6)
    folds.replace()
    expect(folds.folded).toEqual(folds.emitted)
  })

  it("save very many series as of one moment, in steps between which events are folded", () => {
    const folds = new ManySeries()
    folds.emit(1500)
    folds.fillPage()
    folds.read(9)
    let steps = 0
    for (; folds.save(); steps++) expect(folds.emit(10)).toBe(10)
    expect(steps).toBeGreaterThan(2 * Sized.length)
    folds.replace()
    const [states, expected] = folds.states
    expect(isDeepStrictEqual(states, expected)).toBe(true)
  })

  it("restore all of very many series, wherever the previous fold ended", () => {
    const anyStep = fc.oneof(
      fc.record({ do: fc.constant("emit" as const), n: fc.integer({ min: 1, max: 300 }) }),
      fc.record({ do: fc.constant("save" as const), n: fc.integer({ min: 1, max: 30 }) }),
      fc.record({ do: fc.constantFrom("fillPage" as const, "replace" as const), n: fc.constant(1) })
    )
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 20, size: "max" }), (steps) => {
        const folds = new ManySeries()
        folds.emit(1500)
        for (const step of steps) {
          if (step.do === "emit") folds.emit(step.n)
          else for (let i = 0; i < step.n; i++) folds[step.do]()
        }
        const [states, expected] = folds.states
        expect(isDeepStrictEqual(states, expected)).toBe(true)
      }),
      { numRuns: runs(10) }
    )
  })

  it("fold each event once, whatever was saved of the log and wherever the previous fold ended", () => {
    const anyLane = fc.nat(1)
    const anyStep = fc.oneof(
      fc.record({ do: fc.constantFrom("large" as const, "fillPage" as const), n: anyLane }),
      fc.record({ do: fc.constant("read" as const), n: fc.integer({ min: 1, max: 2 }) }),
      fc.record({ do: fc.constantFrom("save" as const, "replace" as const) })
    )
    fc.assert(
      fc.property(fc.array(anyStep, { minLength: 5, maxLength: 40, size: "max" }), (steps) => {
        const folds = new TwoLanes()
        for (const step of steps) "n" in step ? folds[step.do](step.n) : folds[step.do]()
        expect(folds.folded).toEqual(folds.emitted)
      }),
      { numRuns: runs(100) }
    )
  })
})
