/** The states of the existing recorders, as they were last collected. */

import type { Fold } from "../fold/fold.ts"
import type { Lost, MetricRecord, PackedMetric } from "../fold/packedMetric.ts"
import type { FoldLane } from "../fold/recorderFold.ts"
import type { MetricAndSaved } from "../fold/savedLane.ts"
import { bytesIn, bytesOf } from "../fold/segment.ts"
import { SegmentMemory } from "../fold/segmentMemory.ts"
import { measuredKey } from "../metric/definition/measured.ts"
import type { Keeper, Lane } from "../stream/commands.ts"
import type { Steps } from "../util/steps.ts"

/** The maximum number of metrics that are named because their state cannot be written. Each is named once. */
const MostTold = 1000

/** What is known of an existing recorder. */
interface Live {
  readonly lane: FoldLane
  readonly sequence: number
  /** By name and by what is measured. */
  readonly metrics: ReadonlyMap<string, PackedMetric>
  /** Contains their bytes. */
  readonly segment: SharedArrayBuffer
}

interface Collecting {
  readonly lane: FoldLane
  readonly steps: Steps<number>
}

interface LiveOptions {
  readonly fold: Fold
  readonly by: Keeper
  /** Whether they are for processes that add up counts. */
  readonly addsUp: boolean
  /** What is kept of a metric; `undefined`: nothing. */
  readonly pack: (recorderId: string, metric: MetricAndSaved) => MetricRecord | Lost | undefined
  /** Lanes whose states are not kept separately. */
  readonly isLeftOut?: (lane: Lane) => boolean
}

export class LiveStates {
  readonly #options: LiveOptions
  readonly #byRecorder = new Map<string, Live>()
  /** The ids of the recorders whose states have changed since they were last taken. */
  readonly changed = new Set<string>()
  readonly #memory = new SegmentMemory()
  #collecting: Collecting | undefined
  readonly #told = new Set<string>()

  constructor(options: LiveOptions) {
    this.#options = options
  }

  /** Whether the metric is there, by the same definition unless that is of no account. */
  has({ measured, name, recorderId }: PackedMetric, byAnyDefinition = false): boolean {
    const found = this.#byRecorder.get(recorderId)?.metrics
    if (byAnyDefinition) return Array.from(found?.values() ?? []).some((each) => each.name === name)
    return found?.has(measuredKey({ measured, name })) === true
  }

  *states(): Iterable<PackedMetric> {
    for (const { metrics } of this.#byRecorder.values()) yield* metrics.values()
  }

  get recorderIds(): Iterable<string> {
    return this.#byRecorder.keys()
  }

  of(recorderId: string): Iterable<PackedMetric> {
    return this.#byRecorder.get(recorderId)?.metrics.values() ?? []
  }

  /** The number of events of these recorders. Forgets those that were removed since they were collected. */
  get events(): number {
    const { fold } = this.#options
    let events = 0
    for (const [recorderId, { lane, sequence }] of this.#byRecorder) {
      if (fold.lanes.find(lane.lane) === lane) events += sequence
      else {
        this.#byRecorder.delete(recorderId)
        this.changed.add(recorderId)
      }
    }
    return events
  }

  /** Does one step. Returns how many bytes the lane took; `undefined` if there is more to do. */
  collect(number: Lane): number | undefined {
    const { fold, isLeftOut } = this.#options
    const lane = fold.lanes.find(number)
    // A recorder that was removed meanwhile has left its counts.
    if (this.#collecting !== undefined && this.#collecting.lane !== lane) this.#drop(this.#collecting)
    if (lane === undefined || isLeftOut?.(number) === true) return 0
    this.#collecting ??= { lane, steps: this.#collected(lane) }
    const { done, value } = this.#collecting.steps.next()
    if (done !== true) return undefined
    this.#collecting = undefined
    return value
  }

  #drop({ steps }: Collecting): void {
    this.#collecting = undefined
    // Releases the series.
    steps.return(0)
  }

  *#collected(lane: FoldLane): Steps<number> {
    const { addsUp, pack } = this.#options
    const preparing = lane.metrics.prepare()
    if (preparing !== undefined) yield* preparing
    // From here on it is as of this moment.
    const { recorderId, sequence } = lane
    const packed: Array<MetricRecord> = []
    for (const each of yield* lane.metrics.saving(addsUp)) {
      const found = pack(recorderId, each)
      if (found === undefined) continue
      if ("lost" in found) this.#tellLost(recorderId, each.metric.name, found.lost)
      else packed.push(found)
    }
    const records = packed.map(({ record }) => record)
    const bytes = records.reduce((sum, record) => sum + bytesOf(record), 0)
    while (!this.#memory.isReady(bytes)) yield
    const segment = yield* this.#memory.put(records)
    const metrics = new Map(
      bytesIn(segment, records).map((bytes, i) => [measuredKey(packed[i]!.of), { ...packed[i]!.of, bytes }])
    )
    const known = this.#byRecorder.get(recorderId)
    const isSame = known !== undefined && isEqual(known.metrics, metrics)
    this.#byRecorder.set(recorderId, isSame ? { ...known, lane, sequence } : { lane, sequence, metrics, segment })
    if (!isSame) this.changed.add(recorderId)
    this.#memory.reuse(isSame ? segment : known?.segment)
    return bytes
  }

  #tellLost(recorderId: string, name: string, reason: string): void {
    const key = JSON.stringify([recorderId, name])
    if (this.#told.has(key) || this.#told.size >= MostTold) return
    this.#told.add(key)
    const { by, fold } = this.#options
    fold.notKept(recorderId, name, `it cannot be written: ${reason}`, by)
  }
}

const isEqual = (a: Live["metrics"], b: Live["metrics"]): boolean =>
  a.size === b.size &&
  [...a].every(([key, one]) => {
    const other = b.get(key)
    return other !== undefined && Buffer.compare(one.bytes, other.bytes) === 0
  })
