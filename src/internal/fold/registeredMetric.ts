/**
 * A metric registered in one recorder: its definition, its state, and its quarantine. If a reducer or a view throws,
 * the metric is quarantined and keeps its last good state.
 */
import { deserialize, serialize } from "node:v8"
import * as MutableRef from "effect/MutableRef"
import { goesOnFrom } from "../metric/definition/measured.ts"
import type * as Metric from "../metric/definition/metric.ts"
import type { MetricEvent } from "../model/event.ts"
import { cutText, MostOfError } from "../util/cutText.ts"
import { describeError } from "../util/describeError.ts"
import { allSteps, known, type Steps } from "../util/steps.ts"
import { EarlierSeries, isCumulative } from "./earlierSeries.ts"
import { keepState, keptState } from "./kernels/keptState.ts"
import { type Cutting, Kernel } from "./kernels/kernel.ts"
import type { SavedKernel } from "./kernels/savedKernel.ts"
import type { SeriesCut } from "./kernels/seriesCut.ts"
import { ReadMetric } from "./readMetric.ts"
import type { SavedMetric, SavedPart, SavedState } from "./savedLane.ts"
import { nothing } from "./viewedMetric.ts"

/** The maximum number of replaced definitions of a name that are kept. */
const MostFormers = 8

const none: ReadonlyArray<never> = []

export class RegisteredMetric extends ReadMetric {
  /**
   * The last metrics of other definitions that had its name, for processes that add up counts. They get no events. A
   * definition can be replaced only in process, so checkpoints do not contain them.
   */
  formers: ReadonlyArray<RegisteredMetric> = none

  /** Returns whether it took the event. */
  reduce(event: MetricEvent, at: number): boolean {
    if (this.quarantineState !== undefined) {
      this.quarantineState.missed++
      return false
    }
    const { kernel } = this
    const ref = this.stateRef?.ref
    let next: unknown
    try {
      // The part that may call functions of the definition. A failure after it is a defect, for which no metric is
      // quarantined.
      if (kernel === undefined) next = this.metric.reduce[event._tag]!(ref!.current, event, at)
      else if (!kernel.read(event, at)) return false
    } catch (error) {
      this.putOut(describeError(error), 1)
      return false
    }
    if (kernel !== undefined) {
      kernel.take()
      return true
    }
    this.reduced++
    if (Object.is(next, ref!.current)) return false
    MutableRef.set(ref!, next)
    return true
  }

  /**
   * The metric that replaces it under its name. If the definition was there before, it includes what that one had
   * counted. `left`: what an earlier recorder has left of it.
   */
  next(metric: Metric.Any, at: number, left?: RegisteredMetric): RegisteredMetric {
    const all = [this, ...this.formers]
    const before = left ?? all.find((each) => goesOnFrom(metric, each.metric))
    const next = this.#after(before, metric, at)
    const formers = all.filter((each) => each !== before && isCumulative(each.metric)).slice(0, MostFormers)
    next.formers = formers.map((each) => each.former(at))
    return next
  }

  /** What is left of it when another definition has its name. It gets no events. */
  former(at: number): RegisteredMetric {
    if (this.isFormer) return this
    const former = this.#after(this, this.metric, at)
    former.isFormer = true
    return former
  }

