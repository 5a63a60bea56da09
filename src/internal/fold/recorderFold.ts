/**
 * The fold side of one recorder: a state machine driven by the stream, which folds what comes, or keeps it while a
 * listener to changes has to be waited for. It never reads a clock: an event carries its time, a read carries `now`.
 */
import type * as Metric from "../metric/definition/metric.ts"
import type { MetricEvent } from "../model/event.ts"
import type { LaneCounters } from "../stream/foldedCounters.ts"
import type { Change, Lane, LaneCommand, LaneMessage, Poison, StreamNumber, Watch } from "../stream/protocol.ts"
import type { Rows } from "../stream/rows/format.ts"
import { allSteps, type Steps } from "../util/steps.ts"
import type { FoldOfLanes } from "./foldOfLanes.ts"
import type { TappedLane } from "./foldTap.ts"
import { LaneCounts } from "./laneCounts.ts"
import { type FoldLayout, type Generation, LaneMetrics, type MetricsLane } from "./laneMetrics.ts"
import { LaneReads } from "./laneReads.ts"
import {
  type Absorb,
  type Absorbing,
  type Batch,
  emptyBatch,
  foreign,
  latestOfEach,
  restoredBatch,
  restoredStep,
  type Show,
  type ShowOptions,
  type Step,
  savedHeld,
  savedStep
} from "./laneSteps.ts"
import { PlaceSequence } from "./place.ts"
import { atRestore, poison, poisonsAfter } from "./poisons.ts"
import type { MetricAndSaved, SavedLane } from "./savedLane.ts"
import type { WorkSteps } from "./slices.ts"

/** Most changes that wait for a listener: the fold goes on when these are delivered. */
const ChangesAtOnce = 32

/** Series of a removed recorder that are taken at once, in less than a millisecond. With more of them it is done in slices. */
const SeriesAtOnce = 512

export class FoldLane implements MetricsLane, TappedLane {
  readonly lane: Lane
  readonly life: number
  readonly recorderId: string
  /** That of its rows. */
  readonly stream: StreamNumber
  readonly #counts: LaneCounts
  readonly #fold: FoldOfLanes
  readonly #metrics: LaneMetrics
  /** What came while the lane waited. */
  #inbox: Array<Step> | undefined
  #watch: Watch = "none"
  /** What the lane waits for: the batch whose changes a listener has not taken yet, or what a recorder leaves to it. */
  #held: Batch | Absorbing | undefined
  #sequence = 0
  tapped = 0
  /** Changes up to this sequence number were received from the fold before. */
  readonly #seen: number
  /** What is to be quarantined further on. */
  #poisons: ReadonlyArray<Poison> | undefined
  /** Those who are shown all metrics as they are now, when it is their turn or before anything changes. */
  #due: Array<Show> | undefined
  readonly #reads: LaneReads

  constructor(options: {
    readonly lane: Lane
    readonly life: number
    readonly recorderId: string
    readonly stream: StreamNumber
    readonly counters: LaneCounters
    readonly fold: FoldOfLanes
    readonly seen?: number
    readonly poisons?: ReadonlyArray<Poison>
  }) {
    this.lane = options.lane
    this.life = options.life
    this.recorderId = options.recorderId
    this.stream = options.stream
    this.#counts = new LaneCounts(options.counters)
    this.#fold = options.fold
    this.#metrics = new LaneMetrics(this)
    this.#reads = new LaneReads(options.lane, options.fold)
    this.#seen = options.seen ?? 0
    this.#poisons = poisonsAfter(options.poisons, 0)
  }

  get place(): Int32Array {
    return this.#fold.place
  }

  /** The name of a metric, and why it was quarantined. */
  quarantined(name: string, error: string): void {
    // Of events that were folded before it was said before.
    if (this.#counts.isBehind) return
    // Of rows that are folded together the place has the event at hand, by its lower 32 bits.
    const sequence = this.#sequence + ((this.place[PlaceSequence]! - this.#sequence) | 0)
    this.#send({ _tag: "Quarantined", lane: this.lane, name, error, sequence })
  }

  readonly notKept = (name: string, reason: string): void => this.#fold.notKept(this.recorderId, name, reason)

  #send(message: LaneMessage): void {
    this.#fold.send(message)
  }

