// A short run of `npm run faults`, and the problems that its model finds.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { MetricsRuntime } from "mvx-metrics"
import { type RunOptions, runFaults } from "./harness.ts"
import { all, loadEvent } from "./load.metrics.ts"
import { Model } from "./model.ts"
import { Problems } from "./problems.ts"
import type { Problem, Step } from "./steps.ts"

/** The numbers of a recorder that folds these events, and the problems that the model finds with those of a burst of 10. */
const problemsWith = (ns: ReadonlyArray<number>) =>
  Effect.gen(function* () {
    const runtime = yield* MetricsRuntime.makeInProcess({ namespace: "test.faults", logging: "silent" })
    yield* runtime.start
    const recorder = yield* runtime.createRecorder("exact")
    for (const metric of all) yield* recorder.register(metric)
    for (const n of ns) yield* recorder.emit(loadEvent(n))
    const report = yield* recorder.report
    const model = yield* Effect.promise(() => Model.make())
    const create = { _tag: "Create", role: "exact" } as const
    const burst = { _tag: "Burst", count: 10, waits: false } as const
    const ops = [create, burst, { _tag: "Report" }] as const
    const step: Step = {
      now: 0,
      scripts: [{ side: "effect", id: "exact", role: "exact", ops }],
      scrapes: false,
      strikes: []
    }
    return yield* Effect.promise(() =>
      model.check(step, { answers: [[{}, { refused: 0 }, { report }]], totals: undefined })
    )
  })

const toTen = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
const kinds = (problems: ReadonlyArray<Problem>) => [...new Set(problems.map(({ kind }) => kind))].sort()

it.effect("the model finds events that are lost, counted twice, or folded out of order", () =>
  Effect.gen(function* () {
    expect(yield* problemsWith(toTen)).toEqual([])
    expect(kinds(yield* problemsWith(toTen.slice(0, 9)))).toContain("lost")
    expect(kinds(yield* problemsWith(toTen.toSpliced(4, 1)))).toContain("lost")
    expect(kinds(yield* problemsWith([...toTen, 10]))).toContain("doubleCounted")
    expect(kinds(yield* problemsWith([1, 2, 3, 5, 4, 6, 7, 8, 9, 10]))).toContain("wrong")
  })
)

it("counts stay exact while workers die", async () => {
  const problems: Array<Problem> = []
  const options: RunOptions = {
    // In its second step an event ends workers by an exit.
    seed: 76,
    kills: 3,
    events: 0,
    scrapes: true,
    seconds: 0,
    problems: new Problems((problem) => problems.push(problem)),
    onProgress: () => {}
  }
  const { faults, kills } = await runFaults(options)
  expect(problems).toEqual([])
  expect(kills).toBeGreaterThanOrEqual(3)
  expect(faults).toMatchObject({ "event: exit": 1, reject: 1 })
})
