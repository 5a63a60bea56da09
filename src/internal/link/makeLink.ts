/** Makes a link over a carrier. Only the carrier knows how the stream is carried. */
import * as Effect from "effect/Effect"
import type { Place } from "../fold/place.ts"
import { ExpositionNames } from "../formats/prometheus/nameRegistry.ts"
import type { Command, CommandOrder, Lane } from "../stream/commands.ts"
import type { FoldMessage } from "../stream/foldMessages.ts"
import { RowWriter } from "../stream/writer.ts"
import { messageOf } from "../util/describeError.ts"
import { AttachedThreads } from "./attachedThreads.ts"
import { Deaths } from "./deaths.ts"
import { describePlace } from "./describePlace.ts"
import { KeeperEnd } from "./keeperEnd.ts"
import { byName, LaneLink, type LaneListener, type LinkCore, type RestartEvent } from "./link.ts"
import type { LinkControl, LinkOptions } from "./linkControl.ts"
import { LinkLanes } from "./linkLanes.ts"
import { PendingRenders } from "./pendingRenders.ts"
import { ShippingEnd } from "./shippingEnd.ts"
import { ToldStore } from "./toldStore.ts"

const isRender = (command: unknown, request: number): boolean =>
  (command as Command)._tag === "Render" && (command as { readonly request: number }).request === request

