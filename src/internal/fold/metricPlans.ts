/** Which of a lane's metrics take which rows and events. */

import { fieldsRead } from "../metric/definition/instrument.ts"
import type { RowRead, Rows } from "../stream/rows/format.ts"
import type { Layout } from "../stream/rows/layout.ts"
import { type RowsFold, rowsFold } from "./kernels/generatedLoop.ts"
import { Kernel, type PlannedKernel } from "./kernels/kernel.ts"
import { PlaceMetric, PlaceSequence } from "./place.ts"
import type { RegisteredMetric } from "./registeredMetric.ts"

/** A layout as the fold has it. */
export interface FoldLayout {
  readonly layout: Layout
  readonly read: RowRead
}

/** The metrics that read a tag. */
export interface Readers {
  readonly cells: ReadonlyArray<RegisteredMetric>
  /** Whether one of them may write to an event that another one gets after it. */
  readonly mayWrite: boolean
  /** See {@link PlaceReader} and {@link PlaceTag}. */
  readonly reader: number
  readonly tag: number
}

/** How the rows of a layout are folded in this lane. */
export interface RowPlan extends Readers {
  /** The metrics that fold rows where they lie, and take all of them. `cells` are the others, who need the event itself. */
  readonly fold: RowsFold | undefined
}

/** What most lanes have of something. It is shared, and never written. */
export const none: ReadonlyArray<never> = []

const noReaders: Readers = { cells: none, mayWrite: false, reader: 0, tag: -1 }

const exact = <A>(array: ReadonlyArray<A>): ReadonlyArray<A> => (array.length === 0 ? none : array.slice())

/** Of metrics as they are: when one is registered, reset or quarantined, others are made. */
export class MetricPlans {
  readonly #cells: ReadonlyArray<RegisteredMetric>
  /** Made when events come one by one. */
  #byTag: Map<string, Readers> | undefined
  /** The layout of the rows that came last, and how they are folded; made when a row of it comes. */
  #layout: FoldLayout | undefined
  #plan: RowPlan | undefined
  /** Those of all layouts, where there are several. */
  #plans: Map<FoldLayout, RowPlan> | undefined

  constructor(cells: ReadonlyArray<RegisteredMetric>) {
    this.#cells = cells
  }

  ofRows(layout: FoldLayout): RowPlan {
    return layout === this.#layout ? this.#plan! : this.#next(layout)
  }

  #next(layout: FoldLayout): RowPlan {
    let plan = this.#plans?.get(layout)
    if (plan === undefined) {
      plan = this.#makePlan(layout)
      if (this.#layout !== undefined) {
        this.#plans ??= new Map([[this.#layout, this.#plan!]])
        this.#plans.set(layout, plan)
      }
    }
    this.#layout = layout
    this.#plan = plan
    return plan
  }

  #makePlan({ layout }: FoldLayout): RowPlan {
    const readers = this.#readersOf(layout.tag)
    const planned: Array<PlannedKernel> = []
    const cells = readers.cells.filter(({ inService, kernel }) => {
      const plan = inService && kernel instanceof Kernel ? kernel.plan(layout) : undefined
      if (plan !== undefined) planned.push(plan)
      return plan === undefined
    })
    return { ...readers, fold: rowsFold(planned, layout.words), cells: exact(cells) }
  }

  ofEvent(tag: string): Readers {
    this.#byTag ??= new Map()
    let readers = this.#byTag.get(tag)
    if (readers === undefined) {
      readers = this.#readersOf(tag)
      // Others may be made up without end.
      if (readers.cells.length > 0) this.#byTag.set(tag, readers)
    }
    return readers
  }

  #readersOf(tag: string): Readers {
    const cells = this.#cells.filter(({ isFormer, metric }) => !isFormer && Object.hasOwn(metric.reduce, tag))
    const [first] = cells
    if (first === undefined) return noReaders
    return {
      cells: exact(cells),
      mayWrite: cells.slice(0, -1).some(({ metric }) => fieldsRead(metric) === undefined),
      reader: first.index,
      tag: Object.keys(first.metric.reduce).indexOf(tag)
    }
  }
}

/**
 * Folds rows as the events they hold; how many at least one of the metrics took. Each metric gets events of its own: to
 * read one again costs less than to freeze it, and holds for dates as well.
 */
export const foldDecoded = (
  layout: FoldLayout,
  cells: ReadonlyArray<RegisteredMetric>,
  rows: Rows,
  at: number,
  count: number,
  time: number,
  sequence: number,
  place: Int32Array
): number => {
  const { words } = layout.layout
  let applied = 0
  for (let i = 0, row = at; i < count; i++, row += words) {
    let took = false
    place[PlaceSequence] = sequence + i
    for (let c = 0; c < cells.length; c++) {
      const cell = cells[c]!
      place[PlaceMetric] = cell.index
      if (cell.reduce(layout.read(rows, row), time)) took = true
    }
    if (took) applied++
  }
  return applied
}
