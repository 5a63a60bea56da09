/** Shows metrics as OTLP's cumulative points: each series since it, or its metric, began to count. */
import type { OtlpRendering } from "../../model/format.ts"
import type { Encoded } from "../../model/otlp.ts"
import type { Steps } from "../../util/steps.ts"
import type { Attributes, Life, MetricData } from "../metricData.ts"
import { MetricsEncoder } from "./encode.ts"
import { type Nanos, nanosOf, type Streamed } from "./streamed.ts"

/** The origin of data. */
interface Source {
  /** The attributes of all its points. */
  readonly attributes: Attributes
  /** When counting began, in milliseconds since the Unix epoch, if that is known. */
  readonly createdAt: number | undefined
  /** The same, for data whose formats show no creation time. */
  readonly since?: number
}

export class OtlpExposition {
  readonly #encoder: MetricsEncoder
  readonly #begun: number
  readonly #now: number

  constructor({ begun, maxPoints, protocol }: OtlpRendering, now: number) {
    this.#encoder = new MetricsEncoder(protocol, maxPoints)
    // Used when the start is unknown: when the exporter started.
    this.#begun = begun
    this.#now = now
  }

  /** If this throws, nothing was added. */
  add(data: MetricData, { attributes, createdAt, since = createdAt ?? this.#begun }: Source): void {
    const end = nanosOf(this.#now)
    const start = this.#startOf(since)
    const points = (data.points as ReadonlyArray<{ readonly attributes: Attributes; readonly life?: Life }>).map(
      (point) => ({
        start: point.life === undefined ? start : this.#startOf(point.life.since),
        end,
        hasExtremes: true,
        point: { ...point, attributes: { ...attributes, ...point.attributes } }
      })
    )
    this.#encoder.add({ ...data, isDelta: false, points } as unknown as Streamed)
  }

  /** The clock may have been set back since. */
  #startOf(since: number): Nanos {
    return nanosOf(Math.min(since, this.#now))
  }

  finish(): Steps<ReadonlyArray<Encoded>> {
    return this.#encoder.finish()
  }
}
