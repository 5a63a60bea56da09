import { isBuiltInLevel } from "../../metric/definition/levels.ts"
import type * as Metric from "../../metric/definition/metric.ts"
import { rewindState } from "../../metric/rewindState.ts"
import type { MetricEvent } from "../../model/event.ts"
import { allSteps, known, type Steps } from "../../util/steps.ts"
import { type KeptState, keepState, keptState } from "./keptState.ts"
import type { Cutting, InPlace } from "./kernel.ts"
import type { SavedDerived, SavedKernel } from "./savedKernel.ts"

interface Part {
  readonly metric: Metric.Any
  readonly kernel: InPlace | undefined
  /** Used if there is no kernel: the state, and the next state after the event that was read last. */
  state: unknown
  next: unknown
}

/**
 * The fold of a derived metric: that of each of its sources, by name. An event is taken by all sources that it
 * concerns, or by none.
 */
export class DerivedKernel implements InPlace {
  readonly #parts: ReadonlyArray<readonly [source: string, part: Part]>
  /** The sources that the last event concerns. */
  readonly #concerned: Array<Part> = []

  constructor(sources: NonNullable<Metric.Any["sources"]>, kernelOf: (metric: Metric.Any) => InPlace | undefined) {
    this.#parts = Object.entries(sources).map(([source, metric]) => [
      source,
      { metric, kernel: kernelOf(metric), state: metric.initial, next: undefined }
    ])
  }

  read(event: MetricEvent, at: number): boolean {
    this.#concerned.length = 0
    for (const [, part] of this.#parts) if (read(part, event, at)) this.#concerned.push(part)
    return this.#concerned.length > 0
  }

  take(): void {
    for (const part of this.#concerned) {
      if (part.kernel === undefined) part.state = part.next
      else part.kernel.take()
    }
  }

  rewind(now: number): void {
    for (const [, part] of this.#parts) {
      if (part.kernel === undefined) part.state = rewindState(part.metric, part.state, now)
      else part.kernel.rewind(now)
    }
  }

  get size(): number {
    return this.#parts.reduce((sum, [, { kernel }]) => sum + (kernel?.size ?? 0), 0)
  }

  *absorbing(current: () => InPlace, at: number, levels: boolean): Steps<void> {
    const from = (i: number): Part => (current() as DerivedKernel).#parts[i]![1]
    const merged = this.#parts.flatMap(([, part], i) =>
      levels || !isBuiltInLevel(part.metric) ? [[part, i] as const] : []
    )
    for (const [part, i] of merged) {
      if (part.kernel === undefined) part.next = part.metric.merge!(part.state, from(i).state, at)
    }
    for (const [part] of merged) if (part.kernel === undefined) part.state = part.next
    for (const [{ kernel }, i] of merged) {
      if (kernel !== undefined) yield* kernel.absorbing(() => from(i).kernel!, at, levels)
    }
  }

  *prepare(): Steps<void> {
    for (const [, { kernel }] of this.#parts) if (kernel !== undefined) yield* kernel.prepare()
  }

  save(): SavedDerived {
    return allSteps(this.saving((kernel) => ({ kernel })))
  }

  saving(cut: Cutting): Steps<SavedDerived> {
    const parts = this.#parts.map(
      ([, { kernel, metric, state }]): Steps<SavedKernel | KeptState> =>
        kernel?.saving(cut) ?? known(keepState(state, metric.initial))
    )
    return inOrder(parts)
  }

  load(saved: SavedKernel): void {
    allSteps(this.loading(saved))
  }

  *loading(saved: SavedKernel): Steps<void> {
    const { parts } = saved as SavedDerived
    for (const [i, [, part]] of this.#parts.entries()) {
      if (part.kernel === undefined) part.state = keptState(parts[i] as KeptState, part.metric.initial)
      else yield* part.kernel.loading(parts[i] as SavedKernel)
    }
  }

  state(): { readonly [source: string]: unknown } {
    return Object.fromEntries(this.#parts.map(([source, { kernel, state }]) => [source, kernel?.state() ?? state]))
  }
}

function* inOrder(parts: ReadonlyArray<Steps<SavedKernel | KeptState>>): Steps<SavedDerived> {
  const saved: Array<SavedKernel | KeptState> = []
  for (const steps of parts) saved.push(yield* steps)
  return { parts: saved }
}

const read = (part: Part, event: MetricEvent, at: number): boolean => {
  const { kernel, metric } = part
  if (!Object.hasOwn(metric.reduce, event._tag)) return false
  if (kernel !== undefined) return kernel.read(event, at)
  part.next = metric.reduce[event._tag]!(part.state as never, event, at)
  return !Object.is(part.next, part.state)
}
