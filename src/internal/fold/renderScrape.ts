/** Renders a scrape in the requested format where the metrics are folded: in slices, as of the time of the request. */

import { accountingData, runtimeData } from "../formats/accounting.ts"
import type { DuplicatesRead } from "../formats/duplicates.ts"
import { metricData } from "../formats/fromMetric.ts"
import { inParts } from "../formats/inParts.ts"
import type { MetricData } from "../formats/metricData.ts"
import { OtlpExposition } from "../formats/otlp/exposition.ts"
import { type Accounting, addStats, unpackStats } from "../formats/packedStats.ts"
import { type AnyExposition, makeExposition } from "../formats/prometheus/exposition.ts"
import { type Source, wantedBy } from "../formats/prometheus/families.ts"
import { addOthers } from "../formats/prometheus/others.ts"
import { Exposition } from "../formats/prometheus/text.ts"
import { type Condition, countsData, missedData } from "../formats/quarantine.ts"
import { attributesOf } from "../formats/recorderAttribute.ts"
import type { Lane, Render } from "../stream/commands.ts"
import type { FoldMessage } from "../stream/foldMessages.ts"
import { describeError } from "../util/describeError.ts"
import { gzipped } from "../util/gzip.ts"
import { inOwnedParts, memoryOf, type Pieces } from "../util/pieces.ts"
import { SpareMemory } from "../util/spareMemory.ts"
import type { Steps, WaitingSteps } from "../util/steps.ts"
import { addedUp, type GroupOf, groupsOf, type Turn, viewed } from "./addedUp.ts"
import { DeltaExposition } from "./deltaExposition.ts"
import { shownParts } from "./kernels/seriesCut.ts"
import type { FoldLane } from "./recorderFold.ts"
import { renderSeries } from "./renderSeries.ts"
import { releaseAll, type Shown } from "./shown.ts"
import type { Work, WorkSteps, Worktable } from "./slices.ts"

/**
 * How long a scrape waits for lanes that wait for a listener to changes, in milliseconds. After that it shows what they
 * have folded, and the accounting shows the rest as pending.
 */
const Patience = 250

/** The fold that is rendered. */
export interface RenderedFold {
  readonly lanes: { readonly find: (lane: Lane) => FoldLane | undefined }
  /** Whether lanes show the same until they get new input. */
  readonly canWait: boolean
  readonly send: (message: FoldMessage, transfers?: ReadonlyArray<ArrayBuffer>) => void
  readonly work: Worktable
}

