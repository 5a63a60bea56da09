/** Renders a scrape on this thread, for a runtime whose metrics it does not fold. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Dated } from "../formats/datedData.ts"
import { Duplicates } from "../formats/duplicates.ts"
import { inParts } from "../formats/inParts.ts"
import { type Attributes, type MetricData, shapeKey } from "../formats/metricData.ts"
import { type AnyExposition, makeExposition } from "../formats/prometheus/exposition.ts"
import { nobody } from "../formats/prometheus/families.ts"
import { addOthers } from "../formats/prometheus/others.ts"
import { RecorderAttribute } from "../formats/recorderAttribute.ts"
import type { ExpositionRendering } from "../model/format.ts"
import type { ScrapeRequest } from "../runtime/internals.ts"
import type { RuntimeService } from "../runtime/service.ts"
import { gzipped } from "../util/gzip.ts"
import { inSlices } from "../util/inSlices.ts"
import { owned, type Pieces } from "../util/pieces.ts"
import type { Steps } from "../util/steps.ts"
import { collect } from "./collect.ts"

/** The prefix of the library's own metrics. */
const SelfPrefix = "mvx_metrics."

/** All recorders are one. */
const withoutRecorder = (data: MetricData): MetricData => {
  const points = (data.points as ReadonlyArray<{ readonly attributes: Attributes }>).map(({ attributes, ...point }) => {
    const { [RecorderAttribute]: _, ...others } = attributes
    return { ...point, attributes: others }
  })
  return { ...data, points } as unknown as MetricData
}

/** Renders a runtime repeatedly. With `recorderLabel: "none"` it has a single recorder. */
export const collectedScrapes = (): ((runtime: RuntimeService, request: ScrapeRequest) => Effect.Effect<Pieces>) => {
  /** The numbers of series with equal label texts stay the same between scrapes. */
  let numbers: ReadonlyMap<string, Duplicates> = new Map()

  const addAll = function* (
    exposition: AnyExposition,
    all: ReadonlyArray<Dated>,
    { labels, recorderLabel, selfMetrics }: ExpositionRendering
  ): Steps<void> {
    const given = new Map<string, Duplicates>()
    const attributes = labels ?? {}
    for (const { data, owner, since } of all) {
      if (selfMetrics === false && data.name.startsWith(SelfPrefix)) continue
      const key = `${owner} ${shapeKey(data)}`
      const duplicates = numbers.get(key) ?? new Duplicates()
      given.set(key, duplicates)
      const source = { attributes, createdAt: since, duplicates: duplicates.read() }
      yield* inParts(data, (part) => {
        exposition.add(recorderLabel === "none" ? withoutRecorder(part) : part, source)
        return []
      })
      source.duplicates.end()
    }
    numbers = given
  }

  return Effect.fnUntraced(function* (runtime, { others, rendering }) {
    const { all } = yield* collect(runtime)
    const exposition = makeExposition(rendering, yield* Clock.currentTimeMillis)
    yield* inSlices(addAll(exposition, all, rendering))
    addOthers(exposition, others?.read() ?? [], { ...nobody, attributes: rendering.labels ?? {} })
    const body = yield* inSlices(exposition.finish())
    if (rendering.compression === undefined) return body.map(owned)
    return yield* Effect.callback<Pieces>((resume) => {
      const end = gzipped(body, (compressed, error) =>
        resume(compressed === undefined ? Effect.die(error) : Effect.succeed(compressed))
      )
      return Effect.sync(end)
    })
  })
}
