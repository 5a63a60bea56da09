/**
 * What an exporter has delivered, and what to send next.
 *
 * The base of deltas advances only when a collector has confirmed a batch. A batch that may have arrived without an
 * answer is kept: it is sent again unchanged, with the same times, so that a collector can recognise it, and later
 * changes go into another batch. A batch that certainly did not arrive is discarded, and the next batch includes its
 * contents.
 *
 * Metrics are usually encoded where they are folded, with their own base, which is opaque here.
 */
import { type Base, isFit } from "../../formats/otlp/baseWriter.ts"
import { movedBase } from "../../formats/otlp/moved.ts"
import type { Nanos, Streamed } from "../../formats/otlp/streamed.ts"
import { Streams, type Timed } from "../../formats/otlp/streams.ts"
import type { Encoded, Temporality } from "../../model/otlp.ts"
import type { Steps } from "../../util/steps.ts"
import type { Collected } from "../collect.ts"

/** The maximum number of recorders removed during an outage whose last state is kept. */
const MostDeparted = 1000

/** The last states of removed recorders. */
type Departed = ReadonlyArray<ReadonlyArray<Timed>>

/** What the metrics were encoded from, where they are folded. */
export interface Asked {
  /** The last exports. If a series is in several, the first one counts. */
  readonly bases: ReadonlyArray<Base>
  /** Recorders removed before, which are included here. */
  readonly departed: Departed
  /** Memory for the resulting base. */
  readonly free?: SharedArrayBuffer | undefined
}

interface EncodedMetrics extends Asked {
  readonly encoded: ReadonlyArray<Encoded>
  /** What must be remembered, for deltas. */
  readonly base: Base | undefined
}

/** What must be remembered of a batch once it has arrived. */
export interface Told {
  /** The base of what is encoded here. */
  readonly own: Base
  /** The base of what is encoded where it is folded. */
  readonly base: Base | undefined
  /** What it continued from. */
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
  /** Memory of a base that is no longer needed. */
  #free: SharedArrayBuffer | undefined
  /** What metrics have continued from and is not exported since. */
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

  /** The batch that may have arrived. It must be sent before the next one is made. */
  get held(): Batch | undefined {
    return this.#held
  }

  /** The last state of a removed recorder. */
  left(data: ReadonlyArray<Timed>): void {
    this.#departed = [...this.#departed, data].slice(-MostDeparted)
  }

  /** What metrics have continued from, which others have exported. */
  continuedFrom(base: Base): void {
    this.#continued = [...this.#continued, base]
  }

  /** The input for encoding metrics. */
  get asked(): Asked {
    const bases = this.#temporality === "cumulative" ? [] : known(this.#base, ...this.#continued)
    return { bases, departed: this.#departed, free: this.#free }
  }

  /** What was read of the runtime. `encoded`: its metrics, if they are not included. */
  read(collected: Collected, encoded?: EncodedMetrics): void {
    const before = this.#encoded?.base
    this.#collected = collected
    this.#encoded = encoded
    // Compared by size, because the same memory is another object each time it arrives from a worker.
    if (encoded?.base !== undefined && encoded.free && isFit(encoded.free, encoded.base.length)) this.#free = undefined
    this.#release(before)
  }

  /** Releases a base that nothing continues from. */
  #release(base: Base | undefined): void {
    if (base?.buffer instanceof SharedArrayBuffer && base !== this.#base) this.#free = base.buffer
  }

  /** Everything that was read is in progress. The rest is sent when closing, in case the last read does not end. */
  forget(): void {
    this.#collected = nothing
    this.#encoded = undefined
  }

  /** The part of the last read that has not arrived, except for what `take` gets. `isLast`: no other batch follows. */
  *next(
    now: Nanos,
    isLast: boolean,
    take: (metric: Streamed) => void
  ): Steps<{ readonly encoded: ReadonlyArray<Encoded>; readonly told: Told }> {
    const encoded = this.#encoded
    const continued = encoded?.bases ?? this.#continued
    const base = encoded?.base ?? this.#base
    const departed = encoded === undefined || isLast ? this.#departed : encoded.departed
    // Recorders removed since are included in what is encoded, and come with the next one, so their last export is
    // still valid.
    const later = ownersOf(this.#departed.filter((each) => !departed.includes(each)))
    // A recorder that was removed since the read is exported with its last state.
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
      // The encoded part has the metrics of all others.
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
   * Only the last batch is made after this. A batch that may have arrived counts as delivered, whatever happens to it,
   * because no later batch can repeat it.
   */
  close(): Batch | undefined {
    const held = this.#held
    this.#isClosing = true
    if (held !== undefined) this.delivered(held)
    return held
  }
}

/** The recorders of states, by instance. */
export const ownersOf = (departed: Departed): ReadonlySet<number> =>
  new Set(departed.flat().flatMap(({ owner }) => owner ?? []))

const known = (...bases: ReadonlyArray<Base | undefined>): ReadonlyArray<Base> =>
  bases.filter((base) => base !== undefined)
