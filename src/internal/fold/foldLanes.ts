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

/** The fold whose lanes they are. */
interface FoldWithLanes extends FoldOfLanes {
  readonly streams: FoldStreams
  readonly definitionOf: (name: string) => Metric.Any | undefined
}

export class FoldLanes {
  readonly touched = new TouchedLanes()
  readonly #fold: FoldWithLanes
  readonly #counters = new CounterTable()
  readonly #lanes: Array<FoldLane | undefined> = []
  /** Where the fold has taken the place of another one. */
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

  /** A lane of a stream, to which rows come that it does not have yet. */
  ofRows(stream: StreamFold, lane: Lane): FoldLane | undefined {
    if (stream.isRestored(lane)) return undefined
    const found = this.#lanes[lane]
    // A thread may write rows of a recorder that was removed, whose number another one has by now.
    if (found === undefined || found.stream !== stream.number || found.isSealed) return undefined
    this.touched.touch(lane)
    return found
  }

  /** A lane to which a command comes that it does not have yet. */
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
      // The number of one that is gone is given to another recorder later in the log.
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
    // Cleared by the side that opens the lane; they may say by now that it waits.
    const options = { lane, life, recorderId, stream, counters: this.#counters.of(lane), fold: this.#fold }
    return new FoldLane(this.#former === undefined ? options : { ...options, ...this.#former.of(lane) })
  }

  // --- when the worker is replaced

  /** A lane as it is now, and the positions up to which it has what lies in the logs of its commands and of its rows. */
  recordOf(lane: Lane): SavedRecord {
    return allSteps(this.#recording(lane))
  }

  /** The same in steps between which the reader may read. It is of one moment. */
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

  /** `records`: of each lane the last one that was saved. The streams are restored. */
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
