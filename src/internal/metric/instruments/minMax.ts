import { FigureTable } from "./figureTable.ts"
import { anyNumber, type Measure } from "./measure.ts"
import { aNumber, record } from "./packing.ts"

/**
 * The state of one series of a minimum and maximum.
 *
 * @category models
 * @since 0.2.0
 */
export interface MinMaxPoint {
  readonly min: number
  readonly max: number
  readonly count: number
}

/**
 * 0 + value: -0 counts as 0, as in JSON. There is no `minus`, because the subtracted values may have included the
 * minimum.
 */
export const minMaxMeasure: Measure<MinMaxPoint> = {
  accepts: anyNumber,
  first: (value) => ({ min: 0 + value, max: 0 + value, count: 1 }),
  next: ({ count, max, min }, value) => ({
    min: Math.min(min, 0 + value),
    max: Math.max(max, 0 + value),
    count: count + 1
  }),
  merge: (left, right) => ({
    min: Math.min(left.min, right.min),
    max: Math.max(left.max, right.max),
    count: left.count + right.count
  })
}

const minMaxForm = record<MinMaxPoint>({ min: aNumber, max: aNumber, count: aNumber })

// The contents of a series' block.
const Min = 0
const Max = 1
const Count = 2
const FigureBits = 2

export class MinMaxTable extends FigureTable<MinMaxPoint> {
  constructor() {
    super(FigureBits, minMaxForm)
  }

  override create(): number {
    const address = super.create()
    this.set(address, { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, count: 0 })
    return address
  }

  add(address: number, of: number): void {
    const value = 0 + of
    const figures = this.blocks.of(address)
    const f = this.blocks.at(address)
    if (value < figures[f + Min]!) figures[f + Min] = value
    if (value > figures[f + Max]!) figures[f + Max] = value
    figures[f + Count]! += 1
  }

  point(address: number): MinMaxPoint {
    const figures = this.blocks.of(address)
    const f = this.blocks.at(address)
    return { min: figures[f + Min]!, max: figures[f + Max]!, count: figures[f + Count]! }
  }

  protected set(address: number, { count, max, min }: MinMaxPoint): void {
    const figures = this.blocks.of(address)
    const f = this.blocks.at(address)
    figures[f + Min] = min
    figures[f + Max] = max
    figures[f + Count] = count
  }
}

export const showMinMax = (point: MinMaxPoint | null) => point ?? { min: null, max: null, count: 0 }