  // --- what comes out of the stream

  rows(layout: FoldLayout, rows: Rows, at: number, count: number, time: number): void {
    if (this.#watch !== "none" || this.#held !== undefined) {
      const { words } = layout.layout
      for (let i = 0, row = at; i < count; i++, row += words) this.#enqueue(layout.read(rows, row), time)
      return this.#goOn()
    }
    if (this.#fold.isCareful || this.#poisons !== undefined) {
      const { words } = layout.layout
      for (let i = 0, row = at; i < count; i++, row += words) this.event(layout.read(rows, row), time)
      return
    }
    if (this.#due !== undefined) this.showDue()
    this.#fold.tap?.rows(this, layout, rows, at, count, time)
    const applied = this.#metrics.rows(layout, rows, at, count, time, this.#sequence + 1)
    this.#sequence += count
    this.#count(applied, count - applied)
  }

  event(event: MetricEvent, at: number): void {
    if (this.#watch !== "none" || this.#held !== undefined) {
      this.#enqueue(event, at)
      return this.#goOn()
    }
    const took = this.#foldEvent(event, at, undefined)
    this.#count(took ? 1 : 0, took ? 0 : 1)
  }

  foreignEvents(count: number): void {
    if (this.#held === undefined) {
      this.#sequence += count
      return this.#count(0, count)
    }
    for (let i = 0; i < count; i++) this.#enqueue(foreign, 0)
  }

  skip(to: number): void {
    this.#take({ _tag: "Skip", to })
  }

  command(command: LaneCommand): void {
    this.#take(command)
  }

  /**
   * Gives what all metrics show behind what came before, once it is their turn. `canWait`: not in this call, but by
   * {@link showDue} or before anything changes. `by`: see {@link forget}.
   */
  show(now: number, { addsUp = false, canWait }: Partial<ShowOptions>, by: object, take: Show["take"]): void {
    // Whoever asks goes through those that can wait at once: one that comes to its turn later says so.
    const isWaiting = this.#inbox !== undefined || this.#held !== undefined
    this.#take({ _tag: "Show", now, addsUp, canWait: canWait === true && !isWaiting, by, take })
  }

  /** Those who asked wait no more to be shown anything. Of what waits with the events, the time is left. */
  forget(by: object): void {
    const due = this.#due?.filter((show) => show.by !== by)
    this.#due = due?.length === 0 ? undefined : due
    const { lane } = this
    this.#inbox = this.#inbox?.map((step) =>
      step._tag === "Show" && step.by === by ? { _tag: "Rewind", lane, now: step.now } : step
    )
  }

