/** Makes a link over a carrier: what carries the stream is the carrier's business alone. */
import * as Effect from "effect/Effect"
import type { Place } from "../fold/place.ts"
import { packStats } from "../formats/packedStats.ts"
import { ExpositionNames } from "../formats/prometheus/nameRegistry.ts"
import type { Carrier } from "../stream/carrier.ts"
import { ChunkBytes, CounterTable } from "../stream/foldedCounters.ts"
import type { Command, CommandOrder, FoldMessage, Lane, Restore, Unwanted } from "../stream/protocol.ts"
import { RowWriter } from "../stream/writer.ts"
import { messageOf } from "../util/describeError.ts"
import { withLiveClock } from "../util/liveClock.ts"
import { type AttachedStreams, AttachedThreads } from "./attachedThreads.ts"
import { Deaths } from "./deaths.ts"
import { describePlace } from "./describePlace.ts"
import type { FlightLog } from "./flightLog.ts"
import { KeeperEnd } from "./keeperEnd.ts"
import type { KeptLog } from "./keptLog.ts"
import { LaneLink, type LaneListener, type Link, type LinkCore, type RestartEvent } from "./link.ts"
import { PendingRenders } from "./pendingRenders.ts"
import { ShippingEnd } from "./shippingEnd.ts"
import { type TellStore, ToldStore } from "./toldStore.ts"
import type { WorkerCatalog } from "./workerCatalog.ts"

const isRender = (command: unknown, request: number): boolean =>
  (command as Command)._tag === "Render" && (command as { readonly request: number }).request === request

/** A link over a carrier, with the functions by which the carrier reports back. */
export interface LinkControl {
  readonly link: Link
  readonly writer: RowWriter
  readonly deliver: (message: FoldMessage) => void
  /** Whether somebody waits for the answer to a read. */
  readonly awaits: (lane: Lane, request: number) => boolean
  readonly fail: (cause: unknown) => void
  /** Another number while the fold gets on. */
  readonly progress: () => number
  /** Where the fold is, for somebody who reads it. */
  readonly describe: (place: Place | undefined) => string
  readonly slow: (reason: string) => void
  /** The fold has ended, in this place, and another one is to take its place. */
  readonly restarting: (cause: unknown, place: Place | undefined) => void
  /** What that one goes on from. From now on the writer counts on it. */
  readonly restore: (careful: number) => Restore
  readonly restarted: () => void
  /** The runtime is shut down: nothing more comes of it. */
  readonly close: () => void
}