export const makeLink = (options: LinkOptions): LinkControl => {
  const { flightLog } = options
  const writer = new RowWriter(options.carrier, options.mostBytes, undefined, flightLog)
  const lanes = new LinkLanes({
    covered: () => options.kept?.position ?? Number.POSITIVE_INFINITY,
    allocate: options.allocateCounters,
    allocated: (chunk, buffer) => send({ _tag: "Counters", chunk, buffer })
  })
  const failureListeners = new Set<(cause: unknown) => void>()
  const restartListeners = new Set<(event: RestartEvent) => void>()
  const deaths = new Deaths()
  let isRestarting = false
  let messages = 0
  /** A number that changes while the fold is at work. */
  const progress = (): number => lanes.folded + messages
  const renders = new PendingRenders(options.afterFold, progress)
  let failure: { readonly cause: unknown } | undefined
  /** Why nothing answers any more, once the link has failed or is closed. */
  let end: { readonly cause: unknown } | undefined

  const send = (command: Command, order?: CommandOrder): void => {
    if (failure !== undefined) return
    const isRead =
      order === undefined && command._tag === "Read" && command.what === "snapshots" && command.labels === undefined
    if (!isRead || !writer.ask(command)) writer.command(forFold(command), order)
  }

  const sendOf = (command: Command, lane: Lane): void => send(command, threads?.orderOf(lane))

  const forFold = (command: Command): Command => (options.catalog === undefined ? command : byName(command))

  /** The part of a command that a replacement fold must repeat. For a read that was answered, only its time remains. */
  const again = (untyped: unknown): Command => {
    const command = untyped as Command
    switch (command._tag) {
      case "Read":
        if (lanes.listener(command.lane)?.awaits(command.request) === true) return command
        return { _tag: "Rewind", lane: command.lane, now: command.now }
      case "Render":
        // Requests that are awaited now were made after the fold had ended: see `restarting`.
        if (renders.awaits(command.request)) return command
        // A probe reads no lane and has no time.
        return command.lanes.length === 0 ? command : { _tag: "Rewind", now: command.now }
      default:
        return command
    }
  }

  const core: LinkCore = {
    writer,
    send: sendOf,
    hold: options.hold,
    nextTurn: options.nextTurn,
    afterFold: options.afterFold,
    foldNow: options.foldNow,
    overflowed: flightLog && ((lane) => flightLog.overflowed(lanes.listener(lane))),
    close: (lane, total) => {
      const listener = lanes.listener(lane)
      if (listener === undefined) return
      flightLog?.closed(lane, writer.position, listener)
      lanes.close(lane, listener)
      sendOf({ _tag: "Close", lane, ...(total !== undefined && { total }) }, lane)
      lanes.forgetCovered()
      if (durable !== undefined || store.end !== undefined || total !== undefined || shipping !== undefined)
        lanes.leave(lane, listener, writer.position)
    }
  }

  const tell = (event: RestartEvent): void => {
    for (const listener of restartListeners) listener(event)
  }

  const describe = (place: Place | undefined): string => {
    const listener = place && lanes.listener(place.lane)
    return listener === undefined ? "" : describePlace(listener, place!)
  }

  const metricAt = ({ lane, metric }: Place): string | undefined => lanes.knownListener(lane)?.metricAt(metric!)?.name

  const reserveLane = (): Lane => {
    const lane = lanes.reserve()
    deaths.forget(lane)
    return lane
  }

  const openLane = (listener: LaneListener): LaneLink => {
    const lane = reserveLane()
    lanes.open(lane, listener)
    flightLog?.opened(lane, writer.position, listener)
    send({ _tag: "Open", lane, recorderId: listener.recorderId })
    return new LaneLink(lane, lanes.countersOf(lane), core)
  }

  const freed = (lane: Lane): void => {
    threads?.forgetLane(lane)
    lanes.free(lane, writer.position)
  }

  const threads =
    options.attached &&
    new AttachedThreads(options.attached, options.kept!, {
      send,
      position: () => writer.position,
      reserveLane: () => {
        const lane = reserveLane()
        return { lane, counters: lanes.placeOf(lane) }
      },
      releaseLane: freed,
      openLane: (lane, listener) => {
        lanes.open(lane, listener)
        return new LaneLink(lane, lanes.countersOf(lane), core)
      },
      unwanted: (lane, request) => options.unwanted?.({ _tag: "Unwanted", lane, request })
    })

  const deliver = (message: FoldMessage): void => {
    messages++
    if ("request" in message && !("lane" in message)) {
      renders.answer(message)
      // With many recorders it may be large.
      if (message._tag === "Rendering" || message._tag === "RenderedPart") return
      return options.kept?.replaceLast((kept) => isRender(kept, message.request), again)
    }
    if (message._tag === "Streamed" || message._tag === "Shipped") {
      // What is kept arrives through a port without a listener.
      if (message._tag === "Streamed") options.kept?.receive()
      return shipping?.receive(message)
    }
    if (!("lane" in message)) return message.by === "store" ? store.receive(message) : durable?.receive(message)
    // A replacement fold reports it a second time.
    if (message._tag === "Closed") {
      if (!lanes.closed(message.lane)) return
      const free = (): void => freed(message.lane)
      return threads === undefined ? free() : threads.whenLeft(message.lane, free)
    }
    const listener = lanes.listener(message.lane)
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

  const probe = renders.probe((command) => send(command), options.hold)

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
      awaitSilence: renders.probing(probe)
    },
    writer,
    deliver,
    awaits: (lane, request) => lanes.listener(lane)?.awaits(request) === true,
    progress,
    describe,
    slow: (reason) => tell({ _tag: "Slow", reason }),
    restarting: (cause, place) => {
      isRestarting = true
      // A replacement fold may resume a lane from a state later than a scrape, and the time of the scrape would then be
      // too old.
      renders.failAll(new Error(`the worker has ended, and is being replaced: ${messageOf(cause)}`))
      flightLog?.died(place && lanes.listener(place.lane), place, cause)
      deaths.add(place, cause, metricAt)
      tell({ _tag: "Restarting", cause, where: describe(place) })
    },
    restore: (careful) => {
      const { place, segments, shipping } = options.kept!
      options.kept!.replace(again)
      // The replacement sends the whole answer.
      for (const listener of lanes.listeners()) listener.forgetParts()
      writer.readerReplaced(place)
      return {
        place,
        segments,
        shipping,
        ...lanes.restored(writer.position),
        careful,
        attached: threads?.restored() ?? [],
        poisoned: deaths.poisoned
      }
    },
    restarted: () => {
      isRestarting = false
      // The fold that has ended may have received a request for room without answering it.
      for (const [lane, listener] of lanes.entries()) listener.onMessage({ _tag: "Folded", lane })
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
      // The runtime first, so that anything notified by a recorder finds the runtime failed as well.
      for (const listener of failureListeners) listener(cause)
      renders.failAll(cause)
      durable?.failAll(cause)
      store.end?.failAll(cause)
      shipping?.failAll(cause)
      for (const listener of [...lanes.listeners()]) listener.onFailure(cause)
    }
  }
}
