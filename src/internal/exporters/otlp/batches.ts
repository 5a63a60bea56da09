/**
 * What an exporter has delivered, and what there is to send next.
 *
 * The base of deltas moves only when a collector has answered that it has a batch. A batch that may have arrived without
 * an answer is held: it is sent again as it is, with the same times, so that a collector can recognise it, and what came
 * later goes into a batch of its own. One that surely did not arrive is forgotten: the next batch has what it had.
 */
import type { Encoded } from "../../formats/otlp/encode.ts"
import type { Nanos, Streamed } from "../../formats/otlp/streamed.ts"
import type { Steps } from "../../util/steps.ts"
import type { Collected } from "../collect.ts"
import type { ContinuedBases } from "./continuedBases.ts"
import { type ExportedStreams, streamSteps, type Temporality, type Timed } from "./temporality.ts"

/** Most recorders removed while nothing arrives whose last state is kept. */
const MostDeparted = 1000

/** What recorders were that are removed: their last states. */
type Departed = ReadonlyArray<ReadonlyArray<Timed>>

/** Metrics that were encoded where they are folded. */
interface EncodedMetrics extends Encoded {
  /** Recorders removed before, which are not in it. */
  readonly departed: Departed
}

/** What a batch is made of. */
interface Contents<T> {
  readonly encoded: ReadonlyArray<Encoded>
  readonly data: ReadonlyArray<Streamed>
  readonly told: T
}

/** What is to be remembered of a batch once it has arrived. */
export interface Told {
  readonly seen: ExportedStreams
  readonly departed: Departed
}

const nothing: Collected = { all: [], unread: new Set() }

export class Batches<Batch extends { readonly told: Told }> {
  readonly #temporality: Temporality
  readonly #begun: Nanos
  readonly #continued: ContinuedBases | undefined
  #base: ExportedStreams = new Map()
  #departed: Departed = []
  #collected = nothing
  #encoded: EncodedMetrics | undefined
  #held: Batch | undefined

  constructor(temporality: Temporality, begun: Nanos, continued?: ContinuedBases) {
    this.#temporality = temporality
    this.#begun = begun
    this.#continued = continued
  }

  /** The batch that may have arrived. It is to be sent before the next one is made. */
  get held(): Batch | undefined {
    return this.#held
  }

  /** The last state of a recorder that is removed. */
  left(data: ReadonlyArray<Timed>): void {
    this.#departed = [...this.#departed, data].slice(-MostDeparted)
  }

  get departed(): Departed {
    return this.#departed
  }

  /** What was read of the runtime. `encoded`: its metrics, where they are not among it. */
  read(collected: Collected, encoded?: EncodedMetrics): void {
    this.#collected = collected
    this.#encoded = encoded
  }

  /** Everything that was read has arrived. What did not is sent when closing, should the last read not come to an end. */
  forget(): void {
    this.#collected = nothing
    this.#encoded = undefined
  }

  /** What has not arrived of what was read last. `isLast`: no other comes. */
  *next(now: Nanos, isLast: boolean): Steps<Contents<Told>> {
    const encoded = this.#encoded
    if (this.#continued !== undefined) yield* this.#continued.read(this.#collected.all)
    // Whoever was removed since is in what is encoded, and comes with the next one.
    const departed = encoded === undefined || isLast ? this.#departed : encoded.departed
    // A recorder that was removed since it was read is told by its last state.
    const gone = new Set(departed.flat().map(({ owner }) => owner))
    const { all, unread } = this.#collected
    const present = all.filter(({ owner }) => owner === undefined || !gone.has(owner))
    const [data, seen] = yield* streamSteps([...departed.flat(), ...present], this.#base, {
      temporality: this.#temporality,
      begun: this.#begun,
      now,
      unread,
      ...(this.#continued && { bases: this.#continued.bases })
    })
    return { encoded: encoded === undefined ? [] : [encoded], data, told: { seen, departed } }
  }

  delivered(batch: Batch): void {
    const { departed, seen } = batch.told
    this.#base = seen
    this.#continued?.exported(seen)
    this.#departed = this.#departed.filter((each) => !departed.includes(each))
    this.#held = undefined
  }

  undelivered(batch: Batch, mayHaveArrived: boolean): void {
    this.#held = mayHaveArrived && this.#temporality === "delta" ? batch : undefined
  }
}
