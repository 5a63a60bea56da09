/** The text of a scrape from data, rendered like in the fold. */

import type { MetricData } from "../../src/internal/formats/metricData.ts"
import type { Source } from "../../src/internal/formats/prometheus/families.ts"
import { Exposition } from "../../src/internal/formats/prometheus/text.ts"
import type { TextFormat } from "../../src/internal/model/format.ts"
import { allSteps } from "../../src/internal/util/steps.ts"

export const textOf = (data: ReadonlyArray<MetricData>, format: TextFormat = "text", source?: Source): string => {
  const exposition = new Exposition(format)
  for (const each of data) exposition.add(each, source)
  return Buffer.concat(allSteps(exposition.finish())).toString()
}

/** The sample lines only. */
export const samplesOf = (...parameters: Parameters<typeof textOf>): ReadonlyArray<string> =>
  textOf(...parameters)
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))

/** A gauge with one number. */
export const gaugeOf = (value: number, rest: Partial<MetricData> = {}): MetricData =>
  ({
    name: "g",
    description: undefined,
    unit: undefined,
    type: "gauge",
    points: [{ attributes: {}, value }],
    ...rest
  }) as MetricData

export const counterOf = (value: number, rest: Partial<MetricData> = {}): MetricData =>
  gaugeOf(value, { type: "sum", monotonic: true, ...rest } as Partial<MetricData>)
