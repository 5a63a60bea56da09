// A delta is the difference of two exact sums, rounded once, however large the sums have become.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import fc from "fast-check"
import { MetricsRuntime } from "mvx-metrics"
import { collect } from "../../src/internal/exporters/collect.ts"
import { awkwardValues, differenceOf, sumOf } from "../support/exactSums.ts"
import { runs } from "../support/long.ts"
import { forEvery } from "../support/property.ts"
import { type Exported, streams } from "../support/streams.ts"
import { Average, Balance, Exponential, Histogram, type SumEvent, sumsIn, Total } from "../support/sums.metrics.ts"

const metrics = [Total, Balance, Average, Histogram, Exponential] as const
/** Of these OTLP has deltas. */
const adding: ReadonlyArray<string> = [Total.name, Histogram.name, Exponential.name]

const batches = fc.array(awkwardValues(8), { minLength: 1, maxLength: 5 })

it.effect("a delta reader and OTLP report exact deltas", () =>
  forEvery(
    batches,
    (batches) =>
      Effect.gen(function* () {
        const runtime = yield* MetricsRuntime.makeInProcess({ namespace: "test.deltas", logging: "silent" })
        yield* runtime.start
        const recorder = yield* runtime.createRecorder("a")
        for (const metric of metrics) yield* recorder.register(metric)
        const reader = yield* recorder.deltaReader
        let exported: Exported
        const before: Array<number> = []
        for (const [i, batch] of batches.entries()) {
          for (const amount of batch) yield* recorder.emit({ _tag: "paid", amount, by: "card" } satisfies SumEvent)
          const all = [...before, ...batch]
          const deltaOf = (name: string): number => {
            const isTaken = (value: number): boolean => name !== Total.name || value >= 0
            return differenceOf(all.filter(isTaken), before.filter(isTaken))
          }
          const read = yield* reader.read
          for (const { name } of metrics) {
            for (const [, sum] of sumsIn(read[name]!.dimensions)) expect(sum, `read of ${name}`).toBe(deltaOf(name))
          }
          const options = { temporality: "delta", begun: 0n, now: BigInt(i + 1) * 1_000_000n } as const
          const [data, seen] = streams((yield* collect(runtime)).all, exported, options)
          exported = seen
          for (const { name, points } of data.filter(({ name }) => adding.includes(name))) {
            for (const { point } of points as ReadonlyArray<{ point: object }>) {
              for (const [, sum] of sumsIn(point)) expect(sum, `delta of ${name}`).toBe(deltaOf(name))
            }
          }
          before.push(...batch)
        }
        const { dimensions } = yield* recorder.snapshot(Balance)
        expect(dimensions?.value).toBe(sumOf(before))
      }).pipe(Effect.provide(TestClock.layer())),
    runs(40)
  )
)
