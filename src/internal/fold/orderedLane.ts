/**
 * The order of what comes to a lane: it is done at once, or waits behind what the lane waits for. Those who only look at
 * the metrics may wait for longer, until something is about to change.
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
  /** No more events are folded, whatever its thread may still write. */
  isSealed = false
  /** What came while the lane waited. */
  protected inbox: Array<Step> | undefined
  /** What the lane waits for: the batch whose changes a listener has not taken yet, or what a recorder leaves to it. */
  protected held: Batch | Absorbing | undefined
  /** Those who look at the metrics as they are now, when it is their turn or before anything changes. */
  protected due: Array<Show | ReadCommand> | undefined
  readonly #reads: DueReads

  constructor(lane: Lane, reads: DueReads) {
    this.lane = lane
    this.#reads = reads
  }

  /** Does something whose turn it is. */
  protected abstract perform(step: Exclude<Step, Show>): void

  protected abstract showing(show: Show): Steps<void>

  // --- what comes

  /** Behind what came before. */
  take(step: Step): void {
    if (this.inbox === undefined && this.held === undefined) return this.#step(step)
    this.inbox ??= []
    this.inbox.push(step)
  }

  /** Behind what waits, whether anything does or not. */
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
    // One that cannot wait may change something: its clock was set back.
    if (this.due !== undefined) this.showDue()
    this.#do(step)
  }

  #do(step: Step): void {
    if (step._tag === "Show") allSteps(this.showing(step))
    else this.perform(step)
  }

  // --- those who look at the metrics

  /**
   * Gives what all metrics show behind what came before, once it is their turn. `canWait`: not in this call, but by
   * {@link showingDue} or before anything changes. `by`: see {@link forget}.
   */
  show(now: number, { addsUp = false, canWait }: Partial<ShowOptions>, by: object, take: Show["take"]): void {
    // Whoever asks goes through those that can wait at once: one that comes to its turn later says so.
    const isWaiting = this.inbox !== undefined || this.held !== undefined
    this.take({ _tag: "Show", now, addsUp, canWait: canWait === true && !isWaiting, by, take })
  }

  /** Those who asked wait no more to be shown anything. Of what waits with the events, the time is left. */
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

  /** Those who wait with the events are shown what was folded. Their clocks are not set back. */
  showFolded(by: object): void {
    // What a removed recorder leaves would be nowhere. It comes by itself.
    if (this.held?._tag === "Absorbing") return
    const { inbox } = this
    this.forget(by)
    for (const step of inbox ?? []) if (step._tag === "Show" && step.by === by) this.#do(step)
  }

  /** Whatever is about to change something does so. */
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

  /** After one more step. */
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

  /** Takes it at once, or in slices on a table: what comes meanwhile waits. */
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
    // In the call that begins it, whoever makes the steps goes on with them.
    if (absorbing.work !== undefined) this.goOn()
  }

  /** The recorder has been removed: there is nothing more to show. */
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
