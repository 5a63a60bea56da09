/** The lanes of a fold, by number. */
import type * as Metric from "../metric/definition/metric.ts"
import { type Lane, MainStream, type StreamNumber } from "../stream/commands.ts"
import { type CounterBuffer, CounterTable } from "../stream/foldedCounters.ts"
import type { Restore } from "../stream/restore.ts"
import { allSteps, type Steps } from "../util/steps.ts"
import type { FoldOfLanes } from "./foldOfLanes.ts"
import type { FoldStreams } from "./foldStreams.ts"
import { FormerFold } from "./formerFold.ts"
import { FoldLane } from "./recorderFold.ts"
import { laneIn, laneRecord, type SavedRecord } from "./segment.ts"
import type { StreamFold } from "./streamFold.ts"
import { TouchedLanes } from "./touchedLanes.ts"

/** The fold that the lanes belong to. */
interface FoldWithLanes extends FoldOfLanes {
  readonly streams: FoldStreams
  readonly definitionOf: (name: string) => Metric.Any | undefined
}

export class FoldLanes {
  readonly touched = new TouchedLanes()
  readonly #fold: FoldWithLanes
  readonly #counters = new CounterTable()
  readonly #lanes: Array<FoldLane | undefined> = []
  /** Present if the fold has replaced another one. */
  #former: FormerFold | undefined

  constructor(fold: FoldWithLanes) {
    this.#fold = fold
  }

  addCounters(chunk: number, buffer: CounterBuffer): void {
    this.#counters.add(chunk, buffer)
  }

  // --- which there are

  find(lane: Lane): FoldLane | undefined {
    return this.#lanes[lane]
  }

  numbers(): IterableIterator<Lane> {
    return this.#lanes.keys()
  }

  get open(): ReadonlyArray<Lane> {
    const open: Array<Lane> = []
    for (let lane = 0; lane < this.#lanes.length; lane++) if (this.#lanes[lane] !== undefined) open.push(lane)
    return open
  }

  /** The lane of a stream for rows that it has not folded yet. */
  ofRows(stream: StreamFold, lane: Lane): FoldLane | undefined {
    if (stream.isRestored(lane)) return undefined
    const found = this.#lanes[lane]
    // A thread may write rows of a removed recorder whose number already belongs to another one.
    if (found === undefined || found.stream !== stream.number || found.isSealed) return undefined
    this.touched.touch(lane)
    return found
  }

  /** The lane for a command that it has not handled yet. */
  ofCommand(lane: Lane): FoldLane | undefined {
    if (this.#fold.streams.main.isRestored(lane)) return undefined
    this.touched.touch(lane)
    return this.#lanes[lane]
  }

  // --- from its opening to its end

  add(lane: Lane, recorderId: string, stream: StreamNumber): void {
    const { main } = this.#fold.streams
    const { position } = main.reader
    if (this.#former !== undefined) {
      // The number of a removed recorder is given to another one later in the log.
      if (!this.#former.hasReached(position)) this.#former.forget(lane)
      else if (this.#former.isGone(lane)) return
    }
    this.touched.touch(lane)
    if (main.isRestored(lane)) return
    const opened = this.#make(lane, position, recorderId, stream)
    this.#lanes[lane] = opened
    this.#fold.tap?.opened(opened)
  }

  seal(lane: Lane): void {
    const sealed = this.ofCommand(lane)
    if (sealed !== undefined) sealed.isSealed = true
  }

  remove(lane: Lane): void {
    this.#lanes[lane] = undefined
    this.touched.touch(lane)
    this.#former?.forget(lane)
  }

  #make(lane: Lane, life: number, recorderId: string, stream: StreamNumber): FoldLane {
    // The side that opens the lane clears the counters. By now they may show that the recorder waits.
    const options = { lane, life, recorderId, stream, counters: this.#counters.of(lane), fold: this.#fold }
    return new FoldLane(this.#former === undefined ? options : { ...options, ...this.#former.of(lane) })
  }

  // --- when the worker is replaced

  /** A lane as it is now, and the positions in the logs of its commands and its rows up to which it is current. */
  recordOf(lane: Lane): SavedRecord {
    return allSteps(this.#recording(lane))
  }

  /** The same in steps, between which the reader may read. The result is consistent. */
  *saving(lane: Lane): Steps<SavedRecord> {
    const preparing = this.#lanes[lane]?.metrics.prepare()
    if (preparing !== undefined) yield* preparing
    return yield* this.#recording(lane)
  }

  *#recording(lane: Lane): Steps<SavedRecord> {
    const { streams } = this.#fold
    const open = this.#lanes[lane]
    const at = streams.main.positionOf(lane)
    // It has all rows of a thread that has ended.
    const rowsAt = streams.find(open?.stream ?? MainStream)?.positionOf(lane) ?? Number.POSITIVE_INFINITY
    return laneRecord(lane, at, rowsAt, open && (yield* open.saving()))
  }

  /** `records`: the last saved record of each lane. The streams are already restored. */
  restore(restore: Restore, records: ReadonlyMap<Lane, SavedRecord>): void {
    const former = new FormerFold(restore)
    this.#former = former
    for (const [chunk, buffer] of restore.counters.entries()) this.addCounters(chunk, buffer)
    const { definitionOf, streams } = this.#fold
    const known = (name: string): Metric.Any => {
      const metric = definitionOf(name)
      if (metric === undefined)
        throw new Error(`the metric "${name}" of a lane that is restored has no definition here`)
      return metric
    }
    for (const [lane, record] of records) {
      streams.main.restored(lane, record.at)
      const saved = laneIn(record)
      if (saved === undefined) continue
      streams.find(saved.stream)?.restored(lane, record.rowsAt)
      if (former.isGone(lane)) continue
      const restored = this.#make(lane, saved.life, saved.recorderId, saved.stream)
      this.#lanes[lane] = restored
      restored.restore(saved, known, former.of(lane).poisons)
    }
  }
}
