/** The visible part of a chart's lines, on the selected scale, with the earlier range for comparison. */
import { earlier, ownScale } from "../model/ranges.ts"
import type { ChartLine } from "./chart.ts"
import type { ChartChoice } from "./chartTools.ts"

interface InRange {
  /** The first update of the range. */
  readonly first: number
  readonly times: ReadonlyArray<number>
  readonly lines: ReadonlyArray<ChartLine>
}

/** `compared`: the name of the earlier range. `fine`: since when there is a value for each update. */
export const inRange = (
  times: ReadonlyArray<number>,
  lines: ReadonlyArray<ChartLine>,
  { back, range, scale }: ChartChoice,
  compared: string,
  fine: number | undefined
): InRange => {
  const from = (times.at(-1) ?? 0) - range
  const first = Math.max(
    0,
    times.findIndex((time) => time >= from)
  )
  const scaled = (values: ChartLine["values"], of: ChartLine["values"]): ChartLine["values"] =>
    scale === "own" ? ownScale(values, of) : values
  const both = lines.flatMap((line): ReadonlyArray<ChartLine> => {
    const values = line.values.slice(first)
    const shown = { ...line, values: scaled(values, values) }
    if (back === 0) return [shown]
    const before = earlier(times, line.values, back, fine).slice(first)
    return [shown, { ...line, label: `${line.label}, ${compared}`, values: scaled(before, values), dashed: true }]
  })
  return { first, times: times.slice(first), lines: both }
}
