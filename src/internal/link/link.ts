/**
 * The way from the producer side to the fold and back. One link per runtime, with one stream of events and commands;
 * one lane on it per recorder.
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

/** What a recorder is told. */
export interface LaneListener extends LoggedRecorder {
  readonly entityId: string
  readonly capacity: number
  readonly onMessage: (message: LaneMessage) => void
  /** Up to which sequence number changes have come. */
  readonly seen: number
  /** A part of the answer to a read has come; whether somebody waits for it. */
  readonly onPart: (request: number, part: AnswerPart) => boolean
  /** Of answers of which not all has come. */
  readonly forgetParts: () => void
  /** Whether somebody waits for the answer to a read. */
  readonly awaits: (request: number) => boolean
  /** The fold has closed the lane: its counters do not move any more. */
  readonly onClosed: () => void
  /** The fold is gone; nothing will come any more. */
  readonly onFailure: (cause: unknown) => void
}

/** A lane whose rows an attached thread writes. */
export interface AttachedLane {
  readonly lane: Lane
  readonly stream: AttachedStream
  /** The command of the thread that opens it. */
  readonly from: CommandOrder["from"]
}

/** One recorder's end of the link. Nothing here ever throws or waits. */
export class LaneLink {
  readonly lane: Lane
  readonly counters: LaneCounters
  /** In an attached thread: where the recorder counts, for who completes that when the thread has ended. */
  readonly books: LaneBooks | undefined
  readonly #core: LinkCore
  #open = true

  constructor(lane: Lane, counters: LaneCounters, core: LinkCore, books?: LaneBooks) {
    this.lane = lane
    this.counters = counters
    this.books = books
    this.#core = core
  }

  /** The stream that the recorder's events go into. */
  get writer(): RowWriter {
    return this.#core.writer
  }

  /** A command, in order with the events that were written. The fold is roused for it. */
  send(command: UnaddressedCommand): void {
    // The lane's number may be another recorder's by now.
    if (this.#open) this.#core.send({ ...command, lane: this.lane } as Command, this.lane)
  }

  /** Has a fold in this thread fold what was published, in this call. Another one was roused to do so. */
  foldNow(): void {
    this.#core.foldNow?.()
  }

  /** Keeps the process alive until the function given back is called: someone waits for an answer. */
  hold(): () => void {
    return this.#core.hold()
  }

  /** Runs `action` at the next turn of the event loop. */
  nextTurn(action: () => void): void {
    this.#core.nextTurn(action)
  }

  /** Runs `action`, which a message of the fold has led to, when nothing is being folded or handed over. */
  afterFold(action: () => void): void {
    this.#core.afterFold(action)
  }

  /** In an attached thread: the thread of the runtime has closed the lane. */
  left(): void {
    if (this.#open) this.#core.left?.(this.lane)
  }

  /** An event was refused or evicted because the recorder was full. */
  overflowed(): void {
    this.#core.overflowed?.(this.lane)
  }

  /** `total`: where what the lane has counted goes, and when. */
  close(total?: Total): void {
    if (!this.#open) return
    this.#open = false
    this.#core.close(this.lane, total)
  }
}

/** The lane of a total, see the command `Close`. */
type Total = NonNullable<Extract<Command, { readonly _tag: "Close" }>["total"]>

/** What the lanes of a link have in common. */
export interface LinkCore {
  readonly writer: RowWriter
  readonly send: (command: Command, lane: Lane) => void
  readonly hold: () => () => void
  readonly nextTurn: (action: () => void) => void
  readonly afterFold: (action: () => void) => void
  readonly foldNow: (() => void) | undefined
  /** For the flight recorder, where there is one. */
  readonly overflowed: ((lane: Lane) => void) | undefined
  /** In an attached thread: the thread of the runtime has closed a lane. */
  readonly left?: (lane: Lane) => void
  readonly close: (lane: Lane, total: Total | undefined) => void
}

/** What happens where a fold ends and another one takes its place. */
export type RestartEvent =
  | { readonly _tag: "Slow"; readonly reason: string }
  | { readonly _tag: "Restarting"; readonly cause: unknown; readonly where: string }
  | { readonly _tag: "Restarted" }

/** The streams of attached threads. */
export interface LinkedThreads {
  /** `bytes`: of the memory that the thread needs for its rows. */
  readonly add: (words: SharedArrayBuffer, bytes: number, receive: () => number | undefined) => AttachedStream
  readonly opened: (stream: AttachedStream, first: number, buffer: ArrayBufferLike) => void
  /** The number of a lane that is to be opened, and its counters. */
  readonly reserveLane: () => { readonly lane: Lane; readonly counters: CounterPlace }
  /** It is not opened. */
  readonly releaseLane: (lane: Lane) => void
  readonly openLane: (attached: AttachedLane, listener: LaneListener) => LaneLink
  /** Sends a command of a thread, from this position of its stream. */
  readonly forward: (stream: AttachedStream, from: CommandOrder["from"], position: number, command: Command) => void
  /** All of the lanes of a thread that has ended are closed. */
  readonly end: (stream: AttachedStream) => void
  readonly unwanted: (lane: Lane, request: number) => void
  /** The words by which the threads wake each other. */
  readonly control: SharedArrayBuffer
}

export interface Link {
  /** Where threads can be attached: to a fold in a worker. */
  readonly threads?: LinkedThreads | undefined
  /** The definitions that the fold side has, or `undefined` when it takes whatever the producer side registers. */
  readonly catalog: WorkerCatalog | undefined
  /** The cause, once the fold is gone. */
  readonly failure: () => { readonly cause: unknown } | undefined
  readonly onFailure: (listener: (cause: unknown) => void) => void
  /** Whether the fold has ended, and another one has not taken its place yet. */
  readonly isRestarting: () => boolean
  readonly onRestart: (listener: (event: RestartEvent) => void) => void
  /** Ends the fold at once, whatever it is doing. In process that is not possible, and not needed. */
  readonly terminate: () => void
  readonly openLane: (listener: LaneListener) => LaneLink
  /** The end of its log, where it is kept. */
  readonly flightLog: FlightLog | undefined
  /** The last events in it. */
  readonly recent: (query: FlightQuery) => ReadonlyArray<LoggedEvent<LoggedRecorder>>
  /** Where the state outlives the process. */
  readonly durable: KeeperEnd | undefined
  /** Where others find what it counts. */
  readonly store: ToldStore
  /** Where the events are appended to a store. */
  readonly shipping: ShippingEnd | undefined
  /** How full its stream is. */
  readonly usage: () => StreamUsage
  /** The names that the metrics on this link have in Prometheus. */
  readonly expositionNames: ExpositionNames
  /**
   * The text of a scrape, of all events that were written before this runs. Fails with the cause when the fold is gone,
   * or does not answer. `onBegun` runs when the fold has come to it.
   */
  readonly render: (request: RenderRequest, onBegun: () => void) => Effect.Effect<Rendered, unknown>
  /** Done when the fold has come to what was written before. Fails when it is silent, as {@link awaitSilence} does. */
  readonly probe: Effect.Effect<unknown, unknown>
  /** Never ends while the fold answers or is at work; fails when it has done neither for {@link Silence}. */
  readonly awaitSilence: Effect.Effect<never, unknown>
}