  /** A fresh metric that includes what one of the same definition had counted. */
  #after(before: RegisteredMetric | undefined, metric: Metric.Any, at: number): RegisteredMetric {
    const next = new RegisteredMetric(metric, this.index, this.epoch + 1, at, this.owner)
    if (before === undefined || !isCumulative(metric)) return next
    const { earliest, kernel } = before
    next.earliest = earliest
    next.earlier = before.earlier ?? new EarlierSeries(metric)
    const isKept = kernel instanceof Kernel && kernel.idle?.isKept === true
    next.earlier.take(kernel, at)
    if (isKept) next.keepExpired()
    return next
  }

  /** Whether this metric would equal the other one after taking over its series. */
  comesTo({ kernel }: RegisteredMetric): boolean {
    return this.inService && this.kernel instanceof Kernel && this.kernel.comesTo(kernel)
  }

  /**
   * Takes over the counts of another metric, unless it measures something else. Levels are not taken over. `merge` runs
   * in the first step.
   */
  *absorbing(other: RegisteredMetric, at: number): Steps<void> {
    const { kernel, metric } = this
    if (!this.inService || !goesOnFrom(metric, other.metric)) return
    this.absorbEarlier(other, at)
    try {
      if (kernel !== undefined) yield* kernel.absorbing(() => other.kernel!, at, false)
      else {
        MutableRef.set(this.stateRef!.ref, metric.merge!(this.state, other.state, at))
        this.reduced += other.reduced
      }
    } catch (error) {
      this.putOut(`merge: ${describeError(error)}`, 0)
    }
  }

  /** Takes over what another metric includes and does not show. */
  absorbEarlier({ earlier, earliest }: RegisteredMetric, at: number): void {
    this.earliest = Math.min(this.earliest, earliest)
    if (earlier === undefined) return
    this.earlier ??= new EarlierSeries(this.metric)
    this.earlier.absorb(earlier, at)
  }

  /** Takes over the counts of definitions that another recorder's metric has replaced, including the metric itself. */
  absorbFormers(other: RegisteredMetric, at: number): void {
    for (const each of [other, ...other.formers]) {
      const { metric } = each
      if (!isCumulative(metric) || (each === other && goesOnFrom(this.metric, metric))) continue
      let own = [this, ...this.formers].find((known) => goesOnFrom(known.metric, metric))
      if (own === undefined) {
        if (this.formers.length === MostFormers) continue
        own = new RegisteredMetric(metric, this.index, this.epoch, at, this.owner).former(at)
        this.formers = [...this.formers, own]
      }
      own.absorbEarlier(each.former(at), at)
    }
  }

  override rewind(now: number): void {
    super.rewind(now)
    for (const each of this.formers) each.rewind(now)
  }

  /** As if its reducer had thrown this error for the next event. */
  quarantine(error: string): void {
    if (this.inService) this.putOut(error, 0)
  }

  /** Makes its view fail with this error from now on, without running it. */
  failView(error: string): void {
    this.viewFault = error
  }

  // --- when the worker is replaced

  /** The metric as it is in this call. `cut`: takes its series, if something may be added to them between the steps. */
  saving(cut: Cutting = (kernel) => ({ kernel })): Steps<SavedMetric> {
    const { createdAt, duplicates, earlier, earliest, epoch, metric, quarantineState } = this
    const rest = {
      name: metric.name,
      epoch,
      createdAt,
      earliest,
      earlier: earlier?.save(),
      isContinued: this.isContinued,
      quarantine: quarantineState && { ...quarantineState },
      viewFault: this.viewFault,
      duplicates: duplicates.known && new Map(duplicates.known),
      ...(this.reduced > 0 && { reduced: this.reduced })
    }
    const states = this.#savingState(cut)
    // The view of an instrument does not throw, and may have shown very many series.
    const shown = metric.instrument === undefined ? this.lastShown : nothing
    return (function* () {
      return { ...rest, shown: savedShown(shown), state: yield* states }
    })()
  }

  /**
   * Saves it as it is now, but with the series of a cut, which may be saved later. `again`: makes the same cut again.
   */
  savingSeries(again: () => SeriesCut): () => Steps<SavedPart> {
    const { createdAt, epoch, isContinued, quarantineState } = this
    const { name } = this.metric
    const quarantine = quarantineState && { ...quarantineState }
    const unread = { viewFault: undefined, duplicates: undefined, shown: undefined }
    const rest = { name, epoch, createdAt, isContinued, quarantine, ...unread }
    return () => {
      const cut = again()
      return (function* () {
        try {
          return { _tag: "Series", metric: { ...rest, state: yield* ofKernel(cut.kernel.saving(() => cut)) } }
        } finally {
          cut.release()
        }
      })()
    }
  }

  #savingState(cut: Cutting): Steps<SavedState> {
    const { kernel, metric } = this
    try {
      return kernel === undefined ? savedState(this.state, metric.initial) : ofKernel(kernel.saving(cut))
    } catch (error) {
      return known({ _tag: "Lost", reason: describeError(error) })
    }
  }

  /**
   * Takes over what a metric of the same definition saved. `poison`: its state has ended a worker and is not read.
   * Returns the reason if it is quarantined because its state is missing.
   */
  load(saved: SavedMetric, poison: string | undefined): string | undefined {
    return allSteps(this.loading(saved, poison))
  }

  /** The same in steps, before it gets any event. */
  *loading(saved: SavedMetric, poison: string | undefined): Steps<string | undefined> {
    const { createdAt, duplicates, earlier, earliest = createdAt, quarantine, reduced = 0, shown } = saved
    this.reduced = reduced
    this.isContinued = saved.isContinued
    this.earliest = earliest
    if (earlier !== undefined) this.earlier = EarlierSeries.load(this.metric, earlier)
    this.quarantineState = quarantine && { ...quarantine }
    this.viewFault = saved.viewFault
    this.duplicates.load(duplicates)
    if (shown !== undefined) this.lastShown = deserialize(shown.slice())
    const text = poison ?? (yield* this.#loadState(saved.state))
    this.earlier?.watch(this.kernel)
    if (text === undefined) return undefined
    this.reduced = 0
    const error = cutText(text, MostOfError)
    // The events in the lost state are missed as well.
    this.quarantineState = { error, missed: (quarantine?.missed ?? 0) + reduced }
    return error
  }

  /** Why the state is missing, if it is. */
  *#loadState(state: SavedState): Steps<string | undefined> {
    try {
      if (state._tag === "Lost") throw state.reason
      if (state._tag === "Kernel") yield* this.kernel!.loading(state.kernel)
      else MutableRef.set(this.stateRef!.ref, keptState(state, this.metric.initial))
      return undefined
    } catch (error) {
      return `its state could not be saved for the next fold: ${describeError(error)}`
    }
  }
}

function* ofKernel(saving: Steps<SavedKernel>): Steps<SavedState> {
  return { _tag: "Kernel", kernel: yield* saving }
}

/** Reducers return new states, and what was shown is a copy, so both can be serialised later. */
// biome-ignore lint/correctness/useYield: whoever saves several yields between them.
function* savedState(state: unknown, initial: unknown): Steps<SavedState> {
  try {
    return keepState(state, initial)
  } catch (error) {
    return { _tag: "Lost", reason: describeError(error) }
  }
}

const savedShown = (shown: unknown): Uint8Array | undefined => {
  if (shown === nothing) return undefined
  try {
    return serialize(shown)
  } catch {
    return undefined
  }
}