/** `onEnd`: the scrape was sent or dropped. */
export const renderLanes = (render: Render, fold: RenderedFold, onEnd: () => void): Work => {
  const { canWait, send, work } = fold
  const { now, recorderIds, rendering: asked, request } = render
  const { attributesOf, groupOf, others } = labelling(render)
  const isWanted = wantedBy(asked)
  const memory = new SpareMemory()
  const exposition = expositionOf(render, memory)
  const lanes: Array<FoldLane> = []
  let turns: Array<Turn> = []
  /** Lanes that have not reached the scrape, possibly because they wait for their listeners. */
  let missing = 0
  let hasEnded = false
  let rendering: Work | undefined
  let patience: ReturnType<typeof setTimeout> | undefined

  const showFolded = (): void => {
    for (const lane of lanes) lane.showFolded(exposition)
  }

  /** `group`: a recorder, or several that are added up. */
  const add = (group: string | undefined, shown: ReadonlyArray<Shown>): Steps<void> =>
    exposition instanceof DeltaExposition
      ? exposition.add(group!, shown, attributesOf(group))
      : addAll(exposition, attributesOf(group), shown, render)

  const addTurns = function* (): Steps<void> {
    if (groupOf !== undefined) return
    for (const { recorderId, shown } of turns) {
      yield* add(recorderId, shown)
      yield
    }
    turns = []
  }

  /** The recorders that are added up, when all of them are there. */
  const addGroups = function* (groupOf: GroupOf): Steps<void> {
    for (const { apart, group, together } of yield* groupsOf(turns, groupOf)) {
      const shown: Array<Shown> = []
      for (const parts of together) shown.push(yield* addedUp(parts, now))
      yield* add(group, shown)
      for (const { recorderId, shown } of apart) {
        yield* add(
          recorderId,
          shown.map((each) => viewed(each, now))
        )
        yield
      }
    }
    turns = []
  }

  /** Compressed by a thread of Node, while the fold continues. */
  const compressed = function* (pieces: ReadonlyArray<Uint8Array>): WaitingSteps<Pieces> {
    let result: Pieces | undefined
    let failure: Error | undefined
    const end = gzipped(pieces, (compressed, error) => {
      result = compressed
      failure = error
      rendering?.goOn()
    })
    work.beside++
    try {
      while (result === undefined && failure === undefined) yield "wait"
    } finally {
      work.beside--
      end()
    }
    if (result === undefined) throw failure
    return result
  }

  const all = function* (): WorkSteps {
    try {
      if (exposition instanceof DeltaExposition) yield* exposition.begin()
      for (const lane of lanes) {
        yield* lane.showingDue()
        yield* addTurns()
      }
      if (missing > 0 && canWait) patience = setTimeout(showFolded, Patience).unref()
      while (missing > 0) {
        yield "wait"
        yield* addTurns()
      }
      if (groupOf !== undefined) yield* addGroups(groupOf)
      // In OTLP the application thread adds what it knows best.
      if (exposition instanceof DeltaExposition || exposition instanceof OtlpExposition) {
        const encoded = yield* exposition.finish()
        const base = exposition instanceof DeltaExposition ? yield* exposition.base() : undefined
        send(
          { _tag: "Rendered", request, encoded, base },
          encoded.flatMap(({ body }) => memoryOf(body))
        )
        return
      }
      yield* addLibrary(exposition, others, render)
      const whole = yield* exposition.finish()
      const body = yield* inOwnedParts(asked.compression === undefined ? whole : yield* compressed(whole), (part) =>
        send({ _tag: "RenderedPart", request, body: part }, memoryOf(part))
      )
      send({ _tag: "Rendered", request, body }, memoryOf(body))
    } catch (error) {
      // For example because it exceeds the maximum length of a string.
      send({ _tag: "NotRendered", request, reason: describeError(error) })
    } finally {
      hasEnded = true
      memory.release()
      clearTimeout(patience)
      for (const { shown } of turns) releaseAll(shown)
      // Otherwise idle lanes and those that wait for a listener would keep it, scrape after scrape.
      if (missing > 0) for (const lane of lanes) lane.forget(exposition)
      onEnd()
    }
  }

  send({ _tag: "Rendering", request })
  for (const [i, recorderId] of recorderIds.entries()) {
    const lane = fold.lanes.find(render.lanes[i]!)
    if (lane === undefined) continue
    missing++
    lanes.push(lane)
    lane.show(now, { addsUp: groupOf !== undefined, canWait }, exposition, (shown) => {
      missing--
      if (hasEnded) return releaseAll(shown)
      releaseAll(shown.filter(({ metric }) => !isWanted(metric)))
      turns.push({ recorderId, shown: shown.filter(({ metric }) => isWanted(metric)) })
      rendering?.goOn()
    })
  }
  rendering = work.begin(all())
  return rendering
}

const expositionOf = (render: Render, { take }: SpareMemory): AnyExposition | OtlpExposition | DeltaExposition => {
  const { now, rendering } = render
  if (rendering.format !== "otlp") return makeExposition(rendering, now, take)
  if (rendering.temporality === "delta") return new DeltaExposition(rendering, render)
  return new OtlpExposition(rendering, now)
}

