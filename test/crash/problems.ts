import type { Problem } from "./steps.ts"

/** Counts what is wrong, by what it counts as. */
export class Problems {
  readonly counts: { [K in Problem["kind"]]: number } = { lost: 0, doubleCounted: 0, hang: 0, wrong: 0 }
  readonly #tell: (problem: Problem) => void

  constructor(tell: (problem: Problem) => void) {
    this.#tell = tell
  }

  add(problem: Problem): void {
    this.counts[problem.kind] += problem.count
    this.#tell(problem)
  }
}
