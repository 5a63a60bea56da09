/**
 * A scrape in the format that is asked for, made where the metrics are folded.
 */

import { accountingData, runtimeData } from "../formats/accounting.ts"
import { metricData } from "../formats/fromMetric.ts"
import { unpackStats } from "../formats/packedStats.ts"
import { type AnyExposition, makeExposition } from "../formats/prometheus/exposition.ts"
import { conditionData } from "../formats/quarantine.ts"
import { attributesOf } from "../formats/recorderAttribute.ts"
import type { FoldMessage, Lane, Render } from "../stream/protocol.ts"
import { describeError } from "../util/describeError.ts"
import type { FoldLane } from "./recorderFold.ts"
import type { Shown } from "./registeredMetric.ts"

/** Renders at once, or when the last of the lanes that wait for their listeners has come to it. */
export const renderLanes = (
  { foldLag, lanes, namespace, now, recorderIds, rendering, request, runtime, stats }: Render,
  laneOf: (lane: Lane) => FoldLane | undefined,
  send: (message: FoldMessage, transfers?: ReadonlyArray<ArrayBuffer>) => void
): void => {
  send({ _tag: "Rendering", request })
  const exposition = makeExposition(rendering, now)
  let remaining = 1
  const done = (): void => {
    if (--remaining > 0) return
    try {
      const recorders = unpackStats(stats).map((each, i) => ({
        attributes: attributesOf(namespace, recorderIds[i]!),
        stats: each
      }))
      for (const data of [...accountingData(recorders), ...runtimeData(namespace, runtime, foldLag)]) {
        exposition.add(data)
      }
      const body = exposition.finish()
      send({ _tag: "Rendered", request, body }, [body.buffer])
    } catch (error) {
      // Longer than any string can be, for one.
      send({ _tag: "NotRendered", request, reason: describeError(error) })
    }
  }
  for (const [i, recorderId] of recorderIds.entries()) {
    const lane = laneOf(lanes[i]!)
    if (lane === undefined) continue
    remaining++
    lane.show(now, (shown) => {
      addAll(exposition, attributesOf(namespace, recorderId), shown)
      done()
    })
  }
  done()
}

const addAll = (
  exposition: AnyExposition,
  attributes: ReturnType<typeof attributesOf>,
  all: ReadonlyArray<Shown>
): void => {
  for (const { createdAt, dimensions, duplicates, metric } of all) {
    if (dimensions === undefined) continue
    try {
      const source = { attributes, createdAt, duplicates }
      for (const data of metricData(metric, dimensions)) exposition.add(data, source)
    } catch {
      // What a view gives may be anything. This shows nothing that is a number.
    }
  }
  const source = { attributes, createdAt: undefined }
  for (const data of conditionData(all, {})) exposition.add(data, source)
}
