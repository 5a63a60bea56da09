// The simulation of `npm run simulate` and the formulas of docs/guides/scale.md, with invented costs.
import { describe, expect, it } from "vitest"
import { limitOf } from "../../benchmark/simulation/limit.ts"
import { forever, type Lives, type Load, noRead, noWrite, type Outcome } from "../../benchmark/simulation/load.ts"
import { model } from "../../benchmark/simulation/model.ts"
import { commandOf } from "../../benchmark/simulation/scenario.ts"
import { type Run, simulate } from "../../benchmark/simulation/simulation.ts"

const run: Run = { seed: 1, jitter: 0.1, warmUp: 5000, counted: 40_000 }

/** States once a second, of 200 processes. */
const states: Load = {
  sources: 200,
  write: { every: 1000, ofWrite: { bytes: 10_000, storeMillis: 0.05 }, ofMilli: noWrite, isKept: false },
  memory: 12_000,
  network: 1e12,
  report: {
    every: 2000,
    readers: 1,
    millis: 3,
    ofSource: { read: 80, written: 0, storeMillis: 0.001, readerMillis: 0.2 },
    ofChanged: { read: 10_000, written: 0, storeMillis: 0.03, readerMillis: 1 },
    ofWrite: noRead,
    ofMilli: noRead
  }
}

/** Events of 100 processes, which two aggregators fold. */
const events: Load = {
  sources: 100,
  write: {
    every: 250,
    ofWrite: { bytes: 500, storeMillis: 0.02 },
    ofMilli: { bytes: 40, storeMillis: 1e-4 },
    isKept: true
  },
  memory: 12_000,
  network: 1e12,
  report: {
    every: 500,
    readers: 2,
    millis: 0,
    ofSource: { read: 80, written: 0, storeMillis: 0.001, readerMillis: 0.01 },
    ofChanged: { read: 0, written: 5000, storeMillis: 0.05, readerMillis: 0.5 },
    ofWrite: { read: 500, written: 0, storeMillis: 0.01, readerMillis: 0.05 },
    ofMilli: { read: 40, written: 0, storeMillis: 1e-4, readerMillis: 0.002 }
  }
}

const slowReader = (ofChanged: number): Load => ({
  ...states,
  report: { ...states.report, ofChanged: { ...states.report.ofChanged, readerMillis: ofChanged } }
})

const flat = ({ oldest, ...rest }: Outcome): { readonly [name: string]: number } => ({ ...rest, oldest: oldest.p50 })

const expectSame = (load: Load, lives: Lives, tolerance = 0.05): void => {
  const [simulated, computed] = [flat(simulate(load, lives, run)), flat(model(load, lives, run.jitter))]
  for (const [name, value] of Object.entries(computed)) {
    expect(Math.abs(simulated[name]! - value), `${name}: ${simulated[name]} for ${value}`).toBeLessThanOrEqual(
      value * tolerance
    )
  }
}

describe("the simulation", () => {
  it("agrees with the formulas for states", () => expectSame(states, forever))

  it("agrees with the formulas for events", () => expectSame(events, forever, 0.1))

  it("agrees with the formulas for a reader that falls behind", () => {
    const slow = slowReader(15)
    expect(model(slow, forever).reportEvery).toBeGreaterThan(3000)
    expectSame(slow, forever)
  })

  it("agrees with the formulas while processes are killed and restarted", () => {
    const lives = { lifetime: 4000, restart: 1000, killed: 0.5, keeps: 20_000 }
    // What was killed is in the store 12.5 times: half of 200 every 5 seconds, for 20 seconds.
    const { storeMemory } = model(states, lives)
    expect(storeMemory).toBe((160 + 400) * 12_000)
    const simulated = simulate(states, lives, run)
    expect(Math.abs(simulated.storeMemory - storeMemory) / storeMemory).toBeLessThan(0.05)
  })

  it("yields the same result for the same seed, and another result for another seed", () => {
    expect(simulate(states, forever, run)).toEqual(simulate(states, forever, run))
    expect(simulate(states, forever, { ...run, seed: 2 })).not.toEqual(simulate(states, forever, run))
  })

  it("shows that a full store slows the writers down", () => {
    const write = { ...states.write, ofWrite: { bytes: 10_000, storeMillis: 10 } }
    const { oldest, storeBusy, writesPerSecond } = simulate({ ...states, write }, forever, run)
    expect(model({ ...states, write }, forever).storeBusy).toBeGreaterThan(1)
    expect(storeBusy).toBeCloseTo(1, 1)
    expect(writesPerSecond).toBeLessThan(101)
    expect(oldest.p50).toBeGreaterThan(2000)
  })

  it("falls behind without bound if folding takes longer than the events took", () => {
    const ofMilli = { ...events.report.ofMilli, readerMillis: 0.03 }
    const slow = { ...events, report: { ...events.report, ofMilli } }
    expect(model(slow, forever).reportEvery).toBe(Number.POSITIVE_INFINITY)
    const long = { ...run, counted: 2 * run.counted }
    expect(simulate(slow, forever, long).storeMemory).toBeGreaterThan(1.5 * simulate(slow, forever, run).storeMemory)
  })
})

describe("the limit of a transport", () => {
  const loadOf = (load: Load) => (processes: number) => ({ ...load, sources: processes })

  it("is the largest number of processes that the store, its network and the reader can handle", () => {
    // 0.05 ms for each write in a second, and 0.031 ms for each read in two.
    expect(limitOf(loadOf(states), forever)).toMatchObject({ by: "reader" })
    expect(limitOf(loadOf({ ...states, network: 1e6 }), forever)).toEqual({ processes: 100, by: "network" })
    const write = { ...states.write, ofWrite: { bytes: 10_000, storeMillis: 10 } }
    const { by, processes } = limitOf(loadOf({ ...states, write }), forever)!
    expect(by).toBe("store")
    expect(processes).toBeGreaterThanOrEqual(98)
    expect(processes).toBeLessThanOrEqual(100)
  })

  it("is absent if no step takes time", () => {
    const write = { ...states.write, ofWrite: noWrite }
    const { report } = states
    const idle = { ...states, write, report: { ...report, ofSource: noRead, ofChanged: noRead } }
    expect(limitOf(loadOf(idle), forever)).toBeUndefined()
  })
})

describe("the command line", () => {
  it("parses numbers, times and the mix of kinds", () => {
    const { scenario } = commandOf([
      "--processes",
      "50",
      "--every",
      "2s",
      "--lifetime",
      "never",
      "--mix",
      "counter:3,summary:1"
    ])
    expect(scenario).toMatchObject({ processes: 50, every: 2000, report: 15_000, lives: { lifetime: Infinity } })
    expect(scenario.mix).toEqual({ counter: 0.75, histogram: 0, exponential: 0, summary: 0.25, distinct: 0 })
  })

  it("rejects what it cannot parse, and names the valid form", () => {
    expect(() => commandOf(["--every", "2"])).toThrow("--every must be a time, such as 500ms, 1s, 5m or 24h, got 2")
    expect(() => commandOf(["--processes", "0"])).toThrow("--processes must be a number, at least 1, got 0")
    expect(() => commandOf(["--mix", "gauge:1"])).toThrow("--mix must be kinds with their parts")
  })
})
