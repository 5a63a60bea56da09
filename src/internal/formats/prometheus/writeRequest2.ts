/**
 * `io.prometheus.write.v2.Request`, of remote write 2.0: each text is in a request once. The field numbers are those of
 * prompb/io/prometheus/write/v2/types.proto.
 */
import { PbfWriter } from "pbf"
import { writeText } from "../pbfText.ts"
import type { LabelPair } from "./labels.ts"
import {
  type FamilyMetadata,
  typeNumbers,
  type WriteRequest,
  type WrittenExemplar,
  type WrittenSeries,
  writeSampleOf,
  writeStale
} from "./writeRequests.ts"

export class WriteRequest2 implements WriteRequest {
  readonly #pbf = new PbfWriter()
  /** The first one is empty, as the protocol requires. */
  readonly #symbols = new Map([["", 0]])
  isEmpty = true

  /** Each series contains it. */
  family(): void {}

  series(series: WrittenSeries): void {
    this.isEmpty = false
    this.#pbf.writeMessage(5, this.#writeSeries, series)
  }

  stale(labels: ReadonlyArray<LabelPair>, time: number): void {
    this.#pbf.writeMessage(5, this.#writeEnded, { labels, time })
  }

  finish(): Uint8Array {
    for (const symbol of this.#symbols.keys()) writeText(this.#pbf, 4, symbol)
    return this.#pbf.finish()
  }

  #symbol(text: string): number {
    const known = this.#symbols.get(text)
    if (known !== undefined) return known
    const next = this.#symbols.size
    this.#symbols.set(text, next)
    return next
  }

  #references(labels: ReadonlyArray<LabelPair>): Array<number> {
    return labels.flatMap(([name, value]) => [this.#symbol(name), this.#symbol(value)])
  }

  readonly #writeSeries = (series: WrittenSeries, pbf: PbfWriter): void => {
    pbf.writePackedVarint(1, this.#references(series.labels))
    writeSampleOf(series, 3, pbf)
    if (series.exemplar !== undefined) pbf.writeMessage(4, this.#writeExemplar, series.exemplar)
    pbf.writeMessage(5, this.#writeMetadata, series.family)
    if (series.created !== undefined) pbf.writeVarintField(6, Math.floor(series.created))
  }

  readonly #writeEnded = ({ labels, time }: Pick<WrittenSeries, "labels" | "time">, pbf: PbfWriter): void => {
    pbf.writePackedVarint(1, this.#references(labels))
    writeStale(time, pbf)
  }

  readonly #writeExemplar = ({ labels, time, value }: WrittenExemplar, pbf: PbfWriter): void => {
    pbf.writePackedVarint(1, this.#references(labels))
    pbf.writeDoubleField(2, value)
    pbf.writeVarintField(3, time)
  }

  readonly #writeMetadata = ({ help, type, unit }: FamilyMetadata, pbf: PbfWriter): void => {
    pbf.writeVarintField(1, typeNumbers[type])
    pbf.writeVarintField(3, this.#symbol(help))
    pbf.writeVarintField(4, this.#symbol(unit))
  }
}
