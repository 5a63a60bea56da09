/** Pseudo-random numbers from a seed (mulberry32). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** From 0 to 1, without 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from 0 to `most`, with both. */
  upTo(most: number): number {
    return Math.floor(this.next() * (most + 1))
  }

  one<A>(of: ReadonlyArray<A>): A {
    return of[this.upTo(of.length - 1)]!
  }

  isOneIn(n: number): boolean {
    return this.next() * n < 1
  }
}
