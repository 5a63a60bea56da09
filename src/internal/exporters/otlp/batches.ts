/**
 * What an exporter has delivered, and what there is to send next.
 *
 * The base of deltas moves only when a collector has answered that it has a batch. A batch that may have arrived without
 * an answer is held: it is sent again as it is, with the same times, so that a collector can recognise it, and what came
 * later goes into a batch of its own. One that surely did not arrive is forgotten: the next batch has what it had.
 */
import type { Nanos, Streamed } from "../../formats/otlp/streamed.ts"
import type { Collected } from "../collect.ts"
import { type ExportedStreams, streams, type Temporality, type Timed } from "./temporality.ts"

/** Most recorders removed while nothing arrives whose last state is kept. */
const MostDeparted = 1000

/** What a batch contains, and what is to be remembered once it has arrived. */
export interface Contents {
  readonly data: ReadonlyArray<Streamed>
  readonly seen: ExportedStreams
  readonly told: ReadonlyArray<ReadonlyArray<Timed>>
}

export class Batches<Batch extends { readonly contents: Contents }> {
  readonly #temporality: Temporality
  readonly #begun: Nanos
  #base: ExportedStreams = new Map()
  #departed: ReadonlyArray<ReadonlyArray<Timed>> = []
  #collected: Collected = { all: [], unread: new Set() }
  #held: Batch | undefined

  constructor(temporality: Temporality, begun: Nanos) {
    this.#temporality = temporality
    this.#begun = begun
  }

  /** The batch that may have arrived. It is to be sent before the next one is made. */
  get held(): Batch | undefined {
    return this.#held
  }

  /** The last state of a recorder that is removed. */
  left(data: ReadonlyArray<Timed>): void {
    this.#departed = [...this.#departed, data].slice(-MostDeparted)
  }

  /** What was read of the runtime. */
  read(collected: Collected): void {
    this.#collected = collected
  }

  /** What has not arrived of what was read last. */
  next(now: Nanos): Contents {
    const told = this.#departed
    // A recorder that was removed since it was read is told by its last state.
    const gone = new Set(told.flat().map(({ owner }) => owner))
    const { all, unread } = this.#collected
    const present = all.filter(({ owner }) => owner === undefined || !gone.has(owner))
    const [data, seen] = streams([...told.flat(), ...present], this.#base, {
      temporality: this.#temporality,
      begun: this.#begun,
      now,
      unread
    })
    return { data, seen, told }
  }

  delivered(batch: Batch): void {
    const { seen, told } = batch.contents
    this.#base = seen
    this.#departed = this.#departed.filter((each) => !told.includes(each))
    this.#held = undefined
  }

  undelivered(batch: Batch, mayHaveArrived: boolean): void {
    this.#held = mayHaveArrived && this.#temporality === "delta" ? batch : undefined
  }
}
