/** Makes a link over a carrier: what carries the stream is the carrier's business alone. */
import * as Effect from "effect/Effect"
import { packStats } from "../formats/packedStats.ts"
import { ExpositionNames } from "../formats/prometheus/nameRegistry.ts"
import type { Carrier } from "../stream/carrier.ts"
import { ChunkBytes, CounterTable } from "../stream/foldedCounters.ts"
import type { Command, FoldMessage, Lane } from "../stream/protocol.ts"
import { RowWriter } from "../stream/writer.ts"
import { withLiveClock } from "../util/liveClock.ts"
import { LaneLink, type LaneListener, type Link, type LinkCore } from "./link.ts"
import { PendingRenders } from "./pendingRenders.ts"
import type { WorkerCatalog } from "./workerCatalog.ts"

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
  /** Runs `action`, which a message of the fold has led to, when nothing is being folded or handed over. */
  readonly afterFold: (action: () => void) => void
  /** Folds what was published, where the fold is in this thread. */
  readonly foldNow?: () => void
  readonly terminate: () => void
}): LinkControl => {
  const writer = new RowWriter(options.carrier, options.mostBytes)
  const counters = new CounterTable()
  const lanes = new Map<Lane, LaneListener>()
  const failureListeners = new Set<(cause: unknown) => void>()
  /** Lanes that nothing is left of, to be given out again. */
  const free: Array<Lane> = []
  let messages = 0
  /** The fold is at work while this changes. */
  const progress = (): number => counters.folded + messages
  const renders = new PendingRenders(options.afterFold, progress)
  let lanesMade = 0
  let failure: { readonly cause: unknown } | undefined

  const send = (command: Command): void => {
    if (failure !== undefined) return
    const isRead = command._tag === "Read" && command.what === "snapshots"
    if (!isRead || !writer.read(command)) writer.command(forFold(command))
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

  const core: LinkCore = {
    writer,
    send,
    hold: options.hold,
    later: options.later,
    afterFold: options.afterFold,
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
    return new LaneLink(lane, own, core)
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
    foldLag: undefined,
    runtime: undefined
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
      usage: () => writer.usage,
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
