/**
 * The fold side of one recorder: a state machine driven by the stream. It folds its input, or queues it while a
 * listener to changes has not finished. It never reads a clock: an event carries its time, a read carries `now`.
 */
import type * as Metric from "../metric/definition/metric.ts"
import type { MetricEvent } from "../model/event.ts"
import type { StreamNumber, Watch } from "../stream/commands.ts"
import type { Change, LaneMessage } from "../stream/foldMessages.ts"
import type { Poison } from "../stream/restore.ts"
import type { Rows } from "../stream/rows/format.ts"
import type { Steps } from "../util/steps.ts"
import type { FoldOfLanes, LaneOptions } from "./foldOfLanes.ts"
import type { TappedLane } from "./foldTap.ts"
import { atRestore, poison, poisonsAfter } from "./formerFold.ts"
import { LaneCounts } from "./laneCounts.ts"
import { LaneMetrics } from "./laneMetrics.ts"
import { LaneReads } from "./laneReads.ts"
import { type Absorb, type Batch, foldSome, foreign, latestOfEach, type Show, type Step } from "./laneSteps.ts"
import type { FoldLayout } from "./metricPlans.ts"
import { readAgain } from "./metricReads.ts"
import { OrderedLane } from "./orderedLane.ts"
import { type MetricsLane, PlaceSequence } from "./place.ts"
import type { SavedLane } from "./savedLane.ts"
import { atOnce } from "./slices.ts"

/**
 * The number of series of a removed recorder that are taken over at once, in less than a millisecond. More are taken
 * over in slices.
 */
const SeriesAtOnce = 512

export class FoldLane extends OrderedLane implements MetricsLane, TappedLane {
  readonly life: number
  readonly recorderId: string
  /** The stream of its rows. */
  readonly stream: StreamNumber
  readonly #counts: LaneCounts
  readonly #fold: FoldOfLanes
  readonly metrics: LaneMetrics
  #watch: Watch = "none"
  /** The sequence number of the last event. */
  sequence = 0
  tapped = 0
  /** Changes up to this sequence number were received from the previous fold. */
  readonly #seen: number
  /** What is to be quarantined later. */
  #poisons: ReadonlyArray<Poison> | undefined
  readonly reads: LaneReads

  constructor(options: LaneOptions) {
    super(options.lane, options.fold.reads)
    this.life = options.life
    this.recorderId = options.recorderId
    this.stream = options.stream
    this.#counts = new LaneCounts(options.counters)
    this.#fold = options.fold
    this.metrics = new LaneMetrics(this)
    this.reads = new LaneReads(options.lane, options.fold)
    this.#seen = options.seen ?? 0
    this.#poisons = poisonsAfter(options.poisons, 0)
  }

  get place(): Int32Array {
    return this.#fold.place
  }

  /** Called with the name of a metric, and the reason for its quarantine. */
  quarantined(name: string, error: string): void {
    // The previous fold has already reported it for these events.
    if (this.#counts.isBehind) return
    // For rows that are folded together, the place has the lower 32 bits of the current event's number.
    const sequence = this.sequence + ((this.place[PlaceSequence]! - this.sequence) | 0)
    this.#send({ _tag: "Quarantined", lane: this.lane, name, error, sequence })
  }

  readonly notKept = (name: string, reason: string): void => this.#fold.notKept(this.recorderId, name, reason)

  #send(message: LaneMessage): void {
    this.#fold.send(message)
  }

  // --- what comes out of the stream

  rows(layout: FoldLayout, rows: Rows, at: number, count: number, time: number): void {
    if (this.#watch !== "none" || this.held !== undefined) {
      const { words } = layout.layout
      for (let i = 0, row = at; i < count; i++, row += words) this.enqueue(layout.read(rows, row), time)
      return this.goOn()
    }
    if (this.#fold.isCareful || this.#poisons !== undefined) {
      const { words } = layout.layout
      for (let i = 0, row = at; i < count; i++, row += words) this.event(layout.read(rows, row), time)
      return
    }
    if (this.due !== undefined) this.showDue()
    this.#fold.tap?.rows(this, layout, rows, at, count, time)
    const applied = this.metrics.rows(layout, rows, at, count, time, this.sequence + 1)
    this.sequence += count
    this.#count(applied, count - applied)
  }

  event(event: MetricEvent, at: number): void {
    if (this.#watch !== "none" || this.held !== undefined) {
      this.enqueue(event, at)
      return this.goOn()
    }
    const took = this.#foldEvent(event, at, undefined)
    this.#count(took ? 1 : 0, took ? 0 : 1)
  }

  foreignEvents(count: number): void {
    if (this.held === undefined) {
      this.sequence += count
      return this.#count(0, count)
    }
    for (let i = 0; i < count; i++) this.enqueue(foreign, 0)
  }

