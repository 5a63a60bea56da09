/**
 * The accounting of a recorder as a flow from left to right: offered events, accepted ones, and their outcomes. Drawn
 * on rows of equal height; the thickness of a ribbon is its share of all events.
 */
import type { Stats } from "../../model/stats.ts"

export interface FlowNode {
  readonly name: string
  readonly value: number
  /** 0: offered; 1: accepted or refused; 2: the outcome. */
  readonly column: 0 | 1 | 2
  /** Its first row, and its number of rows. */
  readonly row: number
  readonly rows: number
  /** Whether events are lost there. */
  readonly isLoss: boolean
}

export interface Ribbon {
  /** The node at its right end. */
  readonly to: string
  /** The column of its left end. */
  readonly column: 0 | 1
  /** The middle at both ends, in rows. */
  readonly start: number
  readonly end: number
  /** In rows. */
  readonly thickness: number
  readonly isLoss: boolean
}

interface Flow {
  readonly nodes: ReadonlyArray<FlowNode>
  readonly ribbons: ReadonlyArray<Ribbon>
  readonly rows: number
}

/** In rows: for all events, and the visible minimum. */
const Thickest = 0.8
const Thinnest = 0.09

/** The reasons why events were refused, and their numbers. */
export const refusedFor = ({ invalid, notRunning, overflow }: Stats["refusedBy"]) =>
  Object.entries({ overflow, invalid, "not running": notRunning }).filter(([, events]) => events > 0)

const nodesOf = ({ accepted, applied, evicted, ignored, offered, pending, refused, refusedBy }: Stats) => {
  const node = (name: string, value: number, column: 0 | 1 | 2, row: number, rows: number, isLoss = false) => ({
    name,
    value,
    column,
    row,
    rows,
    isLoss: isLoss && value > 0
  })
  const taken = [
    node("applied", applied, 2, 0, 1),
    node("ignored", ignored, 2, 1, 1),
    node("pending", pending, 2, 2, 1),
    node("evicted", evicted, 2, 3, 1, true)
  ]
  const lost = refusedFor(refusedBy).map(([name, value], index) => node(name, value, 2, taken.length + index, 1, true))
  return {
    offered: node("offered", offered, 0, 0, taken.length),
    accepted: node("accepted", accepted, 1, 0, taken.length),
    refused: node("refused", refused, 1, taken.length, Math.max(1, lost.length), true),
    taken,
    lost
  }
}

const middle = ({ row, rows }: FlowNode): number => row + rows / 2

export const flowOf = (stats: Stats): Flow => {
  const { accepted, lost, offered, refused, taken } = nodesOf(stats)
  const thickness = (value: number): number =>
    value === 0 ? 0 : Math.max(Thinnest, (value / stats.offered) * Thickest)
  /** The ribbons of a node are stacked where they begin. */
  const ribbons = (from: FlowNode, to: ReadonlyArray<FlowNode>, column: 0 | 1): ReadonlyArray<Ribbon> => {
    const all = to.map((node) => thickness(node.value))
    let at = middle(from) - all.reduce((sum, each) => sum + each, 0) / 2
    return to.flatMap((node, index) => {
      const start = at + all[index]! / 2
      at += all[index]!
      return node.value === 0
        ? []
        : [{ to: node.name, column, start, end: middle(node), thickness: all[index]!, isLoss: node.isLoss }]
    })
  }
  return {
    nodes: [offered, accepted, refused, ...taken, ...lost],
    ribbons: [
      ...ribbons(offered, [accepted, refused], 0),
      ...ribbons(accepted, taken, 1),
      ...ribbons(refused, lost, 1)
    ],
    rows: refused.row + refused.rows
  }
}
