/**
 * The way from the production side to the fold and back. One link per runtime, one lane on it per recorder. What
 * carries the commands (the same thread, or messages to a worker) is the transport's business alone.
 */
import type { Fingerprint } from "./fingerprint.ts"
import { type Command, CounterCount, type Lane, type LaneMessage } from "./protocol.ts"

type DistributiveOmit<A, K extends PropertyKey> = A extends unknown ? Omit<A, K> : never

/** A command for a lane that is known. */
export type LaneCommand = DistributiveOmit<Exclude<Command, { readonly _tag: "Open" | "Close" | "Hello" }>, "lane">

/** What a recorder is told. */
export interface LaneListener {
  readonly onMessage: (message: LaneMessage) => void
  /** The fold is gone; nothing will come any more. */
  readonly onFailure: (cause: unknown) => void
}

/** One recorder's end of the link. Nothing here ever throws or waits. */
export interface LaneLink {
  readonly counters: Int32Array
  readonly send: (command: LaneCommand) => void
  /** In process: folds what was sent before it returns. On a worker: nothing, it folds meanwhile. */
  readonly wake: () => void
  /** Keeps the process alive until the function given back is called: someone waits for an answer. */
  readonly hold: () => () => void
  readonly close: () => void
}

/** What carries commands. */
export interface Transport {
  readonly send: (command: Command) => void
  readonly wake: () => void
  readonly hold: () => () => void
}

export interface Link {
  /** The definitions that the fold side has, or `undefined` when it takes whatever the production side registers. */
  readonly catalog: ReadonlyMap<string, Fingerprint> | undefined
  /** The cause, once the fold is gone. */
  readonly failure: () => { readonly cause: unknown } | undefined
  readonly onFailure: (listener: (cause: unknown) => void) => void
  readonly openLane: (listener: LaneListener) => LaneLink
}

/** A link over a transport, with the functions by which the transport reports back. */
export interface LinkControl {
  readonly link: Link
  readonly deliver: (message: LaneMessage) => void
  readonly fail: (cause: unknown) => void
}

export const makeLink = (options: {
  readonly catalog: ReadonlyMap<string, Fingerprint> | undefined
  readonly transport: () => Transport
}): LinkControl => {
  const lanes = new Map<Lane, LaneListener>()
  const failureListeners = new Set<(cause: unknown) => void>()
  let nextLane: Lane = 0
  let failure: { readonly cause: unknown } | undefined

  const send = (command: Command): void => {
    if (failure === undefined) options.transport().send(command)
  }

  const openLane = (listener: LaneListener): LaneLink => {
    const lane = nextLane++
    const counters = new Int32Array(new SharedArrayBuffer(CounterCount * Int32Array.BYTES_PER_ELEMENT))
    lanes.set(lane, listener)
    send({ _tag: "Open", lane, counters })
    return {
      counters,
      send: (command) => send({ ...command, lane } as Command),
      wake: () => {
        if (failure === undefined) options.transport().wake()
      },
      hold: () => options.transport().hold(),
      close: () => {
        if (lanes.delete(lane)) send({ _tag: "Close", lane })
      }
    }
  }

  return {
    link: {
      catalog: options.catalog,
      failure: () => failure,
      onFailure: (listener) => void failureListeners.add(listener),
      openLane
    },
    deliver: (message) => lanes.get(message.lane)?.onMessage(message),
    fail: (cause) => {
      if (failure !== undefined) return
      failure = { cause }
      // The runtime first: whoever hears of it from a recorder finds all the rest failed as well.
      for (const listener of failureListeners) listener(cause)
      for (const listener of [...lanes.values()]) listener.onFailure(cause)
    }
  }
}
