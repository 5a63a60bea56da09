/** What grows with the series of a process, by their kind: measured at two numbers of series. */
import * as Effect from "effect/Effect"
import { median } from "../../measure.ts"
import { type Kind, kinds } from "../kinds.ts"
import { type Line, lineThrough } from "./line.ts"

/** Of a process without series, and of each series. */
export interface OfSeries {
  readonly source: number
  readonly series: { readonly [kind in Kind]: number }
}

const Few = 20
const Many = 120

export const byKind = Effect.fnUntraced(function* <Name extends string>(
  names: ReadonlyArray<Name>,
  measure: (kind: Kind, series: number) => Effect.Effect<{ readonly [name in Name]: number }, unknown>
): Effect.fn.Return<{ readonly [name in Name]: OfSeries }, unknown> {
  const all: Array<readonly [Kind, { readonly [name in Name]: number }, { readonly [name in Name]: number }]> = []
  for (const kind of kinds) all.push([kind, yield* measure(kind, Few), yield* measure(kind, Many)])
  const costs = (name: Name): OfSeries => {
    const lines = all.map(([kind, few, many]) => [kind, lineThrough([Few, few[name]], [Many, many[name]])] as const)
    return {
      // What a process takes for itself hardly depends on what it counts.
      source: median(lines.map(([, { fixed }]: readonly [Kind, Line]) => fixed)),
      series: Object.fromEntries(lines.map(([kind, { each }]) => [kind, each])) as OfSeries["series"]
    }
  }
  return Object.fromEntries(names.map((name) => [name, costs(name)])) as { readonly [name in Name]: OfSeries }
})
