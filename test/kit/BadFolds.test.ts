/** An invalid metric, state or event is rejected by the name of its argument. */
import { expect, it } from "@effect/vitest"
import { Metric } from "mvx-metrics"
import { Ticks, tick } from "../support/probe.metrics.ts"

const { fold, reduce, snapshot } = Metric as unknown as {
  readonly [name: string]: (...args: ReadonlyArray<unknown>) => unknown
}
const noMetrics = [undefined, null, {}, "ticks", 5, () => {}]
const noEvents = [undefined, null, 5, {}, { _tag: 5 }, "tick", []]
const noIterables = [undefined, null, 5, {}, tick()]

it.each<readonly [argument: string, call: string, () => unknown]>([
  ...noMetrics.flatMap(
    (value) =>
      [
        ["metric", `fold of ${String(value)}`, () => fold!(value, [tick()])],
        ["metric", `reduce of ${String(value)}`, () => reduce!(value, undefined, tick())],
        ["metric", `snapshot of ${String(value)}`, () => snapshot!(value, Ticks.initial)]
      ] as const
  ),
  ...noEvents.flatMap(
    (value) =>
      [
        ["events", `fold of the event ${JSON.stringify(value)}`, () => fold!(Ticks, [tick(), value])],
        ["event", `reduce of the event ${JSON.stringify(value)}`, () => reduce!(Ticks, Ticks.initial, value)]
      ] as const
  ),
  ...noIterables.map(
    (value) => ["events", `fold of the events ${JSON.stringify(value)}`, () => fold!(Ticks, value)] as const
  )
])("%s is named in the rejection of a %s", (argument, _, call) => {
  expect(call).toThrow(expect.objectContaining({ _tag: "mvx-metrics/InvalidArgument", argument }))
})
