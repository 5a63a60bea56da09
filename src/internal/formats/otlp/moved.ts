/**
 * The counts that recorders of a report have left to others since the last export. A recorder whose id a report no
 * longer keeps is part of a total from then on, and its exported counts must not be part of the total's delta. So the
 * base of the total is increased by what others have lost since their export.
 */
import type { Steps } from "../../util/steps.ts"
import { type MetricData, type SummaryDataPoint, shapeKey } from "../metricData.ts"
import { RecorderAttribute } from "../recorderAttribute.ts"
import { Bases, type Exported, keyText, type Section } from "./baseReader.ts"
import { type Base, BaseWriter, ownMemory } from "./baseWriter.ts"
import { type Adding, addingOf, amountOf, type Counted, hasFallen, minus } from "./differences.ts"
import { nanosOf } from "./streamed.ts"
import { pointKey, StepPoints, sectionKeys, type Timed } from "./streams.ts"

/** A point of data that adds up. */
type Point = Exclude<MetricData["points"][number], SummaryDataPoint>

/** The data of one metric of one recorder, and what was exported of it. */
interface Row {
  readonly of: Timed
  readonly section: Section | undefined
  /** By key. */
  readonly exported: Map<string, Exported>
  readonly points: ReadonlyMap<string, Point>
  isChanged: boolean
}

/** A series of which a recorder has lost counts. */
interface Loss {
  /** Without the recorder. */
  readonly series: string
  readonly amount: Counted
  /** Called when another recorder is found to have the counts. */
  readonly onTaken: () => void
}

/** A metric in all recorders. */
interface Group {
  readonly adding: Adding
  readonly rows: Array<Row>
  readonly losses: Array<Loss>
}

/**
 * The base to use instead of the given ones if counts have moved; `undefined`: none have. `isTotal`: whether this
 * recorder is a total. Counts move into totals first, but may move into any recorder.
 */
export function* movedBase(
  bases: ReadonlyArray<Base>,
  all: ReadonlyArray<Timed>,
  isTotal: (recorderId: unknown) => boolean
): Steps<Base | undefined> {
  const lost = yield* shapesWithLosses(bases, all)
  if (lost.size === 0) return undefined
  const known = new Bases()
  yield* known.read(bases)
  const groups = new Map<string, Group>()
  const there = new Set<string>()
  for (const of of all) {
    const adding = addingOf(of.data)
    const { key } = sectionKeys(of.data, of)
    there.add(key)
    const shape = shapeKey(of.data)
    if (adding === undefined || !lost.has(shape)) continue
    const group = groups.get(shape) ?? { adding, rows: [], losses: [] }
    groups.set(shape, group)
    group.rows.push(yield* rowOf(of, known.section(key), group))
  }
  let looked = 0
  for (const section of known.sections()) {
    if (there.has(section.key) || section.adding === undefined) continue
    const losses = groups.get(shapeOf(section))?.losses
    for (const [key, { point }] of losses === undefined ? [] : section.entries()) {
      if (++looked % StepPoints === 0) yield
      losses!.push({ series: seriesOf(key), amount: point!, onTaken: () => {} })
    }
  }
  let end: bigint | undefined
  for (const section of known.sections()) end = end === undefined || section.end > end ? section.end : end
  const base = new BaseWriter()
  let isMoved = false
  for (const group of groups.values()) {
    if (group.losses.length === 0) continue
    yield* give(group, isTotal)
    for (const row of group.rows) {
      if (!row.isChanged) continue
      isMoved = true
      yield* writeRow(base, row, group.adding, end!)
    }
  }
  return isMoved ? yield* base.finish(ownMemory) : undefined
}

/** The shapes of metrics of which a recorder has lost counts: usually none, so nothing else is kept of the series. */
function* shapesWithLosses(bases: ReadonlyArray<Base>, all: ReadonlyArray<Timed>): Steps<ReadonlySet<string>> {
  const known = new Bases()
  yield* known.read(bases)
  const there = new Set<string>()
  const lost = new Set<string>()
  let looked = 0
  for (const of of all) {
    const adding = addingOf(of.data)
    const { key } = sectionKeys(of.data, of)
    there.add(key)
    const section = known.section(key)
    if (adding === undefined || section === undefined) continue
    for (const point of pointsOf(of)) {
      if (++looked % StepPoints === 0) yield
      const before = yield* section.take(pointKey(point))
      if (before === undefined || lossOf(adding, before, point) === undefined) continue
      lost.add(shapeKey(of.data))
      break
    }
  }
  for (const section of known.sections()) {
    if (section.adding !== undefined && !there.has(section.key)) lost.add(shapeOf(section))
  }
  return lost
}

