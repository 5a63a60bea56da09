// A slow metric: its reducer runs a loop, and blocks while a gate is closed.
import { Worker, workerData } from "node:worker_threads"
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

/** A row of these takes 256 bytes. */
const widths = Array.from({ length: 30 }, (_, i) => `width${i}`)

export const SlowEvent = Schema.TaggedUnion({
  "slow.step": {
    n: Schema.Number,
    text: Schema.String,
    ...(Object.fromEntries(widths.map((name) => [name, Schema.Number])) as { readonly width0: typeof Schema.Number })
  },
  // A list does not fit a row: this event is sent as a clone.
  "slow.list": { n: Schema.Number, list: Schema.Array(Schema.Number) }
})
type SlowEvent = typeof SlowEvent.Type

const width = Object.fromEntries(widths.map((name, i) => [name, i])) as { readonly width0: number }

/** The event number `n`. Some are clones, with texts of all kinds. */
export const slowEvent = (n: number): SlowEvent =>
  n % 50 === 49
    ? { _tag: "slow.list", n, list: [n] }
    : { _tag: "slow.step", n, text: n % 100 === 0 ? `${n}`.padEnd(300, ".") : `text ${n % 7}`, ...width }

/** A number that depends on all numbers so far, and on their order. */
export const digest = (before: number, n: number): number => (Math.imul(before, 31) + n) | 0

interface State {
  readonly count: number
  readonly last: number
  /** Whether each number was greater than the one before it. */
  readonly ordered: boolean
  readonly digest: number
}

const initial: State = { count: 0, last: 0, ordered: true, digest: 0 }

/** The state of `SlowSteps` when exactly these were folded. */
export const folded = (ns: ReadonlyArray<number>): State => ns.reduce(next, initial)

const next = (state: State, n: number): State => ({
  count: state.count + 1,
  last: n,
  ordered: state.ordered && n > state.last,
  digest: digest(state.digest, n)
})

const Loops = 5000

const Closed = 0
const Open = 1

const slowly = (state: State, { n }: { readonly n: number }): State => {
  const gate = (workerData as { readonly gate?: SharedArrayBuffer } | null)?.gate
  if (gate !== undefined) Atomics.wait(new Int32Array(gate), 0, Closed)
  let work = 0
  for (let i = 0; i < Loops; i++) work = digest(work, i)
  // Never true, which the compiler cannot know.
  return work === 0.5 ? state : next(state, n)
}

export const SlowSteps = Metric.make("slow.steps", {
  events: SlowEvent,
  initial,
  reduce: { "slow.step": slowly, "slow.list": slowly }
})

/** A worker with an initially open gate. While the gate is closed, nothing is folded. */
export const gatedWorker = () => {
  const gate = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
  const word = new Int32Array(gate)
  const open = (): void => {
    Atomics.store(word, 0, Open)
    Atomics.notify(word, 0)
  }
  open()
  return {
    spawn: () => new Worker(new URL("./slow.worker.ts", import.meta.url), { workerData: { gate } }),
    open,
    close: () => Atomics.store(word, 0, Closed)
  }
}
