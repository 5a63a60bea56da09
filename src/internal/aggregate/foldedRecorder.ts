/**
 * A recorder of another process whose events are folded here: its metrics, with the same kernels and reducers, and the
 * sequence number that they have reached.
 */
import { serialize } from "node:v8"
import { isCumulative } from "../fold/earlierSeries.ts"
import { LaneMetrics } from "../fold/laneMetrics.ts"
import type { FoldLayout } from "../fold/metricPlans.ts"
import { type MetricsLane, nowhere } from "../fold/place.ts"
import type { SavedMetric } from "../fold/savedLane.ts"
import { bytesIn, metricIn, metricRecord, segmentOf } from "../fold/segment.ts"
import { isBuiltInLevel } from "../metric/definition/levels.ts"
import { nameAndMeasured } from "../metric/definition/measured.ts"
import type * as Metric from "../metric/definition/metric.ts"
import type { MetricEvent } from "../model/event.ts"
import type { MetricEntry } from "../shipping/batchFormat.ts"
import type { StateRead } from "../stream/foldMessages.ts"
import type { Rows } from "../stream/rows/format.ts"
import { allSteps } from "../util/steps.ts"
import { ApartMetrics } from "./apartMetrics.ts"
import { CountedSince } from "./countedSince.ts"
import { addEventCounts, type EventCounts, noEventCounts } from "./eventCounts.ts"
import { type FoldedMetrics, isFolded } from "./foldedMetrics.ts"
import { missedBy, StoredFormat, type StoredMetric, type StoredRecorder } from "./storedRecorder.ts"

export class FoldedRecorder {
  readonly recorderId: string
  /** The sequence number of the last event. */
  sequence: number
  /** The time of the latest event. */
  latest = Number.NEGATIVE_INFINITY
  counts = noEventCounts
  readonly #apart: ApartMetrics
  readonly #of: FoldedMetrics
  readonly #metrics: LaneMetrics
  /** The epoch of what is folded here, by name. */
  readonly #epochs = new Map<string, number>()
  /**
   * The number of events that a metric lacks, by name, because others have folded them without it, or because it was
   * quarantined.
   */
  readonly #missed = new Map<string, number>()
  readonly since = new CountedSince()
  /** Whether it takes over counts of others and gets no events. */
  #isTotal = false

  constructor(recorderId: string, of: FoldedMetrics, sequence = 0) {
    this.recorderId = recorderId
    this.sequence = sequence
    this.#of = of
    this.#apart = new ApartMetrics(of)
    const lane: MetricsLane = {
      lane: 0,
      place: new Int32Array(nowhere.length),
      quarantined: (name, error) =>
        of.onProblem(`the metric "${name}" of the recorder "${recorderId}" is quarantined: ${error}`),
      notKept: () => {}
    }
    this.#metrics = new LaneMetrics(lane)
  }

  // --- what comes

  /** Declares its metrics from here on. An older declaration than the known one has no effect. */
  declare(entries: ReadonlyArray<MetricEntry>): void {
    this.#passBy()
    const createdAt = this.#latestTime
    for (const [name, epoch, measured] of entries) {
      const known = this.#epochs.get(name)
      if (!isFolded(name, measured, this.#of)) {
        const of = { name, epoch, measured, sequence: this.sequence, createdAt }
        this.#apart.add({ ...of, bytes: undefined, missed: 0, lacksUntil: undefined })
        if (known !== undefined && known < epoch) this.#metrics.supersede(name, this.latest)
        continue
      }
      if (known !== undefined && known >= epoch) continue
      // Replaces the one of an earlier epoch, if there is one.
      this.#register(this.#of.byName.get(name)!, epoch, this.latest)
      // Where counts are added up, they continue from what was counted before.
      this.since.begin(name, createdAt, known !== undefined && !isCumulative(this.#of.byName.get(name)!))
    }
  }

  #register(metric: Metric.Any, epoch: number, at: number): void {
    this.#metrics.register(metric, at)
    this.#metrics.keepExpired()
    this.#epochs.set(metric.name, epoch)
  }

  get #latestTime(): number | undefined {
    return this.latest === Number.NEGATIVE_INFINITY ? undefined : this.latest
  }

  #passBy(): void {
    this.#apart.passBy(this.sequence, this.#latestTime)
  }

