/**
 * A source whose events are folded here: its recorders, totals of those that have ended by id, and which parts have
 * changed since they were stored.
 */

import { DefaultTotal } from "../model/totalIds.ts"
import { Evicted } from "../shipping/batchFormat.ts"
import { storedKey } from "../store/entries.ts"
import { whyPacked } from "../store/packing.ts"
import { BatchReader, type BatchRecorder, UnreadableBatch } from "./batchReader.ts"
import { caughtUp } from "./catchUp.ts"
import type { FoldedMetrics } from "./foldedMetrics.ts"
import { FoldedRecorder } from "./foldedRecorder.ts"
import { HeldBatches, isHeldBatch } from "./heldBatches.ts"
import { type Parts, type StoredRecorder, storedIn } from "./storedRecorder.ts"

/** The prefixes of the keys of parts. The last one is for what removed recorders leave to other aggregators. */
const OfRecorder = "r:"
const OfTotal = "t:"
const OfRest = "w:"

/** The key of the life number of the newest recorder. */
const OfLife = "life"

/** The life number of the recorder in a part. `undefined`: the part belongs to a total. */
const lifeIn = (key: string): number | undefined =>
  key.startsWith(OfRecorder) || key.startsWith(OfRest) ? Number(key.slice(2)) : undefined

const totalKey = (id: string): string => storedKey(`${OfTotal}${id}`)

const restKey = (key: string): string => `${OfRest}${key.slice(OfRecorder.length)}`

/** The number of ids of removed recorders that are kept separately per source. */
const MostTotals = 1000

