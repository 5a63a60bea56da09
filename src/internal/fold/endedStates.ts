/**
 * The counts of removed recorders by their ids, for processes that add up counts: a recorder that is made again under
 * an id starts from zero, and both are counted.
 *
 * They are part of each checkpoint. A replacement fold reads the removals after the checkpoint again, and skips earlier
 * ones by their positions in the log.
 */
import { addEndedRow } from "../formats/packedStats.ts"
import type { Fingerprint } from "../metric/definition/fingerprint.ts"
import { isBuiltInLevel } from "../metric/definition/levels.ts"
import { measuredKey, nameAndMeasured } from "../metric/definition/measured.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { shapeOf } from "../metric/definition/stateShape.ts"
import type { Lane } from "../stream/commands.ts"
import type { StateRead } from "../stream/foldMessages.ts"
import { describeError } from "../util/describeError.ts"
import { allSteps, type Steps } from "../util/steps.ts"
import { takeAll } from "../util/takeAll.ts"
import { keepState, keptState } from "./kernels/keptState.ts"
import { lastingIn, lastingRecords } from "./lastingRecords.ts"
import { continuableRecord, type PackedMetric } from "./packedMetric.ts"
import type { FoldLane } from "./recorderFold.ts"
import type { RegisteredMetric } from "./registeredMetric.ts"
import type { MetricAndSaved, SavedMetric } from "./savedLane.ts"
import { resumed } from "./savedMetrics.ts"
import { metricIn, metricRecord, OfEnded, recordBytes, type SavedRecord } from "./segment.ts"
import type { MetricOwner } from "./viewedMetric.ts"

/** The maximum number of ids that are kept separately. The counts of the oldest are merged. */
const MostIds = 1000

/** The id of the merged counts. No recorder has it, because recorder ids are not blank. */
export const Others = ""

/** By {@link measuredKey}. */
type OfRecorder = ReadonlyMap<string, PackedMetric>

interface SavedRecorder {
  readonly metrics: ReadonlyArray<PackedMetric>
  readonly recorderId: string
  /** Otherwise it was merged into the others. */
  readonly isKept: boolean
  readonly stats: Float64Array | undefined
}

/** What is saved with every record, whichever recorders it contains. */
interface SavedWithAll {
  readonly at: number
  readonly events: number
  readonly forgotten: number
  readonly totals: ReadonlyArray<Lane>
  readonly shapes: ReadonlyArray<readonly [hash: string, shape: Fingerprint]>
}

export class EndedStates {
  /** The oldest first, including the merged ones. */
  readonly #byId = new Map<string, OfRecorder>()
  readonly #definitionOf: (name: string) => Metric.Any | undefined
  readonly accounts = new Map<string, Float64Array>()
  readonly #definitions = new Map<string, Metric.Any>()
  /** The shapes of the states, by the hash of what is measured. */
  readonly shapes = new Map<string, Fingerprint>()
  readonly #notKept: (recorderId: string, name: string, reason: string) => void
  /** Lanes that include the counts of others. Processes that add up counts get those from here. */
  readonly totals = new Set<Lane>()
  /** The position in the log of the last removal. */
  #at = Number.NEGATIVE_INFINITY
  events = 0
  /** The number of ids that are no longer kept separately. */
  forgotten = 0
  /** The remaining steps of recent removals, in order. */
  readonly #leaving: Array<Steps<void>> = []
  /** Ids whose states have changed since they were last taken. */
  readonly changed = new Set<string>()
  readonly #unsaved = new Set<string>()

  constructor(options: {
    readonly definitionOf: (name: string) => Metric.Any | undefined
    readonly notKept: (recorderId: string, name: string, reason: string) => void
  }) {
    this.#definitionOf = options.definitionOf
    this.#notKept = options.notKept
  }

  get ids(): Iterable<string> {
    return this.#byId.keys()
  }

  of(recorderId: string): Iterable<PackedMetric> {
    return this.#byId.get(recorderId)?.values() ?? []
  }

  /**
   * Handles the removal of a recorder at this position of the log. Its counts are kept under this id. `now`: the latest
   * time so far. Until the steps are done, nothing may be saved or requested.
   */
  leave(
    lane: FoldLane,
    recorderId: string,
    at: number,
    now: number,
    stats: Float64Array | undefined
  ): Steps<void> | undefined {
    // A replay comes here again.
    if (at <= this.#at || this.totals.has(lane.lane)) return undefined
    this.#at = at
    this.events += lane.sequence
    const steps = this.#leave(lane.metrics.saving(true), recorderId, now, stats)
    this.#leaving.push(steps)
    return this.#upTo(steps)
  }

  /** Runs earlier removals first, whoever started them. */
  *#upTo(steps: Steps<void>): Steps<void> {
    while (this.#leaving.includes(steps)) {
      const [first] = this.#leaving
      yield* first!
      if (this.#leaving[0] === first) this.#leaving.shift()
    }
  }

  *#leave(
    saving: Steps<ReadonlyArray<MetricAndSaved>>,
    recorderId: string,
    now: number,
    stats: Float64Array | undefined
  ): Steps<void> {
    const own = new Map(this.#byId.get(recorderId))
    for (const { metric, saved } of yield* saving) {
      // Other metrics are of no use to processes that add up counts.
      if (metric.merge === undefined || isBuiltInLevel(metric)) continue
      const of = nameAndMeasured(metric)
      this.#definitions.set(measuredKey(of), metric)
      this.shapes.set(of.measured, shapeOf(metric))
      yield* this.#add(own, recorderId, metric, saved, now)
    }
    this.#byId.delete(recorderId)
    this.#put(recorderId, own)
    this.#account(recorderId, stats)
    // The merged ones do not count.
    for (const oldest of this.#byId.keys()) {
      if (this.#byId.size <= MostIds) break
      if (oldest !== Others) yield* this.#forget(oldest, now)
    }
  }

  #put(recorderId: string, metrics: OfRecorder | undefined): void {
    if (metrics === undefined) this.#byId.delete(recorderId)
    else if (metrics.size > 0) this.#byId.set(recorderId, metrics)
    this.changed.add(recorderId)
    this.#unsaved.add(recorderId)
  }

  #account(recorderId: string, stats: Float64Array | undefined): void {
    if (stats !== undefined) this.accounts.set(recorderId, addEndedRow(this.accounts.get(recorderId), stats))
  }