  #missMore(name: string, missed: number): void {
    this.#missed.set(name, missed + (this.#missed.get(name) ?? 0))
  }

  #miss(stored: StoredMetric): void {
    const { name } = stored
    const missed = missedBy(stored, this.sequence)
    if (missed === 0) return
    this.#missed.set(name, missed)
    this.#of.onProblem(
      `the metric "${name}" of the recorder "${this.recorderId}" misses up to ${missed} events, which an aggregator with another version of it has folded`
    )
  }

  /** Folds rows starting with this sequence number. Rows that were folded before are skipped. */
  rows(layout: FoldLayout, rows: Rows, at: number, count: number, first: number, time: number): void {
    const had = Math.min(count, this.#before(first))
    const left = count - had
    if (left === 0) return
    const { words } = layout.layout
    const applied = this.#metrics.rows(layout, rows, at + had * words, left, time, first + had)
    this.#took(left, applied, time)
  }

  event(event: MetricEvent, sequence: number, time: number): void {
    if (this.#before(sequence) > 0) return
    this.#took(1, this.#metrics.event(event, time, sequence, undefined) ? 1 : 0, time)
  }

  /**
   * How many of the events from this sequence number on were folded. Earlier events that were not folded are missing.
   */
  #before(first: number): number {
    this.miss(first - 1)
    return this.sequence - (first - 1)
  }

  #took(count: number, applied: number, time: number): void {
    this.sequence += count
    if (this.latest === Number.NEGATIVE_INFINITY) {
      for (const name of this.#epochs.keys()) this.since.begin(name, time, false)
    }
    if (time > this.latest) this.latest = time
    this.counts = addEventCounts(this.counts, { ...noEventCounts, applied, ignored: count - applied })
  }

  /** There are no events between these sequence numbers, because they were evicted or are not read by any metric. */
  skip(from: number, to: number, what: "ignored" | "evicted"): void {
    this.miss(from)
    if (to <= this.sequence) return
    this.counts = addEventCounts(this.counts, { ...noEventCounts, [what]: to - this.sequence })
    this.sequence = to
  }

  /** Events up to this sequence number existed and are lost. */
  miss(to: number): void {
    const missed = to - this.sequence
    if (missed <= 0) return
    this.counts = addEventCounts(this.counts, { ...noEventCounts, missed })
    this.sequence = to
    this.#of.onProblem(
      `${missed} events of the recorder "${this.recorderId}" are missing: the store has lost them, or their process had no room to keep them`
    )
  }

  /**
   * Takes over the counts of another recorder, which gets no more events. Levels are not taken over. `keeps`: also
   * keeps states that are not folded here, each of one recorder.
   */
  absorb(other: FoldedRecorder, keeps = false): void {
    this.#isTotal = true
    other.#passBy()
    this.#apart.absorb(other.#apart, other.sequence, keeps)
    for (const [name, missed] of other.#missed) this.#missMore(name, missed)
    this.since.absorb(other.since, (name) => !isBuiltInLevel(this.#of.byName.get(name)!))
    for (const [name] of other.#epochs) {
      // It was quarantined. The total continues, including what was counted before.
      if (!other.#metrics.find(name)!.inService) {
        this.#missMore(name, Math.max(1, other.states().get(name)?.quarantine?.missed ?? 0))
      }
      const metric = this.#of.byName.get(name)!
      if (this.#epochs.has(name) || isBuiltInLevel(metric)) continue
      this.#register(metric, 0, other.latest)
    }
    allSteps(this.#metrics.absorbing(other.#metrics, Math.max(this.latest, other.latest), this.sequence))
    this.latest = Math.max(this.latest, other.latest)
    this.counts = addEventCounts(this.counts, other.counts)
    this.sequence += other.sequence
  }

  // --- what is stored

  save(): Uint8Array {
    return serialize(this.stored)
  }

  get stored(): StoredRecorder {
    this.#passBy()
    return this.#stored([...this.#savedMetrics(() => true), ...this.#apart.all], this.counts)
  }

  /** What was not included in the total, for a recorder that continues from here. */
  saveLevels(): Uint8Array {
    const isLevel = (name: string): boolean => isBuiltInLevel(this.#of.byName.get(name)!)
    return serialize(this.#stored(this.#savedMetrics(isLevel), noEventCounts))
  }

  #savedMetrics(isSaved: (name: string) => boolean): ReadonlyArray<StoredMetric> {
    const storedOf = (name: string, bytes: Uint8Array | undefined): StoredMetric => ({
      ...{ ...nameAndMeasured(this.#of.byName.get(name)!), epoch: this.#epochs.get(name) ?? 0, bytes },
      ...{ sequence: this.#isTotal ? undefined : this.sequence, missed: this.#missed.get(name) ?? 0 },
      ...this.since.of(name)
    })
    const all = allSteps(this.#metrics.saving()).filter(({ saved }) => isSaved(saved.name))
    const known = new Set([...this.#missed.keys(), ...this.since.lacksUntil.keys()])
    const unfolded = [...known].filter((name) => !this.#epochs.has(name))
    return [
      ...all.map(({ saved }) => storedOf(saved.name, bytesOfMetric(saved))),
      ...unfolded.map((name) => storedOf(name, undefined))
    ]
  }

  #stored(metrics: ReadonlyArray<StoredMetric>, counts: EventCounts): StoredRecorder {
    const { latest, recorderId, sequence } = this
    return { format: StoredFormat, recorderId, sequence, latest, counts, isTotal: this.#isTotal, metrics }
  }

  static load(stored: StoredRecorder, of: FoldedMetrics): FoldedRecorder {
    const recorder = new FoldedRecorder(stored.recorderId, of, stored.sequence)
    recorder.latest = stored.latest
    recorder.counts = stored.counts
    recorder.#isTotal = stored.isTotal
    const own: Array<SavedMetric> = []
    for (const each of stored.metrics) {
      if (!isFolded(each.name, each.measured, of)) {
        recorder.#apart.add(each)
        continue
      }
      recorder.#miss(each)
      recorder.since.load(each)
      if (each.bytes === undefined) continue
      recorder.#epochs.set(each.name, each.epoch)
      own.push(metricIn(each.bytes))
    }
    const lost = recorder.#metrics.restore(
      own,
      (name) => of.byName.get(name)!,
      () => undefined
    )
    recorder.#metrics.keepExpired()
    for (const { error, name } of lost) of.onProblem(`the metric "${name}" of "${recorder.recorderId}": ${error}`)
    return recorder
  }

  /** Whether it has no metrics and had no events, like the recorder that a process keeps for those it has removed. */
  get isEmpty(): boolean {
    return this.sequence === 0 && this.#epochs.size === 0 && this.#apart.isEmpty
  }

  /** The names of metrics that are not folded here, or have missed events. */
  get leftOut(): ReadonlyArray<string> {
    return [...this.#apart.all.map(({ name }) => name), ...this.#missed.keys()]
  }

  /** Whether another aggregator may fold its events. */
  get waits(): boolean {
    return this.#apart.wait
  }

  /**
   * Called when it gets no more events and is about to become part of a total. Returns the part that another aggregator
   * may still fold, if there is any.
   */
  takeUnfolded(total: string): FoldedRecorder | undefined {
    if (!this.waits) return undefined
    const rest = new FoldedRecorder(total, this.#of, this.sequence)
    rest.latest = this.latest
    for (const stored of this.#apart.takeUnfolded()) rest.#apart.add(stored)
    return rest
  }

  /** Whether it has states that only an aggregator with other metrics can add up. */
  get hasForeignStates(): boolean {
    return this.#apart.all.some(({ bytes }) => bytes !== undefined)
  }

  /** By name. */
  states(): ReadonlyMap<string, StateRead> {
    return new Map(
      Array.from(this.#epochs.keys()).flatMap((name) => {
        const read = allSteps(this.#metrics.find(name)!.readState(true, true))
        return read === undefined ? [] : [[name, read] as const]
      })
    )
  }
}

const bytesOfMetric = (saved: SavedMetric): Uint8Array => {
  const record = metricRecord({ ...saved, shown: undefined })
  return bytesIn(segmentOf([record]), [record])[0]!.slice()
}
