// A log of two recorders that is folded by one fold after the other. Each saves what it knows in parts while it reads on, and
// ends at any time: also before it has come to where the one before it had saved a lane.
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import { runs } from "../support/long.ts"
import { ReplacedFolds } from "../support/replacedFolds.ts"
import { rowSource } from "../support/rowSource.ts"

/** So large that a lane fills a part of a checkpoint. */
const Large = Metric.make("large", {
  events: Schema.TaggedUnion({ large: { n: Schema.Number } }),
  initial: "",
  reduce: { large: () => "x".repeat(300_000) },
  view: () => ({})
})

class TwoLanes extends ReplacedFolds {
  readonly emitted = [0, 0]

  constructor() {
    super(Large)
    for (const lane of [0, 1]) {
      this.open(lane)
      this.large(lane)
    }
  }

  large(lane: number): void {
    if (this.writer.writeEvent(rowSource(lane), { _tag: "large", n: 1 } as never, "large", false)) this.emitted[lane]!++
    this.writer.publish(true)
  }

  fillPage(lane: number): void {
    this.emitted[lane]! += this.fill(lane)
  }

  /** The sequence numbers that the lanes have come to. Those that were given are `emitted`. */
  get folded(): ReadonlyArray<number | undefined> {
    this.read(Number.POSITIVE_INFINITY)
    return [0, 1].map((lane) => this.fold.saveLane(lane)?.sequence)
  }
}

describe("folds that are replaced", () => {
  it("go by how far a lane was saved, also before they have come there", () => {
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

  it("go on in the midst of rows that are folded as one", () => {
    const folds = new TwoLanes()
    folds.fillPage(0)
    folds.read(2)
    folds.save()
    folds.replace()
    folds.fillPage(0)
    expect(folds.folded).toEqual(folds.emitted)
  })

  it("fold each event once, whatever was saved of the log and wherever they ended", () => {
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
