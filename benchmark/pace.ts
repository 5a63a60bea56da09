/** A load that is spread over time: a timer emits every millisecond what is due by then. */
import { setImmediate as nextTurn } from "node:timers/promises"
import type { Contender } from "./contender.ts"
import { cpuNanos } from "./measure.ts"

export interface Paced {
  readonly cpuNanos: number
  readonly events: number
  /** Milliseconds from one turn of the timer to the next: a millisecond, and what the event loop came late. */
  readonly gaps: ReadonlyArray<number>
}

export const perSecond = 200_000

/** Runs `work` at the pace for a while. `onTick` runs after each piece of work, and counts as well. */
export const pace = async (work: (events: number) => void, seconds: number, onTick?: () => void): Promise<Paced> => {
  const events = seconds * perSecond
  const gaps: Array<number> = []
  const before = cpuNanos()
  await new Promise<void>((resolve) => {
    const start = performance.now()
    let last = start
    let done = 0
    const timer = setInterval(() => {
      const now = performance.now()
      gaps.push(now - last)
      last = now
      const due = Math.min(events, Math.floor(((now - start) * perSecond) / 1000)) - done
      work(due)
      done += due
      onTick?.()
      if (done < events) return
      clearInterval(timer)
      resolve()
    }, 1)
  })
  return { cpuNanos: cpuNanos() - before, events, gaps }
}

/**
 * Turns of the event loop at the same size, but without the pauses: after some thousands the code that runs once in a
 * turn is as good as the compiler makes it, which at the pace takes half a minute.
 */
export const warmUp = async ({ settle, work }: Contender): Promise<void> => {
  for (let turn = 0; turn < 5000; turn++) {
    work(perSecond / 1000)
    // An event that is refused takes another way, which the compiler would get to know.
    if (turn % 100 === 99) await settle?.()
    await nextTurn()
  }
}
