/**
 * States of metrics without a recorder: restored from an earlier process, or left by a removed recorder. The next
 * recorder of the id continues from them when it registers the metric. The counts of other definitions of the name are
 * kept for processes that add up counts.
 *
 * They are part of each checkpoint, because a replacement fold must find the same state for the same registration. So a
 * state has the position in the log from which it exists, and a state that was taken is kept for a replay until a
 * checkpoint covers that.
 */
import type { Fingerprint } from "../metric/definition/fingerprint.ts"
import { isBuiltInLevel } from "../metric/definition/levels.ts"
import { measuredBy, measuredKey } from "../metric/definition/measured.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { shapeOf } from "../metric/definition/stateShape.ts"
import { allSteps, type Steps } from "../util/steps.ts"
import { isCumulative } from "./earlierSeries.ts"
import { lastingIn, lastingRecords } from "./lastingRecords.ts"
import { keptRecord, type Lost, type MeasuredParts, type MetricRecord, type PackedMetric } from "./packedMetric.ts"
import type { FoldLane } from "./recorderFold.ts"
import type { MetricAndSaved } from "./savedLane.ts"
import { OfLeft, recordBytes, type SavedRecord } from "./segment.ts"

/** The maximum number of recorders removed in this process whose states are kept. The oldest are dropped first. */
const MostRemoved = 1000

/** What is found for a metric that is registered: its state, or the parts in which its definition has changed since. */
type LeftState =
  | { readonly bytes: Uint8Array; readonly changes?: never }
  | { readonly bytes?: never; readonly changes: ReadonlyArray<string> }

interface Version {
  /** Without bytes: nothing is left from here on, because the recorder that had taken the state left it to a total. */
  readonly packed: PackedMetric
  /** It exists after this position. */
  readonly since: number
  /** The position of the registration that has taken it, if there is one. */
  takenAt: number | undefined
  /** Whether it was taken by a metric of which nothing remains when another definition has its name. */
  isLevel: boolean
  /** Whether a registration of another definition was informed about it. */
  isTold: boolean
  /** A version that was taken, kept for a replay. */
  before: Version | undefined
}

/** What is saved with every record, whichever states it contains. */
interface SavedWithAll {
  readonly measured: ReadonlyArray<readonly [hash: string, parts: Fingerprint]>
  readonly shapes: ReadonlyArray<readonly [hash: string, shape: Fingerprint]>
  readonly folded: number
  readonly foldedAt: number
}

export class LeftStates {
  /** Whether gauges and up-down counters are included. */
  readonly #hasLevels: boolean
  readonly measured = new Map<string, Fingerprint>()
  /** The shapes of the states, by the same hash: see `shapeOf`. */
  readonly shapes = new Map<string, Fingerprint>()
  /** The number of events of removed recorders. */
  folded = 0
  #foldedAt = Number.NEGATIVE_INFINITY
  /** A number that changes with every change. */
  changes = 0
  readonly #byRecorder = new Map<string, Map<string, Version>>()
  /** The recorders removed in this process, the oldest first. */
  readonly #removed = new Set<string>()
  /** The remaining steps of recent removals. */
  readonly #leaving = new Map<string, Steps<void>>()
  #added: Array<Version> = []
  #isAdded = false
  /** The ids of recorders that have left something of theirs to a total since the last call. */
  readonly gone = new Set<string>()

  constructor(options: { readonly levels: boolean }) {
    this.#hasLevels = options.levels
  }