  *#forget(recorderId: string, now: number): Steps<void> {
    const others = new Map(this.#byId.get(Others))
    for (const [key, { bytes, name }] of this.#byId.get(recorderId)!) {
      const metric = this.#definitions.get(key) ?? this.#definitionOf(name)
      if (metric !== undefined) yield* this.#add(others, Others, metric, metricIn(bytes), now)
    }
    this.#put(recorderId, undefined)
    this.#put(Others, others)
    this.#account(Others, this.accounts.get(recorderId))
    this.accounts.delete(recorderId)
    this.forgotten++
  }

  /** Adds the saved state of a metric to the existing one. */
  *#add(
    to: Map<string, PackedMetric>,
    recorderId: string,
    metric: Metric.Any,
    saved: SavedMetric,
    now: number
  ): Steps<void> {
    const of = nameAndMeasured(metric)
    const key = measuredKey(of)
    const before = to.get(key)
    try {
      const together = before === undefined ? saved : yield* added(metric, metricIn(before.bytes), saved, now)
      if (together.state._tag === "Lost") throw together.state.reason
      const bytes = yield* recordBytes(continuableRecord(together))
      to.set(key, { ...of, recorderId, goneSince: undefined, bytes })
    } catch (error) {
      this.#notKept(recorderId, metric.name, `its counts at removal are lost: ${describeError(error)}`)
    }
  }

  // --- checkpoints

  /** Saves what has changed since the last call, or everything, as of this call; `undefined`: nothing has changed. */
  saving(isWhole: boolean): Steps<ReadonlyArray<SavedRecord>> | undefined {
    if (!isWhole && this.#unsaved.size === 0) return undefined
    const unsaved = takeAll(this.#unsaved)
    const ids = isWhole ? this.#byId.keys() : unsaved
    const recorders = Array.from(ids, (recorderId): SavedRecorder => {
      const metrics = this.#byId.get(recorderId)
      const stats = this.accounts.get(recorderId)
      return { recorderId, isKept: metrics !== undefined, metrics: [...(metrics?.values() ?? [])], stats }
    })
    const withAll: SavedWithAll = {
      at: this.#at,
      events: this.events,
      forgotten: this.forgotten,
      totals: [...this.totals],
      shapes: [...this.shapes]
    }
    return lastingRecords(OfEnded, recorders, withAll)
  }

  restore(record: SavedRecord): void {
    const { all, at, events, forgotten, shapes, totals } = lastingIn<SavedWithAll, SavedRecorder>(record)
    for (const [hash, shape] of shapes) this.shapes.set(hash, shape)
    for (const { isKept, metrics, recorderId, stats } of all) {
      this.#put(recorderId, isKept ? new Map(metrics.map((each) => [measuredKey(each), each])) : undefined)
      if (stats === undefined) this.accounts.delete(recorderId)
      else this.accounts.set(recorderId, stats)
    }
    for (const lane of totals) this.totals.add(lane)
    this.#at = at
    this.events = events
    this.forgotten = forgotten
    this.#unsaved.clear()
  }
}

/** The saved state of a metric that took the events of both. Throws if they cannot be merged. */
function* added(metric: Metric.Any, one: SavedMetric, other: SavedMetric, now: number): Steps<SavedMetric> {
  const left = yield* loaded(metric, one)
  yield* left.absorbing(yield* loaded(metric, other), now)
  if (!left.inService) throw new Error("its states cannot be merged")
  return yield* left.saving()
}

function* loaded(metric: Metric.Any, saved: SavedMetric): Steps<RegisteredMetric> {
  const cell = yield* resumed(metric, 0, saved, nobody)
  cell.keepExpired()
  return cell
}

/** The owner of metrics without a recorder. */
const nobody: MetricOwner = {
  quarantined: () => {},
  cut: () => {
    throw new Error("A metric that no recorder has is not read.")
  }
}

/** The states of a metric in the form of its reducer, from the bytes of its record. Throws if they cannot be read. */
export const statesIn = (metric: Metric.Any, bytes: Uint8Array): Pick<StateRead, "state" | "earlier"> => {
  const saved = metricIn(bytes)
  const { state } = saved
  return state._tag === "Bytes" || state._tag === "Initial"
    ? { state: keptState(state, metric.initial) }
    : allSteps(loaded(metric, saved)).counted
}

/** The bytes of a record that {@link statesIn} reads. Throws if the state is not plain data. */
export const stateBytes = ({ initial, name }: Metric.Any, state: unknown): Uint8Array => {
  const none = { quarantine: undefined, viewFault: undefined, duplicates: undefined, shown: undefined }
  const saved = { name, epoch: 0, createdAt: 0, isContinued: true, ...none, state: keepState(state, initial) }
  return allSteps(recordBytes(metricRecord(saved)))
}
