/**
 * Computes what metrics have counted since the last export that arrived, where they are folded. The base of the last
 * export comes with the request, and the new base goes with the answer, so nothing of an export is kept here.
 */
import { asExpired, type DataOrigin, originOf } from "../formats/datedData.ts"
import { metricData } from "../formats/fromMetric.ts"
import type { Attributes, MetricData } from "../formats/metricData.ts"
import { type Base, sharedMemory } from "../formats/otlp/baseWriter.ts"
import { MetricsEncoder } from "../formats/otlp/encode.ts"
import { nanosOf } from "../formats/otlp/streamed.ts"
import { type Stream, Streams } from "../formats/otlp/streams.ts"
import { type Condition, countsData, missedData } from "../formats/quarantine.ts"
import type { OtlpRendering } from "../model/format.ts"
import type { Encoded } from "../model/otlp.ts"
import type { Render } from "../stream/commands.ts"
import type { Steps } from "../util/steps.ts"
import { expiredShown, hasBygone, shownParts } from "./kernels/seriesCut.ts"
import type { Shown } from "./shown.ts"

/** The number of recorders processed in one step. */
const StepRecorders = 1024

export class DeltaExposition {
  readonly #encoder: MetricsEncoder
  readonly #streams: Streams
  readonly #now: number
  readonly #free: SharedArrayBuffer | undefined
  readonly #recorders: Pick<Render, "exported" | "recorderIds">
  /** Distinguishes the recorders with these ids from all others. */
  readonly #instances = new Map<string, number>()
  readonly #unread = new Set<number>()

  constructor({ begun, maxPoints, protocol, temporality }: OtlpRendering, render: Render) {
    const { exported, now } = render
    this.#encoder = new MetricsEncoder(protocol, maxPoints)
    this.#now = now
    this.#recorders = render
    this.#free = exported?.free
    this.#streams = new Streams({
      temporality,
      begun: nanosOf(begun),
      now: nanosOf(now),
      bases: exported?.bases ?? [],
      take: (metric) => this.#encoder.add(metric)
    })
  }

  /** To be run first. */
  *begin(): Steps<void> {
    const { exported: { instances = [], unread = [] } = {}, recorderIds } = this.#recorders
    for (const each of unread) this.#unread.add(each)
    for (const [i, instance] of instances.entries()) {
      this.#instances.set(recorderIds[i]!, instance)
      this.#unread.add(instance)
      if (i % StepRecorders === StepRecorders - 1) yield
    }
    yield* this.#streams.readBases()
  }

  *add(recorderId: string, shown: ReadonlyArray<Shown>, attributes: Attributes): Steps<void> {
    const instance = this.#instances.get(recorderId)!
    // A recorder that was closed before its turn shows nothing.
    if (shown.length > 0) this.#unread.delete(instance)
    const conditions: Array<Condition> = []
    for (const each of shown) {
      const { metric, quarantine } = each
      const origin = originOf({ instance, recorderId }, metric.name, each)
      const dimensions = yield* this.#addMetric(each, origin, attributes)
      const condition = { metric, dimensions, quarantine }
      conditions.push(condition)
      for (const data of missedData(condition, attributes)) yield* this.#streams.tell({ ...origin, data })
    }
    for (const data of countsData(conditions, attributes)) {
      yield* this.#streams.tell({ data, since: undefined, subject: recorderId })
    }
  }

  /** Adds what a metric shows, or the last part of it. */
  *#addMetric({ dimensions, metric, series }: Shown, origin: DataOrigin, attributes: Attributes): Steps<unknown> {
    const streams: Array<Stream | undefined> = []
    const add = function* (
      this: DeltaExposition,
      dimensions: unknown,
      tell: (stream: Stream, data: MetricData) => Steps<void>
    ): Steps<void> {
      for (const [i, data] of dataOf(metric, dimensions, attributes).entries()) {
        if (i === streams.length) streams.push(this.#streams.begin(data, origin))
        const stream = streams[i]
        if (stream !== undefined) yield* tell(stream, data)
      }
    }.bind(this)
    let last = dimensions
    if (dimensions !== undefined) yield* add(dimensions, (stream, { points }) => stream.add(points))
    if (series !== undefined) {
      const now = this.#now
      for (const part of shownParts(series, metric, now)) {
        yield* add(part, (stream, { points }) => stream.add(points))
        last = part
      }
      if (hasBygone(series)) {
        const frame = { ...(last as object), overflow: undefined }
        for (const part of shownParts(series, metric, now, "idle")) {
          yield* add({ ...frame, ...part }, (stream, { points }) => stream.addIdle(points))
        }
        yield* add({ ...frame, series: [{ ...expiredShown(series, now), labels: {} }] }, (stream, data) =>
          stream.addExpired(asExpired(data, attributes).points)
        )
      }
      series.release()
    }
    for (const stream of streams) stream?.end()
    return last
  }

  finish(): Steps<ReadonlyArray<Encoded>> {
    return this.#encoder.finish()
  }

  base(): Steps<Base> {
    return this.#streams.finish(this.#unread, sharedMemory(this.#free))
  }
}

/** A view may return anything, possibly without any number in it. */
const dataOf = (...args: Parameters<typeof metricData>): ReadonlyArray<MetricData> => {
  try {
    return metricData(...args)
  } catch {
    return []
  }
}
