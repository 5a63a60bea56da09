// Series are rendered directly from their stored numbers, with the same text as from their data.
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import type { Kernel } from "../../src/internal/fold/kernels/kernel.ts"
import { kernelOf } from "../../src/internal/fold/kernels/kernelOf.ts"
import { SeriesCut, shownParts } from "../../src/internal/fold/kernels/seriesCut.ts"
import { renderSeries } from "../../src/internal/fold/renderSeries.ts"
import { SeriesTexts } from "../../src/internal/fold/seriesTexts.ts"
import { Duplicates } from "../../src/internal/formats/duplicates.ts"
import { metricData } from "../../src/internal/formats/fromMetric.ts"
import { Exposition } from "../../src/internal/formats/prometheus/text.ts"
import type { TextFormat } from "../../src/internal/model/format.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import { foldEvent } from "../support/foldEvent.ts"
import { kinds } from "../support/kit.ts"

const Job = Schema.TaggedUnion({
  job: { n: Schema.Number, queue: Schema.NullOr(Schema.String), ok: Schema.Boolean, level: Schema.Unknown }
})

const anyLabel = fc.oneof(
  fc.constantFrom("a", "b", 'quo"te', "line\nfeed", "back\\slash", "ü", "", null),
  fc.nat({ max: 300 }).map((n) => `/${n}`)
)
const anyJob = fc.record({
  _tag: fc.constant("job" as const),
  n: fc.oneof(fc.integer({ min: -5, max: 50 }), fc.double()),
  queue: anyLabel,
  ok: fc.boolean(),
  level: fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 3 }) }, { weight: 1, arbitrary: fc.constantFrom("1", true) })
})
const anyLabels = fc.subarray(["queue", "ok", "level"], { minLength: 1 })

describe.each(["text", "openmetrics"] as const)("in %s", (format: TextFormat) => {
  it.each(["counter", "upDownCounter", "gauge", "histogram"])("%s", (kind) => {
    const { make, option, settings } = kinds[kind]!
    let rendered = 0
    fc.assert(
      fc.property(
        settings,
        anyLabels,
        fc.constantFrom(2, 2000),
        fc.constantFrom(undefined, "ms", "{job}"),
        fc.array(anyJob, { maxLength: 500, size: "max" }),
        (own, labels, maxSeries, unit, jobs) => {
          const metric = make("jobs", { events: Job, labels, [option]: "n", maxSeries, unit, ...own })
          const kernel = kernelOf(metric) as Kernel
          const source = { attributes: { recorder: "r", namespace: "n" }, createdAt: 1500 }
          const texts = new SeriesTexts()
          // Texts are kept from one scrape to the next.
          for (const part of [jobs.slice(0, 100), jobs.slice(100)]) {
            for (const job of part) foldEvent(kernel, job as never, 0)
            const [fast, plain] = [new Exposition(format), new Exposition(format)]
            const left = allSteps(renderSeries(fast, { metric, texts }, new SeriesCut(kernel), source, 0))
            if (left !== undefined) rendered++
            const numbers = [fast, plain].map(() => new Duplicates().read())
            for (const [i, exposition] of [fast, plain].entries()) {
              const all = shownParts(new SeriesCut(kernel), metric, 0)
              for (const shown of i === 0 && left !== undefined ? [left] : all) {
                for (const data of metricData(metric, shown)) {
                  exposition.add(data, { ...source, duplicates: numbers[i]! })
                }
              }
            }
            const [text, expected] = [fast, plain].map((each) => Buffer.concat(allSteps(each.finish())).toString())
            expect(text).toBe(expected)
          }
        }
      ),
      { numRuns: 60 }
    )
    expect(rendered).toBeGreaterThan(10)
  })
})
