import { FigureTable } from "./figureTable.ts"
import type { Measure } from "./measure.ts"
import { aNumber, record } from "./packing.ts"

/**
 * How often something was asked, and how often the answer was yes.
 *
 * @category models
 * @since 0.2.0
 */
export interface RatioPoint {
  readonly hits: number
  readonly total: number
}

export const ratioMeasure: Measure<RatioPoint, boolean> = {
  accepts: (value) => typeof value === "boolean",
  first: (hit) => ({ hits: hit ? 1 : 0, total: 1 }),
  next: ({ hits, total }, hit) => ({ hits: hits + (hit ? 1 : 0), total: total + 1 }),
  merge: (left, right) => ({ hits: left.hits + right.hits, total: left.total + right.total }),
  minus: (later, earlier) => ({ hits: later.hits - earlier.hits, total: later.total - earlier.total })
}

const ratioForm = record<RatioPoint>({ hits: aNumber, total: aNumber })

// The contents of a series' block.
const Hits = 0
const Total = 1
const FigureBits = 1

export class RatioTable extends FigureTable<RatioPoint, boolean> {
  constructor() {
    super(FigureBits, ratioForm)
  }

  add(address: number, hit: boolean): void {
    const figures = this.blocks.of(address)
    const f = this.blocks.at(address)
    if (hit) figures[f + Hits]! += 1
    figures[f + Total]! += 1
  }

  point(address: number): RatioPoint {
    const figures = this.blocks.of(address)
    const f = this.blocks.at(address)
    return { hits: figures[f + Hits]!, total: figures[f + Total]! }
  }

  protected set(address: number, { hits, total }: RatioPoint): void {
    const figures = this.blocks.of(address)
    const f = this.blocks.at(address)
    figures[f + Hits] = hits
    figures[f + Total] = total
  }
}

export const showRatio = (point: RatioPoint | null) => {
  const { hits, total } = point ?? { hits: 0, total: 0 }
  return { ratio: total === 0 ? null : hits / total, hits, total }
}
