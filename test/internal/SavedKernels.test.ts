// The state of a metric can be saved and restored in the fold of another worker. From there it continues as if nothing
// had happened: for any metric, at any event, bit for bit in everything that can be read.
import { deepStrictEqual } from "node:assert/strict"
import { describe, it } from "@effect/vitest"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import {
  anyCombined,
  anyDerived,
  anyInstrument,
  anySteps,
  definitionOf,
  Family,
  type Step
} from "../support/anyKernels.ts"
import { Folding } from "../support/folding.ts"
import { runs } from "../support/long.ts"

type Recorder = ReturnType<Folding["recorder"]>
type Steps = ReadonlyArray<Step | { readonly do: "save" | "replace" }>

/** With the last event of each series that has a trace, in its bucket. */
const anyTraced: fc.Arbitrary<Metric.Any> = fc
  .record(
    {
      boundaries: fc.constantFrom([0, 1], [0.1, 1, 10]),
      labels: fc.constantFrom(["method"], ["ok"], ["path", "method"]),
      maxSeries: fc.constantFrom(1, 5),
      expireAfter: fc.constantFrom(1, 900, 1e9),
      exemplar: fc.constantFrom("path", { traceId: "path", spanId: "method" })
    },
    { requiredKeys: ["exemplar"] }
  )
  .map(({ boundaries, ...options }) =>
    boundaries === undefined
      ? Metric.counter("m", { events: Family, when: "request", ...options } as never)
      : Metric.histogram("m", { events: Family, when: "request", value: "seconds", boundaries, ...options } as never)
  )

const anyMetric = fc.oneof(
  { weight: 5, arbitrary: anyCombined(anyInstrument) },
  { weight: 1, arbitrary: anyTraced },
  { weight: 1, arbitrary: anyDerived(anyCombined(anyInstrument)) }
)

/** Plays the same to two recorders, of which one is replaced again and again. `isCareful`: it folds rows one by one. */
const play = (definitions: ReadonlyArray<Metric.Any>, steps: Steps, isCareful = false): void => {
  const metrics = definitions.map(
    (metric, i): Metric.Any => Object.assign(Object.create(Object.getPrototypeOf(metric)), { ...metric, name: `m${i}` })
  )
  const foldings = [new Folding(), new Folding()] as const
  foldings[1].isCareful = isCareful
  const recorders = foldings.map((folding) => folding.recorder(metrics))
  const [kept, replaced] = recorders as [Recorder, Recorder]
  let last = 0
  const compare = (): void => {
    for (const what of ["shown", "snapshots", "states"] as const) {
      // The clock of a reader may have been set back.
      for (const now of [last + 100, last - 700]) {
        const texts = recorders.map((each) => JSON.stringify(each.ask(what, now)))
        // The order of the series is seen in the text, numbers that JSON does not have in what is compared besides.
        deepStrictEqual(texts[1], texts[0])
        deepStrictEqual(replaced.ask(what, now), kept.ask(what, now))
      }
    }
  }
  for (const step of steps) {
    if (step.do === "emit") {
      for (const each of recorders) for (const event of step.events) each.emit(event, step.at)
      last = step.at
    } else if (step.do === "fold") for (const each of foldings) each.fold()
    else if (step.do === "read") compare()
    else if (step.do === "replace") replaced.replace()
    else if (step.do === "save") replaced.save()
    else for (const each of recorders) each.ask("snapshots", last - 700)
  }
  compare()
}

const anyPlay = fc
  .tuple(anySteps, anySteps, anySteps)
  .map(([first, second, last]): Steps => [...first, { do: "save" }, ...second, { do: "replace" }, ...last])

describe("a restored lane continues like the saved one", () => {
  it("with any metrics, for any events", () => {
    fc.assert(fc.property(fc.array(anyMetric, { minLength: 1, maxLength: 3 }), anyPlay, fc.boolean(), play), {
      numRuns: runs(200)
    })
  })

  it.each([{}, { expireAfter: 1000 }])(
    "with more series than are saved in one text, and beyond their limit: %j",
    (more) => {
      const emit = (from: number, length = 1500): Step => ({
        do: "emit",
        at: from,
        events: Array.from(
          { length },
          (_, i): MetricEvent => ({
            ...{ _tag: "request", seconds: i / 100, method: "GET", ok: i % 2 === 0, path: `/${from + i}` }
          })
        )
      })
      // Where they expire, those that come later get the indexes of those that have gone.
      const metric = definitionOf("counter", { labels: ["path"], maxSeries: 2500, ...more })
      const [save, replace]: Steps = [{ do: "save" }, { do: "replace" }]
      const steps = [emit(0), save!, emit(700), save!, emit(1600), replace!, emit(1200), save!, emit(0), replace!]
      // So few that their keys are saved beside the texts.
      const few = [emit(9000, 30), save!, emit(9100, 20), replace!, emit(9200, 70), replace!, emit(9000), replace!]
      play([metric], [...steps, ...few])
    }
  )
})
