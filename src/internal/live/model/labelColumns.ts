/**
 * The columns that tell the rows of a metric from each other, on the live page and in the terminal.
 */
import type { PointRow } from "./points.ts"

export interface LabelColumn {
  readonly name: string
  readonly cell: (row: PointRow) => string
}

/** A row can have two labels of one name: one of the metric, and the values that a frequency counts. */
const keysOf = ({ labels }: PointRow): ReadonlyArray<string> =>
  labels.map(([name], index) => {
    const before = labels.slice(0, index).filter(([other]) => other === name).length
    return JSON.stringify([name, before])
  })

export const labelColumns = (rows: ReadonlyArray<PointRow>): ReadonlyArray<LabelColumn> => {
  const names = new Map<string, string>()
  const unnamed = JSON.stringify(["", 0])
  for (const row of rows) {
    for (const [index, key] of keysOf(row).entries()) names.set(key, row.labels[index]![0])
  }
  // The field of a metric of one's own comes last; the overflow series needs no column of its own.
  if (names.delete(unnamed) && rows.some((row) => row.overflow !== true && keysOf(row).includes(unnamed))) {
    names.set(unnamed, "field")
  }
  if (names.size === 0 && rows.some(({ overflow }) => overflow === true)) names.set(unnamed, "series")
  const columns = [...names.keys()]
  return [...names].map(([key, name]) => ({
    name,
    cell: (row) => {
      const keys = keysOf(row)
      const at = keys.indexOf(key)
      if (at >= 0) return row.labels[at]![1]
      if (key !== columns.find((each) => !keys.includes(each))) return ""
      if (row.labels.length === 0) return "all"
      return row.overflow === true ? (row.labels.find(([label]) => label === "")?.[1] ?? "") : ""
    }
  }))
}
