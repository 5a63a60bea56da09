/**
 * `prometheus.WriteRequest`, of remote write 1.0. The field numbers are those of prompb/remote.proto and
 * prompb/types.proto.
 */
import { PbfWriter } from "pbf"
import { writeLabel, writeText } from "../pbfText.ts"
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

export class WriteRequest1 implements WriteRequest {
  readonly #pbf = new PbfWriter()

  get isEmpty(): boolean {
    return this.#pbf.pos === 0
  }

  family(family: FamilyMetadata): void {
    this.#pbf.writeMessage(3, writeMetadata, family)
  }

  series(series: WrittenSeries): void {
    this.#pbf.writeMessage(1, writeSeries, series)
  }

  stale(labels: ReadonlyArray<LabelPair>, time: number): void {
    this.#pbf.writeMessage(1, writeEnded, { labels, time })
  }

  finish(): Uint8Array {
    return this.#pbf.finish()
  }
}

const writeSeries = (series: WrittenSeries, pbf: PbfWriter): void => {
  for (const pair of series.labels) pbf.writeMessage(1, writeLabel, pair)
  writeSampleOf(series, 4, pbf)
  if (series.exemplar !== undefined) pbf.writeMessage(3, writeExemplar, series.exemplar)
}

const writeEnded = ({ labels, time }: Pick<WrittenSeries, "labels" | "time">, pbf: PbfWriter): void => {
  for (const pair of labels) pbf.writeMessage(1, writeLabel, pair)
  writeStale(time, pbf)
}

const writeExemplar = ({ labels, time, value }: WrittenExemplar, pbf: PbfWriter): void => {
  for (const pair of labels) pbf.writeMessage(1, writeLabel, pair)
  pbf.writeDoubleField(2, value)
  pbf.writeVarintField(3, time)
}

const writeMetadata = ({ help, name, type }: FamilyMetadata, pbf: PbfWriter): void => {
  pbf.writeVarintField(1, typeNumbers[type])
  writeText(pbf, 2, name)
  writeText(pbf, 4, help)
}