  /** Those who wait with the events are shown what was folded. Their clocks are not set back. */
  showFolded(by: object): void {
    // What a removed recorder leaves would be nowhere. It comes by itself.
    if (this.#held?._tag === "Absorbing") return
    const inbox = this.#inbox
    this.forget(by)
    for (const step of inbox ?? []) if (step._tag === "Show" && step.by === by) this.#show(step)
  }

  showDue(): void {
    const due = this.#due
    this.#due = undefined
    for (const step of due ?? []) this.#show(step)
  }

  #show({ addsUp, now, take }: Show): void {
    if (this.#poisons !== undefined) this.#quarantineDue(true)
    take(this.#metrics.shown(now, addsUp, this.#sequence))
  }

  /** Takes what a recorder has counted that was removed, behind what came before. `onEnd`: it has all of it. */
  absorb(removed: FoldLane, at: number, onEnd: () => void): void {
    this.#take({ _tag: "Absorb", removed: removed.#metrics, at, onEnd })
  }

  /** The recorder has been removed: there is nothing more to show, and nobody to answer. */
  close(): void {
    while (this.#held?._tag === "Absorbing") this.#absorbed(this.#held)
    this.showDue()
    for (const step of this.#inbox ?? []) {
      if (step._tag === "Show") step.take([])
      else if (step._tag === "Absorb") step.onEnd()
    }
    this.#reads.close()
  }

  /** Nobody waits for the rest of an answer. */
  dropRead(request: number): void {
    this.#reads.drop(request)
  }

  #take(step: Step): void {
    if (this.#inbox === undefined && this.#held === undefined) return this.#step(step)
    this.#inbox ??= []
    this.#inbox.push(step)
  }

  /** A listener has taken the changes up to this sequence number. The lane goes on, if it waits for that. */
  delivered(sequence: number): void {
    const batch = this.#held
    if (batch?._tag !== "Events" || sequence !== this.#sequence) return
    this.#held = undefined
    this.#acknowledge(batch)
    this.#foldBatch(batch)
    this.#goOn()
  }

  // --- in order, one by one

  #enqueue(event: MetricEvent, at: number): void {
    this.#inbox ??= []
    let last = this.#inbox.at(-1)
    if (last?._tag !== "Events") {
      last = emptyBatch()
      this.#inbox.push(last)
    }
    last.events.push(event)
    last.times.push(at)
  }

  /** Does what can be done now. */
  #goOn(): void {
    const inbox = this.#inbox
    if (inbox === undefined) return
    let done = 0
    while (this.#held === undefined && done < inbox.length) this.#step(inbox[done++]!)
    if (done === inbox.length) this.#inbox = undefined
    else inbox.splice(0, done)
  }

  #step(step: Step): void {
    // One that cannot wait may change something: its clock was set back.
    if (this.#due !== undefined && (step._tag !== "Show" || !step.canWait)) this.showDue()
    switch (step._tag) {
      case "Events":
        return this.#foldBatch(step)
      case "Show":
        if (!step.canWait) return this.#show(step)
        this.#due ??= []
        this.#due.push(step)
        return
      case "Register":
        return this.#metrics.register(step.metric!, step.at, step.left)
      case "Watch":
        this.#watch = step.watch
        return
      case "Skip":
        this.#fold.tap?.evicted(this, step.to)
        this.#sequence = step.to
        return
      case "Read":
        if (this.#poisons !== undefined) this.#quarantineDue(true)
        return this.#reads.begin(step, this.#metrics.read(step, this.#sequence, this.#fold.sendCopies))
      case "Rewind":
        return this.#metrics.rewind(step.now)
      case "Absorb":
        return this.#absorb(step)
      case "Reset":
        return this.#metrics.reset(step.name, step.at)
    }
  }

  /** It is as an event to the metrics. */
  #absorb({ at, onEnd, removed }: Absorb): void {
    this.#sequence++
    if (this.#poisons !== undefined) this.#quarantineDue(false)
    const steps = this.#metrics.absorbing(removed, at, this.#sequence)
    if (removed.size <= SeriesAtOnce) {
      allSteps(steps)
      return onEnd()
    }
    const absorbing: Absorbing = { _tag: "Absorbing", steps, onEnd, work: undefined }
    this.#held = absorbing
    absorbing.work = this.#fold.work.begin(this.#inSlices(absorbing))
  }

  *#inSlices(absorbing: Absorbing): WorkSteps {
    yield* absorbing.steps
    this.#absorbed(absorbing)
  }

  #absorbed(absorbing: Absorbing): void {
    allSteps(absorbing.steps)
    if (this.#held !== absorbing) return
    this.#held = undefined
    absorbing.onEnd()
    // In the call that begins it, whoever makes the steps goes on with them.
    if (absorbing.work !== undefined) this.#goOn()
  }

  /** Folds a batch from where it stands: to its end, or until a listener has to be waited for. */
  #foldBatch(batch: Batch): void {
    while (batch.next < batch.events.length) {
      const changes = this.#foldSome(batch).filter(({ sequence }) => sequence > this.#seen)
      if (changes.length > 0) {
        // Not counted before they are delivered: a slow listener uses up the capacity, not memory.
        this.#held = batch
        return this.#send({
          _tag: "Changes",
          lane: this.lane,
          sequence: this.#sequence,
          changes: this.#watch === "latest" ? latestOfEach(changes) : changes
        })
      }
      this.#acknowledge(batch)
    }
  }

