/**
 * What it costs that another processor has a line of the cache: each row of a burst is written to memory that the fold has
 * read before. It depends on where the machine has its processors, which on a virtual machine may change each second: with
 * a cache in common it is about a tenth of a microsecond, without one five times that, and a hand-off takes twice as long.
 */
import { Worker } from "node:worker_threads"

/** Words that no other one shares a line with. */
export const Asked = 0
export const Answered = 64

const Ended = -1

export interface LineTransfers extends AsyncDisposable {
  /** Nanoseconds for a word there and back, the median of some runs. The worker spins meanwhile, and rests otherwise. */
  readonly nanos: () => number
}

export const startLineTransfers = async (): Promise<LineTransfers> => {
  const words = new Int32Array(new SharedArrayBuffer(1024))
  const worker = new Worker(new URL("./answering.worker.ts", import.meta.url), { workerData: words })
  await new Promise((resolve) => worker.once("online", resolve))
  let asked = 0
  const ask = (): void => {
    Atomics.store(words, Asked, ++asked)
    while (Atomics.load(words, Answered) !== asked);
  }
  return {
    nanos: () => {
      Atomics.store(words, Asked, ++asked)
      Atomics.notify(words, Asked)
      while (Atomics.load(words, Answered) !== asked);
      const all = Array.from({ length: 9 }, () => {
        const start = performance.now()
        for (let i = 0; i < 2000; i++) ask()
        return ((performance.now() - start) * 1e6) / 2000
      })
      return all.sort((left, right) => left - right)[4]!
    },
    [Symbol.asyncDispose]: async () => {
      Atomics.store(words, Asked, Ended)
      Atomics.notify(words, Asked)
      await worker.terminate()
    }
  }
}