export const makeLink = (options: {
  readonly catalog: WorkerCatalog | undefined
  readonly carrier: Carrier
  /** What is kept for another fold, where one can take the place of this one. */
  readonly kept?: KeptLog
  /** The streams of attached threads by number, where there can be any, and how the fold is told of them. */
  readonly attached?: AttachedStreams
  /** Keeps the end of the log, for a flight recorder. */
  readonly flightLog?: FlightLog | undefined
  /** Most bytes of memory that events may lie in. */
  readonly mostBytes: number
  /** Where the state lies that outlives the process, if any does. */
  readonly durablePlace?: string | undefined
  readonly tellStore: TellStore
  /** Whether the events are appended to a store. */
  readonly ships?: boolean
  /** Memory for counters that both sides see. */
  readonly allocateCounters: (bytes: number) => ArrayBufferLike
  readonly hold: () => () => void
  /** Runs `action` at the next turn of the event loop. */
  readonly nextTurn: (action: () => void) => void
  /** Runs `action`, which a message of the fold has led to, when nothing is being folded or handed over. */
  readonly afterFold: (action: () => void) => void
  /** Receives what the fold has sent, without a turn of the event loop, where it is in another thread. */
  readonly receive?: () => void
  /** Folds what was published, where the fold is in this thread. */
  readonly foldNow?: () => void
  /** Tells a fold whose answers come in parts that nobody waits for the rest of one. */
  readonly unwanted?: (unwanted: Unwanted) => void
  readonly terminate: () => void
}): LinkControl => {
  const { flightLog } = options
  const writer = new RowWriter(options.carrier, options.mostBytes, undefined, flightLog)
  const counters = new CounterTable()
  const lanes = new Map<Lane, LaneListener>()
  const failureListeners = new Set<(cause: unknown) => void>()
  const restartListeners = new Set<(event: RestartEvent) => void>()
  /** Lanes that the fold is to close. */
  const closing = new Set<Lane>()
  /** Those that it has closed, in order, with a position behind that in the log. */
  const closed = new Map<Lane, number>()
  const covered = (): number => options.kept?.position ?? Number.POSITIVE_INFINITY
  const deaths = new Deaths()
  /** Those of recorders that were removed which have left something, and which another fold may come to yet, in the order of their ends in the log. */
  const leaving = new Map<Lane, { readonly listener: LaneListener; readonly to: number }>()
  let isRestarting = false
  let messages = 0
  /** The fold is at work while this changes. */
  const progress = (): number => counters.folded + messages
  const renders = new PendingRenders(options.afterFold, progress)
  let lanesMade = 0
  let failure: { readonly cause: unknown } | undefined
  /** Why nobody answers any more, when it has failed or is closed. */
  let end: { readonly cause: unknown } | undefined

  const send = (command: Command, order?: CommandOrder): void => {
    if (failure !== undefined) return
    const isRead =
      order === undefined && command._tag === "Read" && command.what === "snapshots" && command.labels === undefined
    if (!isRead || !writer.ask(command)) writer.command(forFold(command), order)
  }

  const sendOf = (command: Command, lane: Lane): void => send(command, threads?.orderOf(lane))

  /** Functions cannot be cloned: a fold that has definitions of its own finds the metric by its name. */
  const forFold = (command: Command): Command =>
    command._tag === "Register" && options.catalog !== undefined
      ? { _tag: "Register", lane: command.lane, name: command.name, at: command.at }
      : command

  /** The number of a lane that was closed, once no fold will come to what lies in the log of it. */
  const freeLane = (): Lane | undefined => {
    const [first] = closed
    if (first === undefined || first[1] > covered()) return undefined
    closed.delete(first[0])
    return first[0]
  }

  /** What another fold has to do of a command: of a question that was answered, the time is left. */
  const again = (untyped: unknown): Command => {
    const command = untyped as Command
    switch (command._tag) {
      case "Read":
        if (lanes.get(command.lane)?.awaits(command.request) === true) return command
        return { _tag: "Rewind", lane: command.lane, now: command.now }
      case "Render":
        // What somebody waits for was asked for after the fold had ended: see `restarting`.
        if (renders.awaits(command.request)) return command
        // A probe looked at no lane, and had no time.
        return command.lanes.length === 0 ? command : { _tag: "Rewind", now: command.now }
      default:
        return command
    }
  }

  const nextLane = (): Lane => {
    const lane = freeLane() ?? lanesMade++
    if (lane >= counters.lanes) {
      const buffer = options.allocateCounters(ChunkBytes)
      const chunk = counters.buffers.length
      counters.add(chunk, buffer)
      send({ _tag: "Counters", chunk, buffer })
    }
    return lane
  }

  const core: LinkCore = {
    writer,
    send: sendOf,
    hold: options.hold,
    nextTurn: options.nextTurn,
    afterFold: options.afterFold,
    foldNow: options.foldNow,
    overflowed: flightLog && ((lane) => flightLog.overflowed(lanes.get(lane))),
    close: (lane, total) => {
      const listener = lanes.get(lane)
      if (listener === undefined) return
      flightLog?.closed(lane, writer.position, listener)
      lanes.delete(lane)
      closing.add(lane)
      sendOf({ _tag: "Close", lane, ...(total !== undefined && { total }) }, lane)
      for (const [oldest, { to }] of leaving) if (to <= covered()) leaving.delete(oldest)
      if (durable !== undefined || store.end !== undefined || total !== undefined || shipping !== undefined)
        leaving.set(lane, { listener, to: writer.position })
    }
  }

  const tell = (event: RestartEvent): void => {
    for (const listener of restartListeners) listener(event)
  }

  const describe = (place: Place | undefined): string => {
    const listener = place && lanes.get(place.lane)
    return listener === undefined ? "" : describePlace(listener, place!)
  }

  const goneLanes = (): ReadonlyArray<Lane> => [...closing, ...closed.keys()]

  const metricAt = ({ lane, metric }: Place): string | undefined =>
    (lanes.get(lane) ?? leaving.get(lane)?.listener)?.metricAt(metric!)?.name

  /** Its counters are cleared before anybody can wait for them. */
  const reserveLane = (): Lane => {
    const lane = nextLane()
    deaths.forget(lane)
    leaving.delete(lane)
    counters.of(lane).clear()
    return lane
  }

  const openLane = (listener: LaneListener): LaneLink => {
    const lane = reserveLane()
    lanes.set(lane, listener)
    flightLog?.opened(lane, writer.position, listener)
    send({ _tag: "Open", lane, recorderId: listener.recorderId })
    return new LaneLink(lane, counters.of(lane), core)
  }

  const freed = (lane: Lane): void => {
    threads?.forgetLane(lane)
    closed.set(lane, writer.position)
  }

  const threads =
    options.attached &&
    new AttachedThreads(options.attached, options.kept!, {
      send,
      position: () => writer.position,
      reserveLane: () => {
        const lane = reserveLane()
        return { lane, counters: counters.placeOf(lane) }
      },
      releaseLane: freed,
      openLane: (lane, listener) => {
        lanes.set(lane, listener)
        return new LaneLink(lane, counters.of(lane), core)
      },
      unwanted: (lane, request) => options.unwanted?.({ _tag: "Unwanted", lane, request })
    })

  const deliver = (message: FoldMessage): void => {
    messages++
    if ("request" in message && !("lane" in message)) {
      renders.answer(message)
      // It may be large where there are many recorders.
      if (message._tag === "Rendering") return
      return options.kept?.replaceLast((kept) => isRender(kept, message.request), again)
    }
    if (message._tag === "Streamed" || message._tag === "Shipped") {
      // What is kept comes by a port that nobody listens to.
      if (message._tag === "Streamed") options.kept?.receive()
      return shipping?.receive(message)
    }
    if (!("lane" in message)) return message.by === "store" ? store.receive(message) : durable?.receive(message)
    // Said once more by a fold that has taken the place of another one.
    if (message._tag === "Closed") {
      if (!closing.delete(message.lane)) return
      const free = (): void => freed(message.lane)
      return threads === undefined ? free() : threads.whenLeft(message.lane, free)
    }
    const listener = lanes.get(message.lane)
    if (message._tag === "Part") {
      const { lane, part, request } = message
      if (listener?.onPart(request, part) !== true) options.unwanted?.({ _tag: "Unwanted", lane, request })
      return
    }
    listener?.onMessage(message)
    if (message._tag === "Quarantined" && flightLog) options.afterFold(() => flightLog.quarantined(listener, message))
  }

  const { durablePlace: place } = options
  const { hold, nextTurn, receive } = options
  const keeper = { send, hold, nextTurn, receive }
  const durable = place === undefined ? undefined : new KeeperEnd({ ...keeper, by: "durable", place })
  const store = new ToldStore(options.tellStore, keeper)

  const shipping =
    options.ships === true ? new ShippingEnd({ send, hold: options.hold, nextTurn: options.nextTurn }) : undefined

  const nothing = {
    rendering: { format: "text" },
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
      isRestarting: () => isRestarting,
      onRestart: (listener) => void restartListeners.add(listener),
      terminate: options.terminate,
      openLane,
      threads,
      flightLog,
      recent: (query) => flightLog?.read(writer, query) ?? [],
      durable,
      store,
      shipping,
      usage: () => writer.usage,
      expositionNames: new ExpositionNames(),
      render: (request, onBegun) =>
        Effect.suspend(() =>
          end === undefined
            ? renders.ask((command) => send(command, threads?.orderOfAll()), request, options.hold, onBegun)
            : Effect.fail(end.cause)
        ),
      probe,
      awaitSilence: Effect.suspend(() => probed)
    },
    writer,
    deliver,
    awaits: (lane, request) => lanes.get(lane)?.awaits(request) === true,
    progress,
    describe,
    slow: (reason) => tell({ _tag: "Slow", reason }),
    restarting: (cause, place) => {
      isRestarting = true
      // Another fold may have the state of a lane from behind a scrape, whose time would be too old for it.
      renders.failAll(new Error(`the worker has ended, and is being replaced: ${messageOf(cause)}`))
      flightLog?.died(place && lanes.get(place.lane), place, cause)
      deaths.add(place, cause, metricAt)
      tell({ _tag: "Restarting", cause, where: describe(place) })
    },
    restore: (careful) => {
      const { place, segments, shipping } = options.kept!
      options.kept!.replace(again)
      // The answer comes whole from the next one.
      for (const listener of lanes.values()) listener.forgetParts()
      writer.readerReplaced(place)
      return {
        place,
        segments,
        shipping,
        counters: counters.buffers,
        // Nobody listens to those that are gone.
        seen: [
          ...Array.from(lanes, ([lane, { seen }]) => [lane, seen] as const),
          ...goneLanes().map((lane) => [lane, Number.POSITIVE_INFINITY] as const)
        ],
        gone: { lanes: goneLanes().filter((lane) => !leaving.has(lane)), to: writer.position },
        careful,
        attached: threads?.restored() ?? [],
        poisoned: deaths.poisoned
      }
    },
    restarted: () => {
      isRestarting = false
      // The fold that has ended may have taken a question for room and not answered it.
      for (const [lane, listener] of lanes) listener.onMessage({ _tag: "Folded", lane })
      durable?.again()
      store.end?.again()
      shipping?.again()
      tell({ _tag: "Restarted" })
    },
    close: () => {
      end ??= { cause: new Error("the runtime was shut down") }
      writer.close()
      renders.failAll(end.cause)
    },
    fail: (cause) => {
      if (failure !== undefined) return
      failure = end = { cause }
      writer.close()
      // The runtime first: whoever hears of it from a recorder finds all the rest failed as well.
      for (const listener of failureListeners) listener(cause)
      renders.failAll(cause)
      durable?.failAll(cause)
      store.end?.failAll(cause)
      shipping?.failAll(cause)
      for (const listener of [...lanes.values()]) listener.onFailure(cause)
    }
  }
}