  protected override *showing({ addsUp, now, take }: Show): Steps<void> {
    if (this.#poisons !== undefined) this.#quarantineDue(true)
    take(yield* this.metrics.showing(now, addsUp, this.sequence))
  }

  /** The recorder was removed: there is nothing more to show or to answer. */
  close(): void {
    this.closeSteps()
    this.reads.close()
  }

  /** A listener has taken the changes up to this sequence number. The lane continues if it waits for that. */
  delivered(sequence: number): void {
    const batch = this.held
    if (batch?._tag !== "Events" || sequence !== this.sequence) return
    this.held = undefined
    this.#acknowledge(batch)
    this.#foldBatch(batch)
    this.goOn()
  }

  // --- in order, one by one

  protected override perform(step: Exclude<Step, Show>): void {
    switch (step._tag) {
      case "Events":
        return this.#foldBatch(step)
      case "Register":
        return this.metrics.register(step.metric!, step.at, step.left)
      case "Watch":
        this.#watch = step.watch
        return
      case "Skip":
        this.#fold.tap?.evicted(this, step.to)
        this.sequence = step.to
        return
      case "Read":
        if (this.#poisons !== undefined) this.#quarantineDue(true)
        return this.reads.read(step, this.metrics, this.sequence)
      case "Rewind":
        return this.metrics.rewind(step.now)
      case "Absorb":
        return this.#absorb(step)
      case "Reset":
        return this.metrics.reset(step.name, step.at)
    }
  }

  /** To the metrics it is like an event. */
  #absorb({ at, onEnd, removed }: Absorb): void {
    this.sequence++
    if (this.#poisons !== undefined) this.#quarantineDue(false)
    const steps = this.metrics.absorbing(removed, at, this.sequence)
    this.holdFor(steps, removed.size > SeriesAtOnce ? this.#fold.work : atOnce, onEnd)
  }

  /** Folds a batch from its current place: to its end, or until a listener must be waited for. */
  #foldBatch(batch: Batch): void {
    while (batch.next < batch.events.length) {
      const changes = foldSome(batch, this.#watch !== "none", (event, at, changes) =>
        this.#foldEvent(event, at, changes)
      ).filter(({ sequence }) => sequence > this.#seen)
      if (changes.length > 0) {
        // Not counted before they are delivered, so that a slow listener uses up the capacity instead of memory.
        this.held = batch
        return this.#send({
          _tag: "Changes",
          lane: this.lane,
          sequence: this.sequence,
          changes: this.#watch === "latest" ? latestOfEach(changes) : changes
        })
      }
      this.#acknowledge(batch)
    }
  }

  #foldEvent(event: MetricEvent, at: number, changes: Array<Change> | undefined): boolean {
    if (this.due !== undefined) this.showDue()
    if (event !== foreign) this.#fold.tap?.event(this, event, at)
    this.sequence++
    if (this.#poisons !== undefined) this.#quarantineDue(changes !== undefined, event._tag)
    return this.metrics.event(event, at, this.sequence, changes)
  }

  #quarantineDue(shows: boolean, tag?: string): void {
    // They are of before.
    this.metrics.viewDue()
    this.place[PlaceSequence] = this.sequence
    this.#poisons = poison(this.#poisons!, this.metrics, this.sequence, shows, tag)
  }

  #acknowledge(batch: Batch): void {
    this.#count(batch.applied, batch.ignored)
    batch.applied = batch.ignored = 0
  }

  /** Frees the credits of what was folded. */
  #count(applied: number, ignored: number): void {
    if (this.#counts.add(applied, ignored)) this.#send({ _tag: "Folded", lane: this.lane })
  }

  // --- when the worker is replaced

  /** The lane as of the first step. Events may be taken between the steps. */
  *saving(): Steps<SavedLane> {
    this.readDue()
    const rest = {
      lane: this.lane,
      life: this.life,
      recorderId: this.recorderId,
      stream: this.stream,
      sequence: this.sequence,
      applied: this.#counts.applied,
      ignored: this.#counts.ignored,
      watch: this.#watch,
      ...this.savedSteps()
    }
    // What is not viewed yet is viewed in this call, and may put a metric out.
    const [reads, metrics] = [this.reads.saving(), this.metrics.saving()]
    return { ...rest, metrics: (yield* metrics).map(({ saved }) => saved), reads: yield* reads }
  }

  /** Takes over what an earlier fold's lane has saved. This lane is new. */
  restore(saved: SavedLane, definitionOf: (name: string) => Metric.Any, poisons: ReadonlyArray<Poison>): void {
    this.sequence = this.tapped = saved.sequence
    this.#watch = saved.watch
    const lost = this.metrics.restore(saved.metrics, definitionOf, atRestore(poisons))
    const { lane, sequence } = saved
    for (const { error, name } of lost) this.#send({ _tag: "Quarantined", lane, name, error, sequence })
    this.#poisons = poisonsAfter(this.#poisons, this.sequence)
    this.#counts.restore(saved)
    const { sendCopies } = this.#fold
    for (const read of saved.reads) {
      this.reads.begin(read.command, readAgain(this, read, definitionOf, sendCopies))
    }
    this.restoreSteps(saved, definitionOf)
    // Its changes were sent before it was saved, and were received by whoever has the saved state.
    this.delivered(this.sequence)
  }
}
