/**
 * How it is measured: processor time of this thread, contenders in turn, medians with their spread.
 */
import type { Contender } from "./contender.ts"

const nobody = new Int32Array(new SharedArrayBuffer(4))

/**
 * Processor time of the calling thread so far. The kernel brings it up to date when the thread gives up its processor,
 * and otherwise every few milliseconds only: so the thread sleeps for an instant before.
 */
export const cpuNanos = (): number => {
  Atomics.wait(nobody, 0, 0, 0.01)
  const { system, user } = process.threadCpuUsage()
  return (user + system) * 1000
}

const rawCostOf = (work: () => void): number => {
  const before = cpuNanos()
  work()
  return cpuNanos() - before
}

/** Runs something synchronous; what it cost this thread, without the cost of measuring. */
export const costOf = (work: () => void): number => Math.max(0, rawCostOf(work) - costOfMeasuring())

let measuring: number | undefined

const costOfMeasuring = (): number => {
  measuring ??= median(Array.from({ length: 101 }, () => rawCostOf(() => {})))
  return measuring
}

export interface Memory {
  readonly heapUsed: number
  /** Outside the heap, but of it: buffers and the like. Shared memory is not among it. */
  readonly external: number
  /** Buffers that this thread has allocated, shared ones included. */
  readonly buffers: number
}

/** Memory of the calling thread, after collecting what is garbage (where Node exposes the collector). */
export const memory = (): Memory => {
  for (let i = 0; i < 2; i++) globalThis.gc?.()
  const { arrayBuffers, external, heapUsed } = process.memoryUsage()
  return { heapUsed, external, buffers: arrayBuffers }
}

export interface Spread {
  readonly min: number
  readonly median: number
  readonly max: number
}

export const quantile = (values: ReadonlyArray<number>, q: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const place = (sorted.length - 1) * q
  const below = sorted[Math.floor(place)]!
  return below + (sorted[Math.ceil(place)]! - below) * (place % 1)
}

export const median = (values: ReadonlyArray<number>): number => quantile(values, 0.5)

export const spreadOf = (values: ReadonlyArray<number>): Spread => ({
  min: Math.min(...values),
  median: median(values),
  max: Math.max(...values)
})

/** What one contender has cost, in each round that counts: nanoseconds per event. */
export interface Series {
  readonly name: string
  readonly values: ReadonlyArray<number>
}

export interface Rounds {
  readonly rounds: number
  /** Rounds that are run before and not counted. */
  readonly warmUps: number
  /** Rounds are cut short after this, down to three. */
  readonly seconds: number
}

/** Runs `turn` for every contender in every round: A B C, A B C, and so on. */
export const inTurn = async <C extends { readonly name: string }, A>(
  contenders: ReadonlyArray<C>,
  { rounds, seconds, warmUps }: Rounds,
  turn: (contender: C) => A | Promise<A>
): Promise<ReadonlyArray<{ readonly name: string; readonly results: ReadonlyArray<A> }>> => {
  const all = contenders.map(({ name }) => ({ name, results: [] as Array<A> }))
  const until = performance.now() + seconds * 1000
  for (let round = -warmUps; round < rounds && (round < 3 || performance.now() < until); round++) {
    for (const [i, contender] of contenders.entries()) {
      const result = await turn(contender)
      if (round >= 0) all[i]!.results.push(result)
    }
  }
  return all
}

export interface Burst {
  /** Events of one synchronous loop. */
  readonly events: number
  /** Loops of one turn. What goes on in the background comes to its end between them. */
  readonly loops: number
}

/** Has each contender work in bursts for a while: who is fast needs more of them until the compiler is done with it. */
export const warmUpBursts = async (
  contenders: ReadonlyArray<Contender>,
  events: number,
  seconds: number
): Promise<void> => {
  for (const { settle, work } of contenders) {
    const until = performance.now() + seconds * 1000
    do {
      work(events)
      await settle?.()
    } while (performance.now() < until)
  }
}

/** The cost of bursts, in turn. */
export const compareBursts = async (
  contenders: ReadonlyArray<Contender>,
  rounds: Rounds,
  { events, loops }: Burst
): Promise<ReadonlyArray<Series>> => {
  const all = await inTurn(contenders, rounds, async (contender) => {
    let nanos = 0
    for (let loop = 0; loop < loops; loop++) {
      nanos += costOf(() => contender.work(events))
      await contender.settle?.()
    }
    return nanos / (events * loops)
  })
  return all.map(({ name, results }) => ({ name, values: results }))
}

export const seriesOf = (all: ReadonlyArray<Series>, name: string): ReadonlyArray<number> =>
  all.find((series) => series.name === name)!.values

/** How many times as much the one costs as the other: a ratio of medians. */
export const ratio = (all: ReadonlyArray<Series>, name: string, to: string): number =>
  median(seriesOf(all, name)) / median(seriesOf(all, to))
