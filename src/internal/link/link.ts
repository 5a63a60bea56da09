/**
 * The way from the producer side to the fold and back. One link per runtime, with one stream of events and commands;
 * one lane on it per recorder. What carries the stream is the carrier's business alone.
 */
import * as Effect from "effect/Effect"
import { packStats } from "../formats/packedStats.ts"
import { ExpositionNames } from "../formats/prometheus/nameRegistry.ts"
import type { Carrier } from "../stream/carrier.ts"
import { ChunkBytes, CounterTable, type LaneCounters } from "../stream/foldedCounters.ts"
import type { Command, FoldMessage, Lane, LaneCommand as LaneCommandOf, LaneMessage } from "../stream/protocol.ts"
import { RowWriter } from "../stream/writer.ts"
import { withLiveClock } from "../util/liveClock.ts"
import { PendingRenders, type RenderRequest } from "./pendingRenders.ts"
import type { WorkerCatalog } from "./workerCatalog.ts"

type DistributiveOmit<A, K extends PropertyKey> = A extends unknown ? Omit<A, K> : never

/** A command for a lane that is known. */
export type LaneCommand = DistributiveOmit<LaneCommandOf | Extract<Command, { readonly _tag: "Delivered" }>, "lane">

/** What a recorder is told. */
export interface LaneListener {
  readonly onMessage: (message: LaneMessage) => void
  /** The fold is gone; nothing will come any more. */
  readonly onFailure: (cause: unknown) => void
}

/** One recorder's end of the link. Nothing here ever throws or waits. */
export class LaneLink {
  readonly lane: Lane
  readonly counters: LaneCounters
  readonly #line: Line
  #open = true

  constructor(lane: Lane, counters: LaneCounters, line: Line) {
    this.lane = lane
    this.counters = counters
    this.#line = line
  }

  /** The stream that the recorder's events go into. */
  get writer(): RowWriter {
    return this.#line.writer
  }

