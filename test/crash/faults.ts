/**
 * The kinds of faults. Each has a line here and a count in the result. Some are injected into a worker from outside,
 * others come with an event (`poison`) or with the load (`load`).
 */
import { loopForEver, type Poison, poisons, useUpMemory } from "./load.metrics.ts"

/** What a worker does to itself when it is told to. */
export const inWorker = {
  exit: () => process.exit(4),
  "out of memory": () => useUpMemory(),
  throw: () => {
    setImmediate(() => {
      throw new RangeError("thrown beside the fold")
    })
  },
  reject: () => void Promise.reject(new RangeError("rejected beside the fold")),
  loop: () => loopForEver(),
  "close parentPort": (parent: { readonly close: () => void }) => parent.close(),
  "close the stream's port": (_: unknown, closeStream: () => void) => closeStream()
} as const satisfies { readonly [kind: string]: (parent: never, closeStream: () => void) => void }

export type InWorker = keyof typeof inWorker
export type Strike = InWorker | "terminate"

export const strikes: ReadonlyArray<Strike> = ["terminate", ...(Object.keys(inWorker) as Array<InWorker>)]

/** What the load does beside emitting events, to which no worker falls. */
export const loadFaults = [
  "overflow drop-newest",
  "overflow drop-oldest",
  "overflow backpressure",
  "overflow fail",
  "stalled listener",
  "abandoned read",
  "registration",
  "reset",
  "new recorder",
  "removed recorder",
  "clock set back",
  "clock set forward"
] as const
export type LoadFault = (typeof loadFaults)[number]

export type Fault = Strike | `event: ${Poison}` | LoadFault

export type FaultCounts = { [F in Fault]: number }

export const noFaults = (): FaultCounts =>
  Object.fromEntries([...strikes, ...poisons.map((how) => `event: ${how}`), ...loadFaults].map((f) => [f, 0])) as never
