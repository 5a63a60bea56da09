/** Work in steps of a fraction of a millisecond, between which there can be other work. */
export type Steps<A> = Generator<undefined, A>

/** Likewise, where it has to be told to go on when it yields "wait". */
export type WaitingSteps<A> = Generator<undefined | "wait", A>

/** All of it at once. */
export const allSteps = <A>(steps: Steps<A>): A => {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** What is known without any. */
// biome-ignore lint/correctness/useYield: there is nothing to wait for.
export function* known<A>(value: A): Steps<A> {
  return value
}
