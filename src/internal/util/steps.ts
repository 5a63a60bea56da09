/** Work in steps of a fraction of a millisecond, between which other work may run. */
export type Steps<A> = Generator<undefined, A>

/** The same, but after yielding "wait" it must be told when to continue. */
export type WaitingSteps<A> = Generator<undefined | "wait", A>

/** Runs all steps at once. */
export const allSteps = <A>(steps: Steps<A>): A => {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** A result that needs no steps. */
// biome-ignore lint/correctness/useYield: there is nothing to wait for.
export function* known<A>(value: A): Steps<A> {
  return value
}