export class FoldedSource {
  readonly #of: FoldedMetrics
  /** By key. */
  readonly #recorders = new Map<string, FoldedRecorder>()
  #totals = 0
  readonly #changed = new Set<string>()
  /** The keys of the batch's recorders by lane. */
  readonly #lanes = new Map<number, string>()
  /** All of them, because several recorders may use a lane in turn. */
  readonly #keys = new Set<string>()
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
      this.#leave(this.#lanes.get(lane)!, this.#totalOf(recorder.recorderId, total))
    }
  })
  /** The life number of the newest recorder. */
  #life = 0
  readonly #held: HeldBatches
  /** Removed recorders that have left something for other aggregators. */
  #rests = 0

  /** `left`: the result of {@link left} for the source that this one continues, if there are no parts yet. */
  constructor(of: FoldedMetrics, parts: Parts, left?: Parts) {
    this.#of = of
    this.#held = new HeldBatches(parts)
    const stored = new Map<string, StoredRecorder>()
    for (const [key, bytes] of left ?? parts) {
      if (key === OfLife) this.#life = Number(Buffer.from(bytes))
      else if (!isHeldBatch(key)) stored.set(key, storedIn(bytes))
      if (left !== undefined) this.#changed.add(key)
    }
    this.#load(stored)
  }

  #load(stored: ReadonlyMap<string, StoredRecorder>): void {
    const lives = Array.from(stored, ([key, recorder]) => [lifeIn(key), recorder] as const)
    const byLife = new Map(lives.flatMap(([life, recorder]) => (life === undefined ? [] : [[life, recorder]])))
    const current = caughtUp(byLife, this.#held.batches, this.#of)
    for (const [key, recorder] of stored) {
      const found = current.get(lifeIn(key) ?? Number.NaN)
      if (found !== undefined) this.#changed.add(key)
      this.#keep(key, FoldedRecorder.load(found ?? recorder, this.#of))
    }
    for (const [key, rest] of this.#recorders) {
      if (!key.startsWith(OfRest) || rest.waits) continue
      this.#rests--
      this.#changed.add(key)
      this.#leave(key, rest.recorderId)
    }
    if (!this.#waits) this.#held.clear()
  }

  get #waits(): boolean {
    return [...this.#recorders.values()].some(({ waits }) => waits)
  }

  /** Folds a batch, given its number and the current time. Unreadable parts are left out and reported. */
  fold(bytes: Uint8Array, number: number, now: number): void {
    this.#lanes.clear()
    this.#keys.clear()
    try {
      this.#reader.read(bytes)
      if (this.#mayBeFoldedElsewhere) this.#held.add(number, bytes, now)
      else if (!this.#held.isEmpty && !this.#waits) this.#held.clear()
    } catch (error) {
      if (!(error instanceof UnreadableBatch)) throw error
      this.#of.onProblem(`a batch of events was left out: ${whyPacked(bytes) ?? error.message}`)
    }
  }

  /** Whether the batch has events that another aggregator may fold. */
  get #mayBeFoldedElsewhere(): boolean {
    return Array.from(this.#keys).some(
      (key) => (this.#recorders.get(key) ?? this.#recorders.get(restKey(key)))?.waits === true
    )
  }

  #declared({ isReplayed, lane, life, metrics, recorderId }: BatchRecorder): void {
    const key = `${OfRecorder}${life}`
    // Otherwise it has ended, and appears again in what a dead worker had already folded.
    const isKnown = this.#recorders.has(key) || life > this.#life
    if (isReplayed && !isKnown) return void this.#lanes.delete(lane)
    if (life > this.#life) {
      this.#life = life
      this.#changed.add(OfLife)
    }
    this.#lanes.set(lane, key)
    this.#keys.add(key)
    this.#changed.add(key)
    this.#recorderOf(key, recorderId).declare(metrics)
  }

  #recorderOf(key: string, recorderId: string): FoldedRecorder {
    let recorder = this.#recorders.get(key)
    if (recorder === undefined) {
      recorder = new FoldedRecorder(recorderId, this.#of)
      this.#keep(key, recorder)
    }
    return recorder
  }

  #keep(key: string, recorder: FoldedRecorder): void {
    this.#recorders.set(key, recorder)
    if (key.startsWith(OfRest)) this.#rests++
    else if (!key.startsWith(OfRecorder)) this.#totals++
  }

  #changing(lane: number): FoldedRecorder | undefined {
    const key = this.#lanes.get(lane)
    const recorder = key === undefined ? undefined : this.#recorders.get(key)
    if (recorder !== undefined) this.#changed.add(key!)
    return recorder
  }

  /**
   * The id under which a removed recorder is counted. The recorders of a program are removed when it ends in an orderly
   * way. If its total is the default one, they keep their own ids, up to a limit.
   */
  #totalOf(recorderId: string, total: string = DefaultTotal): string {
    if (total !== DefaultTotal) return total
    return this.#recorders.has(totalKey(recorderId)) || this.#totals < MostTotals ? recorderId : total
  }

  #leave(key: string, total: string): void {
    const recorder = this.#recorders.get(key)!
    this.#recorders.delete(key)
    const into = totalKey(total)
    const rest = this.#rests < MostTotals ? recorder.takeUnfolded(total) : undefined
    if (rest !== undefined) {
      this.#keep(restKey(key), rest)
      this.#changed.add(restKey(key))
    }
    this.#recorderOf(into, total).absorb(recorder, true)
    this.#changed.add(into)
  }

  /** What has changed since it was loaded, or since {@link stored}. */
  changes(): ReadonlyMap<string, Uint8Array | undefined> {
    const changed = Array.from(
      this.#changed,
      (key) => [key, key === OfLife ? this.#lifePart : this.#recorders.get(key)?.save()] as const
    )
    return new Map([...changed, ...this.#held.changes()])
  }

  get #lifePart(): Uint8Array {
    return Buffer.from(String(this.#life))
  }

  /**
   * What the source that continues this one needs, if there is one: how far each recorder was counted, and its levels,
   * which are in no total.
   */
  left(): Parts {
    const left = new Map([[OfLife, this.#lifePart]])
    for (const [key, recorder] of this.#recorders) {
      if (key.startsWith(OfRecorder)) left.set(key, recorder.saveLevels())
    }
    return left
  }

  stored(): void {
    this.#changed.clear()
    this.#held.stored()
  }

  /** Called when no more events arrive: the counts of each id, including recorders that have not ended. */
  totals(): ReadonlyMap<string, FoldedRecorder> {
    const totals = new Map<string, FoldedRecorder>()
    for (const recorder of this.#recorders.values()) {
      const total = totals.get(recorder.recorderId) ?? new FoldedRecorder(recorder.recorderId, this.#of)
      total.absorb(recorder)
      totals.set(recorder.recorderId, total)
    }
    return totals
  }

  /** Whether something remains that only an aggregator with other metrics can add up. */
  get hasForeignStates(): boolean {
    return !this.#held.isEmpty || [...this.#recorders.values()].some(({ hasForeignStates }) => hasForeignStates)
  }

  get recorders(): Iterable<FoldedRecorder> {
    return this.#recorders.values()
  }
}
