/**
 * A source as its events are folded here: its recorders, those that have ended as totals by their ids, and what of them has
 * changed since it was stored.
 */
import { Evicted } from "../shipping/batchFormat.ts"
import { storedKey } from "../store/entries.ts"
import { BatchReader, type BatchRecorder, UnreadableBatch } from "./batchReader.ts"
import { type FoldedMetrics, FoldedRecorder } from "./foldedRecorder.ts"

/** The key of a part begins with one of these. */
const OfRecorder = "r:"
export const OfTotal = "t:"

/** The key of the life of the recorder that was made last. */
const OfLife = "life"

/** The key of what recorders have counted before. */
const OfBefore = "before"

/** The key of what is left of a source that was retired. */
export const OfLives = "lives"

interface Lives {
  readonly life: number
  readonly sequences: ReadonlyArray<readonly [key: string, sequence: number]>
}

const livesOf = (life: number, sequences: ReadonlyMap<string, number>): Uint8Array =>
  Buffer.from(JSON.stringify({ life, sequences: [...sequences] } satisfies Lives))

const livesIn = (bytes: Uint8Array | undefined): Lives =>
  bytes === undefined ? { life: 0, sequences: [] } : (JSON.parse(Buffer.from(bytes).toString()) as Lives)

/** The parts of the state of a source, or of the total of all retired ones. */
export type Parts = ReadonlyMap<string, Uint8Array>

export class FoldedSource {
  readonly #of: FoldedMetrics
  /** By key, what its recorders have counted before, as those of a source that was retired. */
  readonly #before: Map<string, number>
  /** By key. */
  readonly #recorders = new Map<string, FoldedRecorder>()
  readonly #changed = new Set<string>()
  /** By lane, the keys of the recorders of the batch. */
  readonly #lanes = new Map<number, string>()
  readonly #reader = new BatchReader({
    recorder: (recorder) => this.#declared(recorder),
    rows: (lane, layout, rows, at, count, first, time) =>
      this.#changing(lane)?.rows(layout, rows, at, count, first, time),
    event: (lane, event, sequence, time) => this.#changing(lane)?.event(event, sequence, time),
    gap: (lane, kind, from, to) => this.#changing(lane)?.skip(from, to, kind === Evicted ? "evicted" : "ignored"),
    closed: (lane, sequence, total) => {
      const recorder = this.#changing(lane)
      if (recorder === undefined) return
      recorder.miss(sequence)
      this.#leave(this.#lanes.get(lane)!, total ?? recorder.recorderId)
    }
  })
  /** Of the recorder that was made last. */
  #life = 0

  /** `before`: what {@link lives} has given of the source that this one was before, where there are no parts yet. */
  constructor(of: FoldedMetrics, parts: Parts, before?: Uint8Array) {
    this.#of = of
    const lives = parts.get(OfBefore) ?? before
    if (parts.size === 0 && before !== undefined) this.#changed.add(OfBefore)
    const { life, sequences } = livesIn(lives)
    this.#life = life
    this.#before = new Map(sequences)
    for (const [key, bytes] of parts) {
      if (key === OfBefore) continue
      if (key === OfLife) this.#life = Number(Buffer.from(bytes))
      else this.#recorders.set(key, FoldedRecorder.load(bytes, of))
    }
  }

  /** Folds a batch; what cannot be read is left out, and named. */
  fold(bytes: Uint8Array): void {
    this.#lanes.clear()
    try {
      this.#reader.read(bytes)
    } catch (error) {
      if (!(error instanceof UnreadableBatch)) throw error
      this.#of.onProblem(`a batch of events was left out: ${error.message}`)
    }
  }

  #declared({ isReplayed, lane, life, metrics, recorderId }: BatchRecorder): void {
    const key = `${OfRecorder}${life}`
    // Otherwise it has ended, and comes once more with what a worker that died had folded.
    const isKnown = this.#recorders.has(key) || this.#before.has(key) || life > this.#life
    if (isReplayed && !isKnown) return void this.#lanes.delete(lane)
    if (life > this.#life) {
      this.#life = life
      this.#changed.add(OfLife)
    }
    this.#lanes.set(lane, key)
    this.#changed.add(key)
    this.#recorderOf(key, recorderId).declare(metrics)
  }

  #recorderOf(key: string, recorderId: string): FoldedRecorder {
    let recorder = this.#recorders.get(key)
    if (recorder === undefined) {
      recorder = new FoldedRecorder(recorderId, this.#of, this.#before.get(key))
      this.#recorders.set(key, recorder)
    }
    return recorder
  }

  #changing(lane: number): FoldedRecorder | undefined {
    const key = this.#lanes.get(lane)
    const recorder = key === undefined ? undefined : this.#recorders.get(key)
    if (recorder !== undefined) this.#changed.add(key!)
    return recorder
  }

  #leave(key: string, total: string): void {
    const recorder = this.#recorders.get(key)!
    this.#recorders.delete(key)
    if (this.#before.delete(key)) this.#changed.add(OfBefore)
    const into = storedKey(`${OfTotal}${total}`)
    this.#recorderOf(into, total).absorb(recorder)
    this.#changed.add(into)
  }

  /** What has changed since it was loaded, or since {@link stored}. */
  changes(): ReadonlyMap<string, Uint8Array | undefined> {
    return new Map(
      Array.from(this.#changed, (key) => [
        key,
        key === OfLife
          ? Buffer.from(String(this.#life))
          : key === OfBefore
            ? livesOf(this.#life, this.#before)
            : this.#recorders.get(key)?.save()
      ])
    )
  }

  /** How far each recorder was counted, for the source that this one goes on as, if it does. */
  get lives(): Uint8Array {
    const sequences = new Map(this.#before)
    for (const [key, { sequence }] of this.#recorders) {
      if (key.startsWith(OfRecorder)) sequences.set(key, sequence)
    }
    return livesOf(this.#life, sequences)
  }

  stored(): void {
    this.#changed.clear()
  }

  /** Nothing comes to it any more: what each id has counted, recorders that have not ended included. */
  totals(): ReadonlyMap<string, FoldedRecorder> {
    const totals = new Map<string, FoldedRecorder>()
    for (const recorder of this.#recorders.values()) {
      const total = totals.get(recorder.recorderId) ?? new FoldedRecorder(recorder.recorderId, this.#of)
      total.absorb(recorder)
      totals.set(recorder.recorderId, total)
    }
    return totals
  }

  get recorders(): Iterable<FoldedRecorder> {
    return this.#recorders.values()
  }
}
