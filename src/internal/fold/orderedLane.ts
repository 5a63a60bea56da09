/**
 * The order of what reaches a lane: it is done immediately, or queued behind what the lane waits for. Requests that
 * only read the metrics may wait longer, until something is about to change.
 */
import type * as Metric from "../metric/definition/metric.ts"
import type { MetricEvent } from "../model/event.ts"
import type { Lane, ReadCommand } from "../stream/commands.ts"
import { allSteps, type Steps } from "../util/steps.ts"
import type { DueReads } from "./dueReads.ts"
import {
  type Absorbing,
  type Batch,
  emptyBatch,
  restoredBatch,
  restoredStep,
  type Show,
  type ShowOptions,
  type Step,
  savedHeld,
  savedStep
} from "./laneSteps.ts"
import type { SavedLane } from "./savedLane.ts"
import type { Worktable } from "./slices.ts"

export abstract class OrderedLane {
  readonly lane: Lane
  /** Whether no more events are folded, even if the lane's thread still writes some. */
  isSealed = false
  /** What arrived while the lane waited. */
  protected inbox: Array<Step> | undefined
  /**
   * What the lane waits for: the batch whose changes a listener has not taken yet, or the counts of a removed recorder.
   */
  protected held: Batch | Absorbing | undefined
  /** Requests to read the metrics as they are now, at their turn or before anything changes. */
  protected due: Array<Show | ReadCommand> | undefined
  readonly #reads: DueReads

  constructor(lane: Lane, reads: DueReads) {
    this.lane = lane
    this.#reads = reads
  }

  /** Performs a step whose turn it is. */
  protected abstract perform(step: Exclude<Step, Show>): void

  protected abstract showing(show: Show): Steps<void>

  // --- what comes

  /** Takes a step, behind what came before. */
  take(step: Step): void {
    if (this.inbox === undefined && this.held === undefined) return this.#step(step)
    this.inbox ??= []
    this.inbox.push(step)
  }

  /** Queues an event, whether anything is waiting or not. */
  protected enqueue(event: MetricEvent, at: number): void {
    this.inbox ??= []
    let last = this.inbox.at(-1)
    if (last?._tag !== "Events") {
      last = emptyBatch()
      this.inbox.push(last)
    }
    last.events.push(event)
    last.times.push(at)
  }

  /** Does what can be done now. */
  protected goOn(): void {
    const { inbox } = this
    if (inbox === undefined) return
    let done = 0
    while (this.held === undefined && done < inbox.length) this.#step(inbox[done++]!)
    if (done === inbox.length) this.inbox = undefined
    else inbox.splice(0, done)
  }

  #step(step: Step): void {
    if ((step._tag === "Show" && step.canWait) || (step._tag === "Read" && this.#reads.putOff(this, step.now))) {
      this.due ??= []
      this.due.push(step)
      return
    }
    // A request that cannot wait may change something, because its clock was set back.
    if (this.due !== undefined) this.showDue()
    this.#do(step)
  }

  #do(step: Step): void {
    if (step._tag === "Show") allSteps(this.showing(step))
    else this.perform(step)
  }

  // --- those who look at the metrics

  /**
   * Shows what all metrics show after everything before, at its turn. `canWait`: not in this call, but by {@link
   * showingDue} or before anything changes. `by`: see {@link forget}.
   */
  show(now: number, { addsUp = false, canWait }: Partial<ShowOptions>, by: object, take: Show["take"]): void {
    // The requester iterates over those that can wait itself. One whose turn comes later notifies it.
    const isWaiting = this.inbox !== undefined || this.held !== undefined
    this.take({ _tag: "Show", now, addsUp, canWait: canWait === true && !isWaiting, by, take })
  }

  /** Cancels the requests of a requester. If one is queued among the events, its time remains. */
  forget(by: object): void {
    const due = this.due?.filter((step) => {
      if (step._tag !== "Show" || step.by !== by) return true
      step.steps?.return()
      return false
    })
    this.due = due?.length === 0 ? undefined : due
    const { lane } = this
    this.inbox = this.inbox?.map((step) =>
      step._tag === "Show" && step.by === by ? { _tag: "Rewind", lane, now: step.now } : step
    )
  }

  /** Requests queued among the events are shown what was folded so far. Their clocks are not set back. */
  showFolded(by: object): void {
    // The counts of a removed recorder are in no lane at this point. They follow on their own.
    if (this.held?._tag === "Absorbing") return
    const { inbox } = this
    this.forget(by)
    for (const step of inbox ?? []) if (step._tag === "Show" && step.by === by) this.#do(step)
  }

  /** Called before anything changes. */
  showDue(): void {
    allSteps(this.showingDue())
  }

  *showingDue(): Steps<void> {
    for (let due = this.due; due !== undefined; due = this.due) {
      const step = due[0]!
      // What it runs may lead here again.
      this.due = undefined
      if (this.#isDone(step)) due.shift()
      due.push(...(this.due ?? []))
      this.due = due.length === 0 ? undefined : due
      yield
    }
  }

  /** Runs one more step. */
  #isDone(step: Show | ReadCommand): boolean {
    if (step._tag === "Show") {
      step.steps ??= this.showing(step)
      return step.steps.next().done === true
    }
    this.perform(step)
    return true
  }

  /** Makes the reads that wait. */
  readDue(): void {
    const due = this.due ?? []
    const shows = due.filter(({ _tag }) => _tag === "Show")
    this.due = shows.length === 0 ? undefined : shows
    for (const step of due) if (step._tag === "Read") this.perform(step)
  }

  // --- what a removed recorder leaves

  /** Takes it immediately, or in slices on a worktable, while further input is queued. */
  protected holdFor(steps: Steps<void>, table: Worktable, onEnd: () => void): void {
    const absorbing: Absorbing = { _tag: "Absorbing", steps, onEnd, work: undefined }
    this.held = absorbing
    const end = (): void => this.#absorbed(absorbing)
    absorbing.work = table.begin(
      (function* () {
        yield* steps
        end()
      })()
    )
  }

  #absorbed(absorbing: Absorbing): void {
    allSteps(absorbing.steps)
    if (this.held !== absorbing) return
    this.held = undefined
    absorbing.onEnd()
    // In the call that starts it, the caller continues with the steps.
    if (absorbing.work !== undefined) this.goOn()
  }

  /** The recorder was removed: there is nothing more to show. */
  protected closeSteps(): void {
    while (this.held?._tag === "Absorbing") this.#absorbed(this.held)
    this.showDue()
    for (const step of this.inbox ?? []) {
      if (step._tag === "Show") step.take([])
      else if (step._tag === "Absorb") step.onEnd()
    }
  }

  // --- when the worker is replaced

  protected savedSteps(): Pick<SavedLane, "isSealed" | "inbox" | "undelivered"> {
    const { held, inbox, isSealed } = this
    return { isSealed, inbox: inbox?.flatMap(savedStep), undelivered: held && savedHeld(held) }
  }

  protected restoreSteps(
    { inbox, isSealed, undelivered }: Pick<SavedLane, "isSealed" | "inbox" | "undelivered">,
    definitionOf: (name: string) => Metric.Any
  ): void {
    this.isSealed = isSealed
    this.inbox = inbox?.map((step) => restoredStep(step, definitionOf))
    this.held = undelivered && restoredBatch(undelivered)
  }
}