  /** Whether its state is kept at all. */
  #keeps(metric: Metric.Any): boolean {
    return this.#hasLevels || !isBuiltInLevel(metric)
  }

  /** What is kept of a metric, or why it cannot be kept. `undefined`: it is not kept. */
  pack(recorderId: string, each: MetricAndSaved): MetricRecord | Lost | undefined {
    const { metric } = each
    if (!this.#keeps(metric)) return undefined
    const kept = keptRecord(recorderId, each)
    if ("lost" in kept) return kept
    const { hash, parts } = measuredBy(metric)
    this.measured.set(hash, parts)
    this.shapes.set(hash, shapeOf(metric))
    return kept
  }

  /** Adds the states of an earlier process. */
  begin(states: Iterable<PackedMetric>, measured: MeasuredParts, shapes: MeasuredParts): void {
    for (const [hash, parts] of measured) this.measured.set(hash, parts)
    for (const [hash, shape] of shapes) this.shapes.set(hash, shape)
    for (const packed of states) this.#put(packed, Number.NEGATIVE_INFINITY)
  }

  /** Handles the removal of a recorder at this position of the log. Until the steps are done, nothing may be saved. */
  leave(lane: FoldLane, at: number): Steps<void> {
    const { recorderId, sequence } = lane
    this.#finish(recorderId)
    this.leaveEvents(sequence, at)
    const steps = this.#leave(recorderId, lane.metrics.saving(), at)
    this.#leaving.set(recorderId, steps)
    return steps
  }

  *#leave(recorderId: string, saving: Steps<ReadonlyArray<MetricAndSaved>>, at: number): Steps<void> {
    const states: Array<PackedMetric> = []
    for (const each of yield* saving) {
      const packed = this.pack(recorderId, each)
      if (packed === undefined || "lost" in packed) continue
      states.push({ ...packed.of, bytes: yield* recordBytes(packed.record) })
    }
    this.#leaving.delete(recorderId)
    if (states.length === 0) return
    this.changes++
    for (const packed of states) this.#put(packed, at)
    this.#removed.delete(recorderId)
    this.#removed.add(recorderId)
    for (const oldest of this.#removed) {
      if (this.#removed.size <= MostRemoved) break
      this.#removed.delete(oldest)
      this.#byRecorder.delete(oldest)
    }
  }

  /** Completes the removal of an earlier recorder of the id. */
  #finish(recorderId: string): void {
    const leaving = this.#leaving.get(recorderId)
    if (leaving !== undefined) allSteps(leaving)
  }

  /** A recorder leaves its metrics to a total, including what they continued from, at this position of the log. */
  leaveToTotal({ metrics, recorderId }: FoldLane, at: number): void {
    this.#finish(recorderId)
    for (const key of metrics.keys) {
      const last = this.#byRecorder.get(recorderId)?.get(key)
      if (last === undefined || last.since >= at) continue
      this.#put({ ...last.packed, bytes: nothing }, at)
      this.gone.add(recorderId)
    }
  }

  /** Counts the events of a removed recorder. */
  leaveEvents(count: number, at: number): void {
    this.changes++
    if (at <= this.#foldedAt) return
    this.folded += count
    this.#foldedAt = at
    this.#isAdded = true
  }

  #put(packed: PackedMetric, since: number): void {
    const { recorderId } = packed
    const key = measuredKey(packed)
    let byKey = this.#byRecorder.get(recorderId)
    if (byKey === undefined) {
      byKey = new Map()
      this.#byRecorder.set(recorderId, byKey)
    }
    const last = byKey.get(key)
    // A replay comes here again.
    if (last !== undefined && last.since >= since) return
    const version: Version = { packed, since, takenAt: undefined, isLevel: false, isTold: false, before: last }
    byKey.set(key, version)
    this.#added.push(version)
    this.#isAdded = true
  }

  /** The state that a metric registered at this position of the log continues from. */
  take(recorderId: string, metric: Metric.Any, at: number): LeftState | undefined {
    this.#finish(recorderId)
    if (!this.#keeps(metric)) return undefined
    const { name } = metric
    const { hash: measured, parts } = measuredBy(metric)
    const own = this.#versionAt(recorderId, measuredKey({ name, measured }), at)
    if (own !== undefined) {
      own.takenAt = at
      own.isLevel = !isCumulative(metric)
      this.#removed.delete(recorderId)
      return { bytes: own.packed.bytes }
    }
    // The state of another definition. Its counts are kept for processes that add up counts, and for its return.
    for (const [key, { packed }] of this.#byRecorder.get(recorderId) ?? []) {
      const other = packed.name === name ? this.#versionAt(recorderId, key, at) : undefined
      if (other === undefined || other.isTold) continue
      other.isTold = true
      return { changes: differing(this.measured.get(packed.measured) ?? {}, parts) }
    }
    return undefined
  }

  /** The version that exists at this position and was not taken by another registration. */
  #versionAt(recorderId: string, key: string, at: number): Version | undefined {
    let version = this.#byRecorder.get(recorderId)?.get(key)
    while (version !== undefined && version.since >= at) version = version.before
    if (version === undefined || isGone(version)) return undefined
    return version.takenAt === undefined || version.takenAt === at ? version : undefined
  }

  /** The last state of each metric. */
  *states(): Iterable<PackedMetric> {
    for (const recorderId of this.#byRecorder.keys()) yield* this.of(recorderId)
  }

  /** The states of a recorder. */
  *of(recorderId: string): Iterable<PackedMetric> {
    for (const version of this.#byRecorder.get(recorderId)?.values() ?? []) if (!isGone(version)) yield version.packed
  }

  get recorderIds(): Iterable<string> {
    return this.#byRecorder.keys()
  }

  /**
   * No replay will start before this position. Forgets states that were taken before it and are present elsewhere, by
   * `isThere`.
   */
  forget(covered: number, isThere: (packed: PackedMetric, byAnyDefinition: boolean) => boolean): void {
    for (const [recorderId, byKey] of this.#byRecorder) {
      for (const [key, version] of byKey) {
        if (version.since <= covered) version.before = undefined
        const { isLevel, packed, takenAt } = version
        if (version.since <= covered && isGone(version)) byKey.delete(key)
        if (takenAt !== undefined && takenAt <= covered && isThere(packed, isLevel)) byKey.delete(key)
      }
      if (byKey.size === 0) this.#byRecorder.delete(recorderId)
    }
  }

  // --- checkpoints

  /**
   * Saves what was added since the last call, or everything; `undefined`: nothing was added. What is added between the
   * steps may be included already, and is saved again the next time.
   */
  saving(isWhole: boolean): Steps<ReadonlyArray<SavedRecord>> | undefined {
    if (!isWhole && !this.#isAdded) return undefined
    const versions = isWhole ? this.#all() : this.#added
    this.#added = []
    this.#isAdded = false
    const withAll: SavedWithAll = {
      measured: [...this.measured],
      shapes: [...this.shapes],
      folded: this.folded,
      foldedAt: this.#foldedAt
    }
    return lastingRecords(OfLeft, savedVersions(versions), withAll)
  }

  *#all(): Iterable<Version> {
    for (const byKey of this.#byRecorder.values()) {
      for (const last of byKey.values()) {
        const chain: Array<Version> = []
        for (let each: Version | undefined = last; each !== undefined; each = each.before) chain.push(each)
        yield* chain.reverse()
      }
    }
  }

  restore(record: SavedRecord): void {
    const { all, folded, foldedAt, measured, shapes } = lastingIn<SavedWithAll, SavedVersion>(record)
    for (const [hash, parts] of measured) this.measured.set(hash, parts)
    for (const [hash, shape] of shapes) this.shapes.set(hash, shape)
    for (const { metrics, since } of all) for (const packed of metrics) this.#put(packed, since)
    this.folded = folded
    this.#foldedAt = foldedAt
    this.#added = []
    this.#isAdded = false
  }
}

interface SavedVersion {
  readonly metrics: ReadonlyArray<PackedMetric>
  readonly since: number
}

function* savedVersions(versions: Iterable<Version>): Iterable<SavedVersion> {
  for (const { packed, since } of versions) yield { metrics: [packed], since }
}

const nothing = new Uint8Array()

const isGone = ({ packed }: Version): boolean => packed.bytes.length === 0

const differing = (before: Fingerprint, now: Fingerprint): ReadonlyArray<string> =>
  [...new Set([...Object.keys(before), ...Object.keys(now)])].filter((part) => before[part] !== now[part])
