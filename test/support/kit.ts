/**
 * Every kind of built-in metric for tests: how it is created, what it measures, and its options.
 */
import fc from "fast-check"
import { Metric } from "mvx-metrics"

export interface KitKind {
  readonly make: (name: string, options: object) => Metric.Any
  /** The option for the measured value, whether it is required, and its type. */
  readonly option: "value" | "hits"
  readonly required: boolean
  readonly measures: "number" | "answer" | "value"
  /** Examples of options that other kinds do not have. */
  readonly settings: fc.Arbitrary<object>
}

const kind = (
  make: unknown,
  settings: fc.Arbitrary<object> = fc.constant({}),
  rest: Partial<KitKind> = {}
): KitKind => ({
  make: make as KitKind["make"],
  option: "value",
  required: true,
  measures: "number",
  settings,
  ...rest
})

const boundaries = fc.constantFrom([-1, 0, 1e-300, 0.1, 1, 1 + Number.EPSILON, 10, 1e300], [0.5], [-0], squares(40))
const sliding = fc.record({ window: fc.constantFrom(1, 1000, 60_000), slots: fc.constantFrom(1, 4, 60) })

function squares(count: number): ReadonlyArray<number> {
  return Array.from({ length: count }, (_, i) => i * i)
}

/** By the name of the constructor; a gauge appears twice, because it has two uses. */
export const kinds: { readonly [name: string]: KitKind } = {
  average: kind(Metric.average),
  counter: kind(Metric.counter, undefined, { required: false }),
  distinct: kind(Metric.distinct, fc.record({ precision: fc.constantFrom(4, 6) }), { measures: "value" }),
  exponentialHistogram: kind(
    Metric.exponentialHistogram,
    fc.record({ maxSize: fc.constantFrom(2, 7, 160), maxScale: fc.constantFrom(-10, 0, 3, 20) })
  ),
  frequency: kind(Metric.frequency, fc.record({ maxValues: fc.constantFrom(1, 3, 1000) }), { measures: "value" }),
  gauge: kind(Metric.gauge),
  "gauge that adds": kind(Metric.gauge, fc.constant({ mode: "add" })),
  histogram: kind(Metric.histogram, fc.record({ boundaries })),
  minMax: kind(Metric.minMax),
  rate: kind(Metric.rate, sliding, { required: false }),
  ratio: kind(Metric.ratio, undefined, { option: "hits", measures: "answer" }),
  summary: kind(
    Metric.summary,
    fc.record({
      quantiles: fc.constant([0, 0.5, 1]),
      window: fc.constantFrom(1, 1000, 60_000),
      slots: fc.nat(5).map((n) => n + 1)
    })
  ),
  upDownCounter: kind(Metric.upDownCounter),
  window: kind(Metric.window, sliding)
}
