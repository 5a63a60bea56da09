/**
 * The states of the recorders that are there, as they were collected last: those of {@link LeftStates} are of recorders
 * that are not.
 */
import type { Fold } from "../fold/fold.ts"
import type { LeftStates, PackedMetric } from "../fold/leftStates.ts"
import type { FoldLane } from "../fold/recorderFold.ts"
import { bytesIn, bytesOf } from "../fold/segment.ts"
import { SegmentMemory } from "../fold/segmentMemory.ts"
import type { Lane } from "../stream/protocol.ts"

/** Most metrics of which it is said that their state cannot be written: each is named once. */
const MostTold = 1000

/** What is known of a recorder that is there. */
interface Live {
  readonly lane: FoldLane
  readonly sequence: number
  readonly metrics: ReadonlyMap<string, PackedMetric>
  /** Has their bytes. */
  readonly segment: SharedArrayBuffer
}

export class LiveStates {
  /** Whether what is written is not what there is. */
  isDirty = false
  readonly #fold: Fold
  readonly #left: LeftStates
  readonly #byRecorder = new Map<string, Live>()
  readonly #memory = new SegmentMemory()
  readonly #told = new Set<string>()

  constructor(fold: Fold, left: LeftStates) {
    this.#fold = fold
    this.#left = left
  }

  has(recorderId: string, name: string): boolean {
    return this.#byRecorder.get(recorderId)?.metrics.has(name) === true
  }

  *states(): Iterable<PackedMetric> {
    for (const { metrics } of this.#byRecorder.values()) yield* metrics.values()
  }

  /** Those of recorders that were removed since they were collected are among those of the states that are left. */
  get events(): number {
    let events = this.#left.folded
    for (const [recorderId, { lane, sequence }] of this.#byRecorder) {
      if (this.#fold.lane(lane.lane) === lane) events += sequence
      else this.#byRecorder.delete(recorderId)
    }
    return events
  }

  /** Returns how many bytes that took; `undefined` where there is no memory for them yet. */
  collect(number: Lane): number | undefined {
    const lane = this.#fold.lane(number)
    if (lane === undefined) return 0
    const { recorderId, sequence } = lane
    const packed = lane.saveMetrics().flatMap(({ metric, saved }) => {
      const found = this.#left.pack(recorderId, metric, saved)
      if (found === undefined) return []
      if (!("lost" in found)) return [found]
      this.#tellLost(recorderId, metric.name, found.lost)
      return []
    })
    const records = packed.map(({ record }) => record)
    const bytes = records.reduce((sum, record) => sum + bytesOf(record), 0)
    if (!this.#memory.isReady(bytes)) return undefined
    const segment = this.#memory.put(records)
    const metrics = new Map(
      bytesIn(segment, records).map((bytes, i) => [packed[i]!.of.name, { ...packed[i]!.of, bytes }])
    )
    const known = this.#byRecorder.get(recorderId)
    const isSame = known !== undefined && isEqual(known.metrics, metrics)
    this.#byRecorder.set(recorderId, isSame ? { ...known, lane, sequence } : { lane, sequence, metrics, segment })
    if (!isSame) this.isDirty = true
    this.#memory.reuse(isSame ? segment : known?.segment)
    return bytes
  }

  #tellLost(recorderId: string, name: string, reason: string): void {
    const key = JSON.stringify([recorderId, name])
    if (this.#told.has(key) || this.#told.size >= MostTold) return
    this.#told.add(key)
    this.#fold.notKept(recorderId, name, `it cannot be written: ${reason}`)
  }
}

const isEqual = (a: Live["metrics"], b: Live["metrics"]): boolean =>
  a.size === b.size &&
  [...a].every(([name, one]) => {
    const other = b.get(name)
    return other?.measured === one.measured && Buffer.compare(one.bytes, other.bytes) === 0
  })