  /** A command, in order with the events that were written. The fold is roused for it. */
  send(command: LaneCommand): void {
    // The lane's number may be another recorder's by now.
    if (this.#open) this.#line.send({ ...command, lane: this.lane } as Command)
  }

  /** A command that the fold need not see before what is written next. */
  sendWithNext(command: LaneCommand): void {
    if (this.#open) this.#line.send({ ...command, lane: this.lane } as Command, true)
  }

  /** Has a fold in this thread fold what was published, in this call. Another one was roused to do so. */
  foldNow(): void {
    this.#line.foldNow?.()
  }

  /** Keeps the process alive until the function given back is called: someone waits for an answer. */
  hold(): () => void {
    return this.#line.hold()
  }

  /** Runs `action` at the next turn of the event loop. */
  later(action: () => void): void {
    this.#line.later(action)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#line.close(this.lane)
  }
}

/** What the lanes of a link have in common. */
interface Line {
  readonly writer: RowWriter
  readonly send: (command: Command, mayWait?: boolean) => void
  readonly hold: () => () => void
  readonly later: (action: () => void) => void
  readonly foldNow: (() => void) | undefined
  readonly close: (lane: Lane) => void
}

export interface Link {
  /** The definitions that the fold side has, or `undefined` when it takes whatever the producer side registers. */
  readonly catalog: WorkerCatalog | undefined
  /** The cause, once the fold is gone. */
  readonly failure: () => { readonly cause: unknown } | undefined
  readonly onFailure: (listener: (cause: unknown) => void) => void
  /** Ends the fold at once, whatever it is doing. In process that is not possible, and not needed. */
  readonly terminate: () => void
  readonly openLane: (listener: LaneListener) => LaneLink
  /** The names that the metrics on this link have in Prometheus. */
  readonly expositionNames: ExpositionNames
  /**
   * The text of a scrape, of all events that were written before this runs. Fails with the cause when the fold is gone,
   * or does not answer. `onBegun` runs when the fold has come to it.
   */
  readonly render: (request: RenderRequest, onBegun: () => void) => Effect.Effect<Uint8Array<ArrayBuffer>, unknown>
  /** Done when the fold has come to what was written before. Fails when it is silent, as {@link awaitSilence} does. */
  readonly probe: Effect.Effect<unknown, unknown>
  /** Never ends while the fold answers or is at work; fails when it has done neither for {@link Silence}. */
  readonly awaitSilence: Effect.Effect<never, unknown>
}

/** A link over a carrier, with the functions by which the carrier reports back. */
export interface LinkControl {
  readonly link: Link
  readonly writer: RowWriter
  readonly deliver: (message: FoldMessage) => void
  readonly fail: (cause: unknown) => void
}

export const makeLink = (options: {
  readonly catalog: WorkerCatalog | undefined
  readonly carrier: Carrier
  /** Most bytes of memory that events may lie in. */
  readonly mostBytes: number
  /** Memory for counters that both sides see. */
  readonly allocateCounters: (bytes: number) => ArrayBufferLike
  readonly hold: () => () => void
  /** Runs `action` at the next turn of the event loop. */
  readonly later: (action: () => void) => void
  /** Folds what was published, where the fold is in this thread. */
  readonly foldNow?: () => void
  readonly terminate: () => void
}): LinkControl => {
  const writer = new RowWriter(options.carrier, options.mostBytes, (type, layout) =>
    send({ _tag: "Layout", type, layout })
  )
  const counters = new CounterTable()
  const lanes = new Map<Lane, LaneListener>()
  const failureListeners = new Set<(cause: unknown) => void>()
  /** Lanes that nothing is left of, to be given out again. */
  const free: Array<Lane> = []
  let messages = 0
  /** The fold is at work while this changes. */
  const progress = (): number => counters.folded + messages
  const renders = new PendingRenders(options.later, progress)
  let lanesMade = 0
  let failure: { readonly cause: unknown } | undefined

  const send = (command: Command, mayWait = false): void => {
    if (failure === undefined) writer.command(forFold(command), mayWait)
  }

  /** Functions cannot be cloned: a fold that has definitions of its own finds the metric by its name. */
  const forFold = (command: Command): Command =>
    command._tag === "Register" && options.catalog !== undefined
      ? { _tag: "Register", lane: command.lane, name: command.name, at: command.at }
      : command

  const nextLane = (): Lane => {
    const lane = free.pop() ?? lanesMade++
    if (lane >= counters.lanes) {
      const buffer = options.allocateCounters(ChunkBytes)
      counters.add(buffer)
      send({ _tag: "Counters", buffer })
    }
    return lane
  }

  const line: Line = {
    writer,
    send,
    hold: options.hold,
    later: options.later,
    foldNow: options.foldNow,
    close: (lane) => {
      if (lanes.delete(lane)) send({ _tag: "Close", lane })
    }
  }

  const openLane = (listener: LaneListener): LaneLink => {
    const lane = nextLane()
    lanes.set(lane, listener)
    const own = counters.of(lane)
    own.clear()
    send({ _tag: "Open", lane })
    return new LaneLink(lane, own, line)
  }

  const deliver = (message: FoldMessage): void => {
    messages++
    if ("request" in message && message._tag !== "Answer") return renders.answer(message)
    if (message._tag === "Closed") return void free.push(message.lane)
    lanes.get(message.lane)?.onMessage(message)
  }

  const nothing = {
    format: "text",
    namespace: "",
    now: 0,
    recorderIds: [],
    lanes: new Int32Array(0),
    stats: packStats([]),
    foldLag: undefined
  } as const
  const probe = Effect.suspend(() =>
    renders.ask(
      (command) => send(command),
      nothing,
      options.hold,
      () => {}
    )
  )
  const probed: Effect.Effect<never, unknown> = Effect.forever(
    Effect.andThen(probe, withLiveClock(Effect.sleep("500 millis")))
  )

  return {
    link: {
      catalog: options.catalog,
      failure: () => failure,
      onFailure: (listener) => void failureListeners.add(listener),
      terminate: options.terminate,
      openLane,
      expositionNames: new ExpositionNames(),
      render: (request, onBegun) =>
        Effect.suspend(() =>
          failure === undefined
            ? renders.ask((command) => send(command), request, options.hold, onBegun)
            : Effect.fail(failure.cause)
        ),
      probe,
      awaitSilence: Effect.suspend(() => probed)
    },
    writer,
    deliver,
    fail: (cause) => {
      if (failure !== undefined) return
      failure = { cause }
      writer.close()
      // The runtime first: whoever hears of it from a recorder finds all the rest failed as well.
      for (const listener of failureListeners) listener(cause)
      renders.failAll(cause)
      for (const listener of [...lanes.values()]) listener.onFailure(cause)
    }
  }
}
