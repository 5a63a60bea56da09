/**
 * The path from the producer side to the fold and back. Each runtime has one link, with one stream of events and
 * commands and one lane per recorder.
 */
import type * as Effect from "effect/Effect"
import type { ExpositionNames } from "../formats/prometheus/nameRegistry.ts"
import type { AnswerPart } from "../stream/answerParts.ts"
import type { Command, CommandOrder, Lane, LaneCommand } from "../stream/commands.ts"
import type { CounterPlace, LaneCounters } from "../stream/foldedCounters.ts"
import type { LaneMessage, Rendered } from "../stream/foldMessages.ts"
import type { LaneBooks } from "../stream/rows/laneBooks.ts"
import type { StreamUsage } from "../stream/usage.ts"
import type { RowWriter } from "../stream/writer.ts"
import type { AttachedStream } from "./attachedStream.ts"
import type { FlightLog, FlightQuery, LoggedRecorder } from "./flightLog.ts"
import type { KeeperEnd } from "./keeperEnd.ts"
import type { RenderRequest } from "./pendingRenders.ts"
import type { ShippingEnd } from "./shippingEnd.ts"
import type { LoggedEvent } from "./tailReader.ts"
import type { ToldStore } from "./toldStore.ts"
import type { WorkerCatalog } from "./workerCatalog.ts"

type DistributiveOmit<A, K extends PropertyKey> = A extends unknown ? Omit<A, K> : never

/** A command to the lane of the recorder that sends it. */
type UnaddressedCommand = DistributiveOmit<
  LaneCommand | Extract<Command, { readonly _tag: "Delivered" | "Seal" }>,
  "lane"
>

/** Receives what the link reports to a recorder. */
export interface LaneListener extends LoggedRecorder {
  readonly entityId: string
  readonly capacity: number
  readonly onMessage: (message: LaneMessage) => void
  /** The sequence number up to which changes have arrived. */
  readonly seen: number
  /** A part of the answer to a read has arrived. Returns whether the read is still pending. */
  readonly onPart: (request: number, part: AnswerPart) => boolean
  /** Discards the parts of answers that are incomplete. */
  readonly forgetParts: () => void
  /** Whether the answer to a read is still awaited. */
  readonly awaits: (request: number) => boolean
  /** The fold has closed the lane. Its counters no longer change. */
  readonly onClosed: () => void
  /** The fold is gone. Nothing more will arrive. */
  readonly onFailure: (cause: unknown) => void
}

/** A lane whose rows an attached thread writes. */
export interface AttachedLane {
  readonly lane: Lane
  readonly stream: AttachedStream
  /** The command of the thread that opens the lane. */
  readonly from: CommandOrder["from"]
}

/** One recorder's end of the link. Its methods never throw and never wait. */
export class LaneLink {
  readonly lane: Lane
  readonly counters: LaneCounters
  /**
   * In an attached thread, where the recorder counts. If the thread ends, the runtime's thread completes these counts.
   */
  readonly books: LaneBooks | undefined
  readonly #core: LinkCore
  #open = true

  constructor(lane: Lane, counters: LaneCounters, core: LinkCore, books?: LaneBooks) {
    this.lane = lane
    this.counters = counters
    this.books = books
    this.#core = core
  }

  /** The stream that the recorder's events are written to. */
  get writer(): RowWriter {
    return this.#core.writer
  }

