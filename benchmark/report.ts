/** What people read: a table per part. */
import { type Series, seriesOf, spreadOf } from "./measure.ts"

type Row = ReadonlyArray<string>

export const title = (text: string): void => console.log(`\n${text}`)

export const table = (head: Row, rows: ReadonlyArray<Row>): void => {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  for (const row of all) {
    console.log(`  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  ")}`)
  }
}

export const number = (value: number): string =>
  Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en").replaceAll(",", " ") : value.toPrecision(3)

/** Costs with their spread over the rounds, and as a ratio to one of them, likewise: of medians, and round by round. */
export const costTable = (all: ReadonlyArray<Series>, to: string, unit = "ns per event"): void => {
  const base = seriesOf(all, to)
  const baseMedian = spreadOf(base).median
  table(
    ["", unit, "min", "max", `ratio to ${to}`, "min", "max"],
    all.map(({ name, values }) => {
      const cost = spreadOf(values)
      const ratios = spreadOf(values.map((value, round) => value / base[round]!))
      return [name, cost.median, cost.min, cost.max, cost.median / baseMedian, ratios.min, ratios.max].map((cell) =>
        typeof cell === "number" ? number(cell) : cell
      )
    })
  )
}

/** Anything else that was measured several times. */
export const spreadTable = (rows: { readonly [name: string]: ReadonlyArray<number> }): void =>
  table(
    ["", "median", "min", "max"],
    Object.entries(rows).map(([name, values]) => {
      const { max, median, min } = spreadOf(values)
      return [name, number(median), number(min), number(max)]
    })
  )
