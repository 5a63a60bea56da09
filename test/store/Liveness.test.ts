// How long a source has been silent, if the clock of the store is set.
import { describe, expect, it } from "vitest"
import type { StoredSource } from "../../src/internal/store/stateStore.ts"
import { Liveness } from "../../src/internal/storeReader/liveness.ts"

const minute = 60_000
const hour = 60 * minute

/** A store with one source, as a reader sees it. */
const watched = () => {
  const liveness = new Liveness()
  let [now, clock, wroteAt, sequence] = [0, 0, 0, 1]
  const look = () => {
    const source: StoredSource = {
      source: "a",
      epoch: 1,
      sequence,
      age: now + clock - wroteAt,
      hasEnded: false,
      isLasting: false,
      entries: undefined
    }
    liveness.see([source], now)
    return { silence: liveness.silence("a"), watched: liveness.watched("a") }
  }
  return {
    look,
    pass: (millis: number) => {
      now += millis
    },
    setClock: (by: number) => {
      clock += by
    },
    /** `isNew`: it writes something, and does not only say that it is still there. */
    write: (isNew = false) => {
      wroteAt = now + clock
      if (isNew) sequence++
    }
  }
}

describe("the silence of a source", () => {
  it("is taken from the store's clock when the reader sees the source for the first time", () => {
    const { look, pass } = watched()
    pass(5 * minute)
    expect(look()).toEqual({ silence: 5 * minute, watched: 0 })
    pass(minute)
    expect(look()).toEqual({ silence: 6 * minute, watched: minute })
  })

  it("ends with each write, including one that only signals that the source exists", () => {
    for (const isNew of [true, false]) {
      const { look, pass, write } = watched()
      look()
      pass(minute)
      write(isNew)
      pass(1000)
      expect(look()).toEqual({ silence: 1000, watched: 1000 })
    }
  })

  it("grows by no more than the elapsed time when the clock is set forward", () => {
    const { look, pass, setClock, write } = watched()
    look()
    pass(10_000)
    write()
    setClock(2 * hour)
    expect(look().silence).toBeLessThanOrEqual(10_000)
    pass(5000)
    write()
    pass(1000)
    expect(look().silence).toBe(1000)
  })

  it("continues when the clock is set back after the source has ended", () => {
    const { look, pass, setClock } = watched()
    look()
    setClock(-2 * hour)
    pass(1000)
    look()
    for (let n = 0; n < 10; n++) {
      pass(minute)
      look()
    }
    expect(look().silence).toBeGreaterThanOrEqual(10 * minute)
  })
})
