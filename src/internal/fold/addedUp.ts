/**
 * Adds up the metrics of several recorders, as if one recorder had taken the events of all of them, for a scrape that
 * adds recorders up.
 */
import { measuredBy } from "../metric/definition/measured.ts"
import type { Quarantine } from "../metric/definition/snapshot.ts"
import type { Steps } from "../util/steps.ts"
import type { Kernel } from "./kernels/kernel.ts"
import { kernelOf } from "./kernels/kernelOf.ts"
import { besideSole, SeriesCut } from "./kernels/seriesCut.ts"
import { SeriesTexts } from "./seriesTexts.ts"
import { releaseAll, type Shown } from "./shown.ts"

/** What the metrics of a recorder show at its turn. */
export interface Turn {
  readonly recorderId: string
  readonly shown: ReadonlyArray<Shown>
}

/** Returns the group that a recorder belongs to. */
export type GroupOf = (recorderId: string) => string | undefined

interface Group {
  readonly group: string | undefined
  /** The parts of each metric. */
  readonly together: ReadonlyArray<ReadonlyArray<Shown>>
  /**
   * Metrics that cannot be added up: those without a `merge`, and those that measure something else than the first of
   * their name.
   */
  readonly apart: ReadonlyArray<Turn>
}

/** The number of recorders that are grouped in a step. */
const TurnsAtOnce = 64

export function* groupsOf(turns: ReadonlyArray<Turn>, groupOf: GroupOf): Steps<ReadonlyArray<Group>> {
  const all: Array<Group> = []
  for (const [group, ofGroup] of Map.groupBy(turns, ({ recorderId }) => groupOf(recorderId))) {
    all.push({ group, ...(yield* partsOf(ofGroup)) })
    yield
  }
  return all
}

/** What measures the same. */
interface Alike {
  readonly parts: Array<Shown>
  /** When the first definition of the name was registered. */
  since: number
}

/** Of several definitions of a name, the first one is shown. The current counts of the others are shown separately. */
function* partsOf(turns: ReadonlyArray<Turn>): Steps<Omit<Group, "group">> {
  const byName = new Map<string, Map<string, Alike>>()
  for (const [i, { shown }] of turns.entries()) {
    if (i % TurnsAtOnce === TurnsAtOnce - 1) yield
    for (const each of shown) {
      const { createdAt, isFormer, metric } = each
      if (metric.merge === undefined) continue
      const { hash } = measuredBy(metric)
      const byHash = byName.get(metric.name) ?? new Map<string, Alike>()
      const alike = byHash.get(hash) ?? { parts: [], since: Number.MAX_VALUE }
      byName.set(metric.name, byHash.set(hash, alike))
      alike.parts.push(each)
      if (!isFormer) alike.since = Math.min(alike.since, createdAt)
    }
  }
  // If several were registered at the same time, the first one in order stays first.
  const together = Array.from(byName.values()).flatMap((alike) => {
    const [first] = [...alike.values()].sort((one, other) => one.since - other.since)
    return first!.since === Number.MAX_VALUE ? [] : [first!.parts]
  })
  const added = new Set(together.flat())
  const apart: Array<Turn> = []
  for (const [i, { recorderId, shown }] of turns.entries()) {
    if (i % TurnsAtOnce === TurnsAtOnce - 1) yield
    const others = shown.filter((each) => !added.has(each))
    releaseAll(others.filter(({ isFormer }) => isFormer))
    const own = others.filter(({ isFormer }) => !isFormer)
    if (own.length > 0) apart.push({ recorderId, shown: own })
  }
  return { together, apart }
}

/** `parts`: of one metric, of which one at least is there. */
export function* addedUp(parts: ReadonlyArray<Shown>, now: number): Steps<Shown> {
  const { duplicates, epoch, isContinued, metric } = parts.find(({ isFormer }) => !isFormer)!
  const own = {
    metric,
    duplicates,
    isFormer: false,
    epoch,
    isContinued,
    createdAt: parts.reduce((least, { createdAt }) => Math.min(least, createdAt), now),
    quarantine: quarantineOf(parts),
    state: undefined,
    // Its series are at other indexes.
    texts: new SeriesTexts()
  }
  if (parts.some(({ series }) => series !== undefined)) {
    const kernel = kernelOf(metric) as Kernel
    yield* joinAll(kernel, parts, now)
    return viewed({ ...own, dimensions: undefined, series: new SeriesCut(kernel) }, now)
  }
  return { ...own, dimensions: yield* viewOfStates(parts, now), series: undefined }
}

/** A series exists while one of the parts has it. It then includes everything that any part had counted in it. */
function* joinAll(kernel: Kernel, parts: ReadonlyArray<Shown>, now: number): Steps<void> {
  const all = parts.flatMap(({ earlier, series }) => [series ?? [], earlier ?? []].flat())
  for (const cut of all) {
    yield* kernel.joining(() => cut.kernel, cut.kernel.indexes(now, "live"), now)
    kernel.rejected += cut.kernel.rejected
    yield
  }
  for (const cut of all) {
    const ended = cut.kernel.indexes(now, "idle").filter((index) => kernel.has(cut.kernel.key(index)))
    yield* kernel.joining(() => cut.kernel, ended, now)
    cut.release()
  }
}

/** A metric without labels has no series to iterate over. */
export const viewed = (shown: Shown, now: number): Shown => {
  const { metric, series } = shown
  if (series === undefined || series.kernel.instrument.labels.length > 0) return shown
  const { kernel } = series
  const dimensions = { ...(metric.view(kernel.state(), now) as object), ...besideSole(kernel, now) }
  series.release()
  return { ...shown, dimensions, series: undefined }
}

/** The view of the states that could be viewed, or `undefined` if they cannot be merged. */
function* viewOfStates(parts: ReadonlyArray<Shown>, now: number): Steps<unknown> {
  const { merge, view } = parts[0]!.metric
  const states = parts.flatMap(({ state }) => (state === undefined ? [] : [state.of]))
  if (states.length === 0) return undefined
  try {
    let all = states[0]
    for (const state of states.slice(1)) {
      all = merge!(all as never, state as never, now)
      yield
    }
    return view(all as never, now)
  } catch {
    return undefined
  }
}

/** The first quarantine, with the missed events of all. */
const quarantineOf = (parts: ReadonlyArray<Shown>): Quarantine | undefined => {
  const all = parts.flatMap(({ quarantine }) => quarantine ?? [])
  return all[0] && { ...all[0], missed: all.reduce((sum, { missed }) => sum + missed, 0) }
}
