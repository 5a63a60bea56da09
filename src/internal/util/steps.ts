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

/** Entries that are copied in one step. */
const StepEntries = 128

/** Plain data is nested so deep where it is long. */
const MostDepth = 3

/** A copy of the plain data that some steps come to. */
export function* clonedInSteps<A>(steps: Steps<A>): Steps<A> {
  return (yield* cloned(yield* steps, 0)) as A
}

function* cloned(value: unknown, depth: number): Steps<unknown> {
  if (typeof value !== "object" || value === null || depth === MostDepth) return structuredClone(value)
  if (Array.isArray(value)) {
    const copy: Array<unknown> = []
    for (let i = 0; i < value.length; i += StepEntries) {
      copy.push(...structuredClone(value.slice(i, i + StepEntries)))
      yield
    }
    return copy
  }
  const copy: Record<string, unknown> = {}
  let count = 0
  for (const [key, each] of Object.entries(value)) {
    if (++count % StepEntries === 0) yield
    // Not by assignment, which would take `__proto__` for something else.
    Object.defineProperty(copy, key, {
      value: typeof each === "object" && each !== null ? yield* cloned(each, depth + 1) : each,
      enumerable: true,
      writable: true,
      configurable: true
    })
  }
  return copy
}
