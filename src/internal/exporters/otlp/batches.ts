/**
 * What an exporter has delivered, and what there is to send next.
 *
 * The base of deltas moves only when a collector has answered that it has a batch. A batch that may have arrived without
 * an answer is held: it is sent again as it is, with the same times, so that a collector can recognise it, and what came
 * later goes into a batch of its own. One that surely did not arrive is forgotten: the next batch has what it had.
 *
 * Metrics are most often encoded where they are folded, with a base of their own. Nothing here looks into that.
 */
import { type Base, isFit } from "../../formats/otlp/baseWriter.ts"
import { movedBase } from "../../formats/otlp/moved.ts"
import type { Nanos, Streamed } from "../../formats/otlp/streamed.ts"
import { Streams, type Timed } from "../../formats/otlp/streams.ts"
import type { Encoded, Temporality } from "../../model/otlp.ts"
import type { Steps } from "../../util/steps.ts"
import type { Collected } from "../collect.ts"

/** Most recorders removed while nothing arrives whose last state is kept. */
const MostDeparted = 1000

/** What recorders were that are removed: their last states. */
type Departed = ReadonlyArray<ReadonlyArray<Timed>>

/** What the metrics were encoded from, where they are folded. */
export interface Asked {
  /** What was exported last. Of what is in several, the first one counts. */
  readonly bases: ReadonlyArray<Base>
  /** Recorders removed before, which are told of here. */
  readonly departed: Departed
  /** Memory for the base that comes of it. */
  readonly free?: SharedArrayBuffer | undefined
}

interface EncodedMetrics extends Asked {
  readonly encoded: ReadonlyArray<Encoded>
  /** What is to be remembered, of deltas. */
  readonly base: Base | undefined
}

/** What is to be remembered of a batch once it has arrived. */
export interface Told {
  /** Of what was told here. */
  readonly own: Base
  /** Of what was encoded where it is folded. */
  readonly base: Base | undefined
  /** What it went on from. */
  readonly continued: ReadonlyArray<Base>
  readonly departed: Departed
}

const nothing: Collected = { all: [], unread: new Set() }

export class Batches<Batch extends { readonly told: Told }> {
  readonly #temporality: Temporality
  readonly #begun: Nanos
  readonly #isTotal: ((recorderId: unknown) => boolean) | undefined
  #own: Base | undefined
  #base: Base | undefined
  /** Memory of a base that nobody needs any more. */
  #free: SharedArrayBuffer | undefined
  /** What metrics have gone on from that were not exported since. */
  #continued: ReadonlyArray<Base> = []
  #departed: Departed = []
  #collected = nothing
  #encoded: EncodedMetrics | undefined
  #held: Batch | undefined
  #isClosing = false

  /** `isTotal`: of recorders that may go into others, see {@link movedBase}. */
  constructor(temporality: Temporality, begun: Nanos, isTotal?: (recorderId: unknown) => boolean) {
    this.#temporality = temporality
    this.#begun = begun
    this.#isTotal = isTotal
  }

  /** The batch that may have arrived. It is to be sent before the next one is made. */
  get held(): Batch | undefined {
    return this.#held
  }

  /** The last state of a recorder that is removed. */
  left(data: ReadonlyArray<Timed>): void {
    this.#departed = [...this.#departed, data].slice(-MostDeparted)
  }

  /** What metrics have gone on from, which was exported by others. */
  continuedFrom(base: Base): void {
    this.#continued = [...this.#continued, base]
  }

  /** What metrics are to be encoded from. */
  get asked(): Asked {
    const bases = this.#temporality === "cumulative" ? [] : known(this.#base, ...this.#continued)
    return { bases, departed: this.#departed, free: this.#free }
  }

  /** What was read of the runtime. `encoded`: its metrics, where they are not among it. */
  read(collected: Collected, encoded?: EncodedMetrics): void {
    const before = this.#encoded?.base
    this.#collected = collected
    this.#encoded = encoded
    // By its size: the same memory is another object each time that it comes from a worker.
    if (encoded?.base !== undefined && encoded.free && isFit(encoded.free, encoded.base.length)) this.#free = undefined
    this.#release(before)
  }

  /** A base that nothing goes on from. */
  #release(base: Base | undefined): void {
    if (base?.buffer instanceof SharedArrayBuffer && base !== this.#base) this.#free = base.buffer
  }

  /** Everything that was read is on its way. What is not is sent when closing, should the last read not come to an end. */
  forget(): void {
    this.#collected = nothing
    this.#encoded = undefined
  }

  /** What has not arrived of what was read last, but for what `take` gets. `isLast`: no other comes. */
  *next(
    now: Nanos,
    isLast: boolean,
    take: (metric: Streamed) => void
  ): Steps<{ readonly encoded: ReadonlyArray<Encoded>; readonly told: Told }> {
    const encoded = this.#encoded
    const continued = encoded?.bases ?? this.#continued
    const base = encoded?.base ?? this.#base
    const departed = encoded === undefined || isLast ? this.#departed : encoded.departed
    // Whoever was removed since is in what is encoded, and comes with the next one: what was exported still stands.
    const later = ownersOf(this.#departed.filter((each) => !departed.includes(each)))
    // A recorder that was removed since it was read is told by its last state.
    const gone = ownersOf(this.#departed)
    const { all, unread } = this.#collected
    const present = all.filter(({ owner }) => owner === undefined || !gone.has(owner))
    const own = known(this.#own)
    const mayMove = this.#isTotal !== undefined && this.#temporality === "delta"
    const moved = mayMove ? yield* movedBase(own, present, this.#isTotal) : undefined
    const streams = new Streams({
      temporality: this.#temporality,
      begun: this.#begun,
      now,
      // What is encoded has the metrics of all others.
      bases: known(moved, ...own, ...(departed.length > 0 ? [base] : []), ...this.#continued),
      take
    })
    yield* streams.readBases()
    for (const each of [...departed.flat(), ...present]) yield* streams.tell(each)
    const told = yield* streams.finish(new Set([...unread, ...later]))
    return { encoded: encoded?.encoded ?? [], told: { own: told, base, continued, departed } }
  }

  delivered({ told: { base, continued, departed, own } }: Batch): void {
    const before = this.#base
    this.#own = own
    this.#base = base
    this.#release(before)
    this.#continued = this.#continued.filter((each) => !continued.includes(each))
    this.#departed = this.#departed.filter((each) => !departed.includes(each))
    this.#held = undefined
  }

  undelivered(batch: Batch, mayHaveArrived: boolean): void {
    if (this.#isClosing) return
    const isHeld = mayHaveArrived && this.#temporality === "delta"
    this.#held = isHeld ? batch : undefined
    if (isHeld) this.forget()
  }

  /**
   * No other batch is made but the last one. What may have arrived counts as delivered, whatever becomes of it: there is
   * no later batch to say it again.
   */
  close(): Batch | undefined {
    const held = this.#held
    this.#isClosing = true
    if (held !== undefined) this.delivered(held)
    return held
  }
}

/** The recorders, by instance, that states are of. */
export const ownersOf = (departed: Departed): ReadonlySet<number> =>
  new Set(departed.flat().flatMap(({ owner }) => owner ?? []))

const known = (...bases: ReadonlyArray<Base | undefined>): ReadonlyArray<Base> =>
  bases.filter((base) => base !== undefined)
