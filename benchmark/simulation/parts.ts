/** What loads are made of. */
import type { Constants } from "./constants.ts"
import { kinds } from "./kinds.ts"
import { type Load, noRead, noWrite } from "./load.ts"
import type { OfSeries } from "./measure/byKind.ts"
import type { Scenario } from "./scenario.ts"

/** A way of adding up processes. */
export type Way = (constants: Constants, scenario: Scenario) => Load

/** What the series of a process come to. */
export const sumOf = ({ series, source }: OfSeries, scenario: Scenario): number =>
  source + kinds.reduce((sum, kind) => sum + series[kind] * scenario.mix[kind] * scenario.series, 0)

/** Nobody reads what Prometheus or a collector gets, as far as this goes. */
export const noReport = (every: number): Load["report"] => ({
  every,
  readers: 1,
  millis: 0,
  ofSource: noRead,
  ofChanged: noRead,
  ofWrite: noRead,
  ofMilli: noRead
})

/** A write replaces the one before. */
export const replacing = { ofMilli: noWrite, isKept: false }
