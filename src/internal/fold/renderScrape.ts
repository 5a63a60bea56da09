/**
 * A scrape in the format that is asked for, made where the metrics are folded: in slices, of the state that there was when
 * it was asked for.
 */

import { constants, gzip } from "node:zlib"
import { accountingData, runtimeData } from "../formats/accounting.ts"
import type { DuplicatesRead } from "../formats/duplicates.ts"
import { metricData } from "../formats/fromMetric.ts"
import { unpackStats } from "../formats/packedStats.ts"
import { type AnyExposition, makeExposition } from "../formats/prometheus/exposition.ts"
import { Exposition } from "../formats/prometheus/text.ts"
import { type Condition, conditionData } from "../formats/quarantine.ts"
import { attributesOf } from "../formats/recorderAttribute.ts"
import type { FoldMessage, Lane, Render } from "../stream/protocol.ts"
import { describeError } from "../util/describeError.ts"
import type { Steps, WaitingSteps } from "../util/steps.ts"
import { shownParts } from "./kernels/seriesCut.ts"
import type { FoldLane } from "./recorderFold.ts"
import type { Shown } from "./registeredMetric.ts"
import { renderSeries } from "./renderSeries.ts"
import type { Work, WorkSteps, Worktable } from "./slices.ts"

/** The fold that is rendered. */
interface Rendered {
  readonly laneOf: (lane: Lane) => FoldLane | undefined
  /** Whether what lanes show is the same until something comes to them. */
  readonly canWait: boolean
  readonly send: (message: FoldMessage, transfers?: ReadonlyArray<ArrayBuffer>) => void
  readonly work: Worktable
}

/** What the metrics of a recorder show that has come to its turn. */
interface Turn {
  readonly recorderId: string
  readonly shown: ReadonlyArray<Shown>
}

/** `onEnd`: it was sent, or dropped. */
export const renderLanes = (render: Render, { canWait, laneOf, send, work }: Rendered, onEnd: () => void): Work => {
  const { namespace, now, recorderIds, request } = render
  const exposition = makeExposition(render.rendering, now)
  const lanes: Array<FoldLane> = []
  let turns: Array<Turn> = []
  /** Lanes that have not come to it: some may wait for their listeners. */
  let missing = 0
  let hasEnded = false
  let rendering: Work | undefined

  const addTurns = function* (): Steps<void> {
    for (const { recorderId, shown } of turns) {
      yield* addAll(exposition, attributesOf(namespace, recorderId), shown, now)
      yield
    }
    turns = []
  }

  /** By a thread that Node has for that, while the fold goes on. */
  const compressed = function* (bytes: Uint8Array<ArrayBuffer>): WaitingSteps<Uint8Array<ArrayBuffer>> {
    let result: Uint8Array<ArrayBuffer> | undefined
    let failure: Error | null = null
    gzip(bytes, { level: constants.Z_BEST_SPEED }, (error, compressed) => {
      failure = error
      result = new Uint8Array(compressed ?? [])
      rendering?.goOn()
    })
    while (result === undefined) yield "wait"
    if (failure !== null) throw failure
    return result
  }

  const all = function* (): WorkSteps {
    try {
      for (const lane of lanes) {
        lane.showDue()
        yield* addTurns()
      }
      while (missing > 0) {
        yield "wait"
        yield* addTurns()
      }
      for (const data of ofLibrary(render)) exposition.add(data)
      const whole = yield* exposition.finish()
      const body = render.rendering.compression === undefined ? whole : yield* compressed(whole)
      send({ _tag: "Rendered", request, body }, [body.buffer])
    } catch (error) {
      // Longer than any string can be, for one.
      send({ _tag: "NotRendered", request, reason: describeError(error) })
    } finally {
      hasEnded = true
      for (const { shown } of turns) release(shown)
      onEnd()
    }
  }

  send({ _tag: "Rendering", request })
  for (const [i, recorderId] of recorderIds.entries()) {
    const lane = laneOf(render.lanes[i]!)
    if (lane === undefined) continue
    missing++
    lanes.push(lane)
    lane.show(now, canWait, (shown) => {
      missing--
      if (hasEnded) return release(shown)
      turns.push({ recorderId, shown })
      rendering?.goOn()
    })
  }
  rendering = work.begin(all())
  return rendering
}

const release = (all: ReadonlyArray<Shown>): void => {
  for (const { series } of all) series?.release()
}

/** What the library says of itself. */
const ofLibrary = ({ foldLag, namespace, recorderIds, runtime, stats }: Render) => {
  const recorders = unpackStats(stats).map((each, i) => ({
    attributes: attributesOf(namespace, recorderIds[i]!),
    stats: each
  }))
  return [...accountingData(recorders), ...runtimeData(namespace, runtime, foldLag)]
}

function* addAll(
  exposition: AnyExposition,
  attributes: ReturnType<typeof attributesOf>,
  all: ReadonlyArray<Shown>,
  now: number
): Steps<void> {
  const conditions: Array<Condition> = []
  for (const shown of all) {
    const { createdAt, dimensions, duplicates, metric, quarantine, series } = shown
    const read: Array<DuplicatesRead> = []
    const add = (dimensions: unknown): void => {
      try {
        for (const [i, data] of metricData(metric, dimensions).entries()) {
          read[i] ??= duplicates.read()
          exposition.add(data, { attributes, createdAt, duplicates: read[i] })
        }
      } catch {
        // What a view gives may be anything. This shows nothing that is a number.
      }
    }
    let last = dimensions
    if (dimensions !== undefined) add(dimensions)
    const isText = series !== undefined && exposition instanceof Exposition
    const isRendered = isText && (yield* renderSeries(exposition, shown, series, { attributes, createdAt }, now))
    for (const part of series === undefined ? [] : shownParts(series, metric, now, isRendered ? "rest" : "live")) {
      add(part)
      last = part
      yield
    }
    for (const each of read) each.end()
    series?.release()
    conditions.push({ metric, dimensions: last, quarantine })
  }
  const source = { attributes, createdAt: undefined }
  for (const data of conditionData(conditions, {})) exposition.add(data, source)
}