  /** Folds events of a batch until there are as many changes as may wait. */
  #foldSome(batch: Batch): ReadonlyArray<Change> {
    const { events, times } = batch
    const changes: Array<Change> = []
    while (batch.next < events.length && changes.length < ChangesAtOnce) {
      const index = batch.next++
      if (this.#foldEvent(events[index]!, times[index]!, this.#watch === "none" ? undefined : changes)) batch.applied++
      else batch.ignored++
    }
    return changes
  }

  #foldEvent(event: MetricEvent, at: number, changes: Array<Change> | undefined): boolean {
    if (this.#due !== undefined) this.showDue()
    if (event !== foreign) this.#fold.tap?.event(this, event, at)
    this.#sequence++
    if (this.#poisons !== undefined) this.#quarantineDue(changes !== undefined, event._tag)
    return this.#metrics.event(event, at, this.#sequence, changes)
  }

  #quarantineDue(shows: boolean, tag?: string): void {
    this.place[PlaceSequence] = this.#sequence
    this.#poisons = poison(this.#poisons!, this.#metrics, this.#sequence, shows, tag)
  }

  #acknowledge(batch: Batch): void {
    this.#count(batch.applied, batch.ignored)
    batch.applied = batch.ignored = 0
  }

  /** Frees the credits of what was folded. */
  #count(applied: number, ignored: number): void {
    if (this.#counts.add(applied, ignored)) this.#send({ _tag: "Folded", lane: this.lane })
  }

  /** Of the last event. */
  get sequence(): number {
    return this.#sequence
  }

  get version(): number {
    return this.#metrics.version
  }

  generations(): ReadonlyArray<Generation> {
    return this.#metrics.generations()
  }

  /** What is kept beyond the process, likewise. */
  saveMetrics(): ReadonlyArray<MetricAndSaved> {
    return this.#metrics.saveEach()
  }

  // --- when the worker is replaced

  /** See {@link LaneMetrics.prepare}. */
  prepare(): Steps<void> | undefined {
    return this.#metrics.prepare()
  }

  /** All of it as it is in the first step; events may be taken between the steps. */
  *saving(): Steps<SavedLane> {
    const rest = {
      lane: this.lane,
      life: this.life,
      recorderId: this.recorderId,
      stream: this.stream,
      sequence: this.#sequence,
      applied: this.#counts.applied,
      ignored: this.#counts.ignored,
      watch: this.#watch,
      reads: this.#reads.save(),
      inbox: this.#inbox?.flatMap(savedStep),
      undelivered: this.#held && savedHeld(this.#held)
    }
    return { ...rest, metrics: yield* this.#metrics.saving() }
  }

  save(): SavedLane {
    return allSteps(this.saving())
  }

  /** Takes over what the lane of a fold before has saved; this is a fresh one. */
  restore(saved: SavedLane, definitionOf: (name: string) => Metric.Any, poisons: ReadonlyArray<Poison>): void {
    this.#sequence = this.tapped = saved.sequence
    this.#watch = saved.watch
    const lost = this.#metrics.restore(saved.metrics, definitionOf, atRestore(poisons))
    const { lane, sequence } = saved
    for (const { error, name } of lost) this.#send({ _tag: "Quarantined", lane, name, error, sequence })
    this.#poisons = poisonsAfter(this.#poisons, this.#sequence)
    this.#counts.restore(saved)
    const { sendCopies } = this.#fold
    for (const read of saved.reads) {
      this.#reads.begin(read.command, this.#metrics.readAgain(read, definitionOf, sendCopies))
    }
    this.#inbox = saved.inbox?.map((step) => restoredStep(step, definitionOf))
    if (saved.undelivered === undefined) return
    // Its changes were sent before it was saved, and whoever has what was saved has received them.
    this.#held = restoredBatch(saved.undelivered)
    this.delivered(this.#sequence)
  }
}
