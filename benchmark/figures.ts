/** The figures of the last line. */
import type { Figures } from "./part.ts"

/** All figures in one record, rounded. What several parts have seen is the most that any has. */
export const mergeFigures = (all: ReadonlyArray<Figures>): Figures => {
  const merged: { [key: string]: Figures[string] } = {}
  for (const [key, figure] of all.flatMap((figures) => Object.entries(figures))) {
    const before = merged[key]
    merged[key] =
      typeof figure === "number"
        ? Math.max(rounded(figure), typeof before === "number" ? before : Number.NEGATIVE_INFINITY)
        : Object.fromEntries(Object.entries(figure).map(([count, value]) => [count, rounded(value)]))
  }
  return merged
}

/** Fine enough that one event more than a capacity of 65 536 shows. */
const rounded = (value: number): number => Number(value.toPrecision(6))
