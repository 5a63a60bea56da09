/**
 * Breadth-first search over the states of a model. The first violation that it finds is one of the nearest, so that few
 * steps lead to it.
 */
import type { Packed } from "./packed.ts"

/** Gives a state that may follow: what happens, and how it changes a copy of the state at hand. */
export type To<S> = (step: string, change: (after: S) => void) => void

export interface Model<S> {
  readonly initial: S
  readonly next: (state: S, to: To<S>) => void
  /** What is wrong with a state, if anything is. */
  readonly whyWrong: (state: S) => string | undefined
}

export interface Explored {
  readonly states: number
  /** The steps that were taken. */
  readonly steps: ReadonlySet<string>
  readonly violation: { readonly reason: string; readonly steps: ReadonlyArray<string> } | undefined
}

export const explore = <S extends Packed<S>>({ initial, next, whyWrong }: Model<S>, mostStates: number): Explored => {
  const known = new Set<string>()
  const states: Array<string> = []
  /** Where each state was reached from, and by which step. */
  const from: Array<number> = []
  const by: Array<string> = []
  const taken = new Set<string>()
  const add = (key: string, before: number, step: string): void => {
    if (known.has(key)) return
    known.add(key)
    states.push(key)
    from.push(before)
    by.push(step)
  }
  // Only these two are ever made: a state at rest is its key.
  const [state, after] = [initial.copy(), initial.copy()]
  let at = 0
  const to: To<S> = (step, change) => {
    after.become(states[at]!)
    change(after)
    taken.add(step)
    add(after.key, at, step)
  }
  add(initial.key, -1, "")
  for (; at < states.length; at++) {
    state.become(states[at]!)
    const reason = whyWrong(state)
    if (reason !== undefined) {
      const steps: Array<string> = []
      for (let i = at; from[i]! >= 0; i = from[i]!) steps.unshift(by[i]!)
      return { states: states.length, steps: taken, violation: { reason, steps } }
    }
    if (states.length > mostStates) throw new Error(`there are more than ${mostStates} states`)
    next(state, to)
  }
  return { states: states.length, steps: taken, violation: undefined }
}