  /** Sends a command, in order with the events already written, and wakes the fold for it. */
  send(command: UnaddressedCommand): void {
    // The lane's number may already belong to another recorder.
    if (this.#open) this.#core.send({ ...command, lane: this.lane } as Command, this.lane)
  }

  /**
   * Folds what was published, in this call, if the fold is in this thread. A fold in another thread was woken to do so.
   */
  foldNow(): void {
    this.#core.foldNow?.()
  }

  /** Keeps the process alive while an answer is awaited, until the returned function is called. */
  hold(): () => void {
    return this.#core.hold()
  }

  /** Runs `action` at the next turn of the event loop. */
  nextTurn(action: () => void): void {
    this.#core.nextTurn(action)
  }

  /** Runs `action`, which was triggered by a message of the fold, as soon as nothing is being folded or dispatched. */
  afterFold(action: () => void): void {
    this.#core.afterFold(action)
  }

  /** In an attached thread: the runtime's thread has closed the lane. */
  left(): void {
    if (this.#open) this.#core.left?.(this.lane)
  }

  /** An event was refused or evicted because the recorder was full. */
  overflowed(): void {
    this.#core.overflowed?.(this.lane)
  }

  /** `total`: the lane that this lane's counts are moved to, and the time. */
  close(total?: Total): void {
    if (!this.#open) return
    this.#open = false
    this.#core.close(this.lane, total)
  }
}

/** The lane of a total, see the command `Close`. */
type Total = NonNullable<Extract<Command, { readonly _tag: "Close" }>["total"]>

/** Functions cannot be cloned, so a fold that has its own definitions finds the metric by name. */
export const byName = (command: Command): Command => {
  if (command._tag !== "Register") return command
  const { metric: _, ...named } = command
  return named
}

/** What the lanes of a link share. */
export interface LinkCore {
  readonly writer: RowWriter
  readonly send: (command: Command, lane: Lane) => void
  readonly hold: () => () => void
  readonly nextTurn: (action: () => void) => void
  readonly afterFold: (action: () => void) => void
  readonly foldNow: (() => void) | undefined
  /** For the flight recorder, if there is one. */
  readonly overflowed: ((lane: Lane) => void) | undefined
  /** In an attached thread: the runtime's thread has closed a lane. */
  readonly left?: (lane: Lane) => void
  readonly close: (lane: Lane, total: Total | undefined) => void
}

/** Events in the replacement of a fold by another one. */
export type RestartEvent =
  | { readonly _tag: "Slow"; readonly reason: string }
  | { readonly _tag: "Restarting"; readonly cause: unknown; readonly where: string }
  | { readonly _tag: "Restarted" }

/** The streams of attached threads. */
export interface LinkedThreads {
  /** `bytes`: the size of the memory that the thread needs for its rows. */
  readonly add: (words: SharedArrayBuffer, bytes: number, receive: () => number | undefined) => AttachedStream
  readonly opened: (stream: AttachedStream, first: number, buffer: ArrayBufferLike) => void
  /** Reserves the number of a lane that is about to be opened, and its counters. */
  readonly reserveLane: () => { readonly lane: Lane; readonly counters: CounterPlace }
  /** Releases a reserved lane that will not be opened. */
  readonly releaseLane: (lane: Lane) => void
  readonly openLane: (attached: AttachedLane, listener: LaneListener) => LaneLink
  /** Sends a command of a thread, placed at this position of the thread's stream. */
  readonly forward: (stream: AttachedStream, from: CommandOrder["from"], position: number, command: Command) => void
  /** Ends the stream of a thread whose lanes are all closed. */
  readonly end: (stream: AttachedStream) => void
  readonly unwanted: (lane: Lane, request: number) => void
  /** The words that the threads use to wake each other. */
  readonly control: SharedArrayBuffer
}

export interface Link {
  /** Present if threads can be attached, which requires a fold in a worker. */
  readonly threads?: LinkedThreads | undefined
  /** The definitions on the fold side, or `undefined` if it accepts whatever the producer side registers. */
  readonly catalog: WorkerCatalog | undefined
  /** The cause, once the fold is gone. */
  readonly failure: () => { readonly cause: unknown } | undefined
  readonly onFailure: (listener: (cause: unknown) => void) => void
  /** Whether the fold has ended and is not replaced yet. */
  readonly isRestarting: () => boolean
  readonly onRestart: (listener: (event: RestartEvent) => void) => void
  /** Ends the fold at once, whatever it is doing. In process this is neither possible nor needed. */
  readonly terminate: () => void
  readonly openLane: (listener: LaneListener) => LaneLink
  /** The end of the log, if it is kept. */
  readonly flightLog: FlightLog | undefined
  /** The last events in the log. */
  readonly recent: (query: FlightQuery) => ReadonlyArray<LoggedEvent<LoggedRecorder>>
  /** Present if the state outlives the process. */
  readonly durable: KeeperEnd | undefined
  /** Sends the counts to a store that other processes read. */
  readonly store: ToldStore
  /** Present if the events are appended to a store. */
  readonly shipping: ShippingEnd | undefined
  /** How much of the stream's memory, types and dictionary is in use. */
  readonly usage: () => StreamUsage
  /** The Prometheus names of the metrics on this link. */
  readonly expositionNames: ExpositionNames
  /**
   * Renders a scrape of all events written before this effect runs. Fails with the cause if the fold is gone or does
   * not answer. `onBegun` runs when the fold has reached the request.
   */
  readonly render: (request: RenderRequest, onBegun: () => void) => Effect.Effect<Rendered, unknown>
  /**
   * Completes when the fold has reached everything written before. If the fold is silent, it fails like {@link
   * awaitSilence}.
   */
  readonly probe: Effect.Effect<unknown, unknown>
  /** Never completes while the fold answers or makes progress. Fails if it has done neither for {@link Silence}. */
  readonly awaitSilence: Effect.Effect<never, unknown>
}