/** See {@link shapeKey}. */
const shapeOf = ({ metric }: Section): string => (JSON.parse(metric) as readonly [shape: string])[0]

const pointsOf = ({ bygone, data }: Timed): ReadonlyArray<Point> =>
  [...data.points, ...(bygone?.idle.points ?? [])] as ReadonlyArray<Point>

/** What a series has lost since its export. `undefined`: nothing, or it has started again. */
const lossOf = (adding: Adding, { life, point: before }: Exported, point: Point): Counted | undefined =>
  life !== point.life?.number || amountOf(point) >= amountOf(before) || hasFallen(adding, before!, point)
    ? undefined
    : minus(adding, before!, point)

function* rowOf(of: Timed, section: Section | undefined, { adding, losses }: Group): Steps<Row> {
  const points = new Map<string, Point>()
  const exported = new Map<string, Exported>()
  const row: Row = { of, section, exported, points, isChanged: false }
  let looked = 0
  for (const point of pointsOf(of)) {
    if (++looked % StepPoints === 0) yield
    points.set(keyText(pointKey(point)), point)
  }
  for (const [key, before] of section?.entries() ?? []) {
    if (++looked % StepPoints === 0) yield
    exported.set(key, before)
    const point = points.get(key)
    const amount = point && lossOf(adding, before, point)
    if (amount === undefined) continue
    const onTaken = (): void => {
      exported.set(key, { ...before, point })
      row.isChanged = true
    }
    losses.push({ series: seriesOf(key), amount, onTaken })
  }
  return row
}

/**
 * Assigns each loss to a recorder that has gained at least as much: a total if there is one, otherwise the one that has
 * gained most.
 */
function* give({ adding, losses, rows }: Group, isTotal: (recorderId: unknown) => boolean): Steps<void> {
  const bySeries = new Map<string, Array<{ readonly row: Row; readonly key: string; readonly isTotal: boolean }>>()
  let looked = 0
  for (const row of rows) {
    for (const [key, point] of row.points) {
      if (++looked % StepPoints === 0) yield
      const series = seriesOf(key)
      const takers = bySeries.get(series) ?? []
      bySeries.set(series, takers)
      takers.push({ row, key, isTotal: isTotal(point.attributes[RecorderAttribute]) })
    }
  }
  for (const { amount, onTaken, series } of losses) {
    if (++looked % StepPoints === 0) yield
    const rises = (bySeries.get(series) ?? []).flatMap((taker) => {
      const rise = riseOf(adding, taker.row, taker.key)
      return rise === undefined || hasFallen(adding, rise, amount) ? [] : [{ ...taker, rise }]
    })
    const [first] = rises.sort(
      (one, other) => Number(other.isTotal) - Number(one.isTotal) || amountOf(other.rise) - amountOf(one.rise)
    )
    if (first === undefined) continue
    const { key, rise, row } = first
    const point = row.points.get(key)!
    const before = row.exported.get(key)
    const start = before?.start ?? nanosOf(row.of.since ?? 0)
    const left = minus(adding, rise, amount)
    row.exported.set(key, { life: point.life?.number, start, point: minus(adding, point, left) })
    row.isChanged = true
    onTaken()
  }
}

/** What was added to a series since the last export. `undefined`: it has started again since. */
const riseOf = (adding: Adding, { exported, points }: Row, key: string): Counted | undefined => {
  const point = points.get(key)!
  const before = exported.get(key)
  if (before === undefined) return point
  const goesOn = before.life === point.life?.number && !hasFallen(adding, point, before.point!)
  return goesOn ? minus(adding, point, before.point!) : undefined
}

function* writeRow(base: BaseWriter, { exported, of, section }: Row, adding: Adding, end: bigint): Steps<void> {
  const [{ boundaries = [] } = {}] = of.data.points as ReadonlyArray<{ boundaries?: ReadonlyArray<number> }>
  const writer = base.section({ ...sectionKeys(of.data, of), owner: of.owner, adding, boundaries })
  let looked = 0
  for (const [key, entry] of exported) {
    writer.add(Buffer.from(key, "latin1"), entry, entry.point)
    if (++looked % StepPoints === 0) yield
  }
  writer.end(section?.end ?? end)
}

/** The key of a series without its recorder. */
const seriesOf = (key: string): string => {
  const attributes = JSON.parse(Buffer.from(key, "latin1").toString()) as ReadonlyArray<readonly [string, unknown]>
  return JSON.stringify(attributes.filter(([name]) => name !== RecorderAttribute))
}