/** How the series of recorders are labelled. */
const labelling = ({ namespace, recorderIds, rendering, totalIds }: Render) => {
  const labels = rendering.format === "remote-write" || rendering.format === "otlp" ? {} : (rendering.labels ?? {})
  const { recorderLabel = "id" } = rendering
  const totals = totalIds && new Map(recorderIds.map((id, i) => [id, totalIds[i]!]))
  const groupOf: GroupOf | undefined =
    recorderLabel === "id" ? undefined : recorderLabel === "none" ? () => undefined : (id) => totals?.get(id) ?? id
  return {
    /** `undefined` if recorders are not added up. */
    groupOf,
    /** `group`: one recorder, or several. */
    attributesOf: (group: string | undefined) => ({ ...labels, ...attributesOf(namespace, group) }),
    /** For series that do not belong to a recorder. */
    others: { attributes: labels, createdAt: undefined }
  }
}

/** The number of recorders whose accounting is added in a step. */
const RecordersAtOnce = 64

/** Adds the library's own metrics, and those from elsewhere. */
function* addLibrary(exposition: AnyExposition, source: Source, render: Render): Steps<void> {
  const { foldLag, namespace, others = [], recorderIds, rendering, runtime, stats } = render
  const add = (all: ReadonlyArray<MetricData>): void => {
    for (const data of all) exposition.add(data, source)
  }
  if (rendering.selfMetrics !== false) {
    const { groupOf = (id: string) => id } = labelling(render)
    const groups = new Map<string | undefined, Accounting>()
    for (let from = 0; from < recorderIds.length; from += RecordersAtOnce) {
      yield
      for (const [i, each] of unpackStats(stats, from, from + RecordersAtOnce).entries()) {
        const group = groupOf(recorderIds[from + i]!)
        const before = groups.get(group)
        groups.set(group, before === undefined ? each : addStats(before, each))
      }
    }
    const recorders = Array.from(groups, ([group, stats]) => ({ attributes: attributesOf(namespace, group), stats }))
    for (let from = 0; from < recorders.length; from += RecordersAtOnce) {
      yield
      add(accountingData(recorders.slice(from, from + RecordersAtOnce)))
    }
    add(runtimeData(namespace, runtime, foldLag))
  }
  addOthers(exposition, others as ReadonlyArray<MetricData>, source)
}

function* addAll(
  exposition: AnyExposition | OtlpExposition,
  attributes: ReturnType<typeof attributesOf>,
  all: ReadonlyArray<Shown>,
  { now, rendering }: Render
): Steps<void> {
  const conditions: Array<Condition> = []
  for (const shown of all) {
    const { createdAt, dimensions, duplicates, metric, quarantine, series } = shown
    const read: Array<DuplicatesRead> = []
    const add = function* (dimensions: unknown): Steps<void> {
      try {
        for (const [i, data] of metricData(metric, dimensions).entries()) {
          read[i] ??= duplicates.read()
          const source = { attributes, createdAt, duplicates: read[i] }
          // A hand-written view may return very many numbers.
          yield* inParts(data, (part) => {
            exposition.add(part, source)
            return []
          })
        }
      } catch {
        // A view may return anything. This one contains no number.
      }
    }
    let last = dimensions
    if (dimensions !== undefined) yield* add(dimensions)
    const isText = series !== undefined && exposition instanceof Exposition
    const left = isText ? yield* renderSeries(exposition, shown, series, { attributes, createdAt }, now) : undefined
    for (const part of series === undefined ? [] : left === undefined ? shownParts(series, metric, now) : [left]) {
      yield* add(part)
      last = part
    }
    for (const each of read) each.end()
    series?.release()
    conditions.push({ metric, dimensions: last, quarantine })
  }
  if (rendering.selfMetrics === false) return
  const source = { attributes, createdAt: undefined }
  for (const data of countsData(conditions, {})) exposition.add(data, source)
  for (const [i, condition] of conditions.entries()) {
    const since = all[i]!.createdAt
    for (const data of missedData(condition, {})) exposition.add(data, { ...source, since })
  }
}
