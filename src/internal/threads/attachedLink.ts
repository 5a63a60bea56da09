/**
 * The link of an attached thread. It writes rows to memory that the fold reads, and sends commands through the
 * runtime's thread, which keeps them.
 */
import type { MessagePort } from "node:worker_threads"
import * as Effect from "effect/Effect"
import { FoldClosed } from "../link/foldClosed.ts"
import { byName, LaneLink, type LaneListener, type Link, type LinkCore } from "../link/link.ts"
import { ToldStore } from "../link/toldStore.ts"
import { type Carrier, PagesBetweenThreads, soonBetweenThreads } from "../stream/carrier.ts"
import type { Command, Lane } from "../stream/commands.ts"
import { countersAt } from "../stream/foldedCounters.ts"
import { WakeUp } from "../stream/parking.ts"
import { BookClosed, ByShutdown, type LaneBooks } from "../stream/rows/laneBooks.ts"
import type { StreamWords } from "../stream/rows/streamWords.ts"
import { RowWriter } from "../stream/writer.ts"
import { Holds } from "../util/holds.ts"
import { decodeModuleError } from "../worker/startErrors.ts"
import type { FromThread, ReservedLane, ThreadCommand, ToThread } from "./messages.ts"
import { type FindMetrics, ThreadCatalog } from "./threadCatalog.ts"
import { ThreadNames } from "./threadNames.ts"

export interface AttachedLinkOptions {
  readonly port: MessagePort
  readonly control: SharedArrayBuffer
  readonly words: StreamWords
  readonly mostBytes: number
  /** See {@link Welcome}. */
  readonly memory: SharedArrayBuffer | undefined
  /** The default total of recorders, by id. */
  readonly totals: ReadonlyMap<string, string | false | undefined>
  readonly nextTurn: (action: () => void) => void
}

/** A lane of this thread. */
interface OwnLane {
  readonly listener: LaneListener
  readonly books: LaneBooks
  hasLeft: boolean
}

export interface AttachedLink {
  readonly link: Link
  /** Completes when a recorder can be made. */
  readonly reserved: Effect.Effect<void>
  /** The thread no longer belongs to the runtime. */
  readonly close: () => void
}

type Found = Extract<ToThread, { readonly _tag: "Found" | "NotFound" }>

/** The error of an operation that only the runtime's thread can do. */
const ofMain = (what: string): Error =>
  new Error(`an attached thread cannot ${what}. Do it in the thread that the runtime was started in`)

export const makeAttachedLink = (options: AttachedLinkOptions): AttachedLink => {
  const { memory, nextTurn, port, totals, words } = options
  const wakeUp = new WakeUp(options.control)
  const post = (message: FromThread): void => port.postMessage(message)
  const carrier: Carrier = {
    pagesInTurn: PagesBetweenThreads,
    fixedMemory: true,
    allocate: (bytes) => (bytes === memory?.byteLength ? memory : new SharedArrayBuffer(bytes)),
    opened: (first, buffer) => {
      if (buffer !== memory) post({ _tag: "Memory", first, buffer })
    },
    attach: () => {},
    rouse: () => wakeUp.rouse(),
    letSleep: () => {},
    wake: () => wakeUp.rouseSleeping(),
    turned: () => {},
    soon: soonBetweenThreads
  }
  const writer = new RowWriter(carrier, options.mostBytes, undefined, undefined, words)
  const lanes = new Map<Lane, OwnLane>()
  const free: Array<ReservedLane> = []
  let waiting: Array<() => void> = []
  const finding = new Map<number, (answer: Found) => void>()
  const failureListeners = new Set<(cause: unknown) => void>()
  let failure: { readonly cause: unknown } | undefined
  /** Set when the main thread's runtime starts to end in an orderly way. */
  let closing: FoldClosed | undefined
  let isClosed = false
  let ticket = 0
  let requests = 0
  /** The port keeps the thread alive only while an answer is awaited. */
  const { hold } = new Holds((isHeld) => (isHeld ? port.ref() : port.unref()))

  const send = (command: Command, recorder?: ThreadCommand["recorder"]): void => {
    if (failure !== undefined || isClosed) return
    ticket++
    const position = writer.showAll()
    post({ _tag: "Command", ticket, position, command, ...(recorder && { recorder }) })
    // Later events are folded after it.
    if (changes.has(command._tag)) writer.waitFor(ticket)
    else writer.publish(true)
  }

  const core: LinkCore = {
    writer,
    send: (command) => send(byName(command)),
    hold,
    nextTurn,
    afterFold: nextTurn,
    foldNow: undefined,
    overflowed: undefined,
    left: (lane) => leave(lane),
    close: (lane) => {
      const own = lanes.get(lane)
      if (own === undefined) return
      lanes.delete(lane)
      send({ _tag: "Close", lane })
      // Later folding is recorded in the accounting of the main thread.
      own.listener.onClosed()
    }
  }

  /** From here on the lane accepts no events, and everything it accepted can be folded. */
  const leave = (lane: Lane): void => {
    const own = lanes.get(lane)
    if (own?.hasLeft === true) return
    if (own !== undefined) {
      own.hasLeft = true
      const isShutdown = closing !== undefined || own.books[BookClosed] === ByShutdown
      own.listener.onFailure(isShutdown ? shutDown() : new Error("the recorder was removed by the main thread"))
    }
    post({ _tag: "Left", lane, position: writer.showAll() })
    writer.publish(true)
  }

  const openLane = (listener: LaneListener): LaneLink => {
    // The maker of a recorder has waited for a reserved lane.
    const { books, counters, lane } = free.shift()!
    lanes.set(lane, { listener, books, hasLeft: false })
    const { capacity, entityId, recorderId } = listener
    send({ _tag: "Open", lane, recorderId }, { recorderId, entityId, capacity, totalOfRemoved: totals.get(recorderId) })
    return new LaneLink(lane, countersAt(counters), core, books)
  }

  const reserved = Effect.callback<void>((resume) => {
    // The maker of a recorder then gets the reason why there is none.
    if (free.length > 0 || failure !== undefined || isClosed) return resume(Effect.void)
    const release = hold()
    const go = (): void => {
      release()
      resume(Effect.void)
    }
    waiting.push(go)
    post({ _tag: "Reserve" })
    // A lane that arrives after its requester has given up is used by the next one.
    return Effect.sync(() => {
      release()
      waiting = waiting.filter((each) => each !== go)
    })
  })

  const find: FindMetrics = (metrics, modules, take) =>
    Effect.callback((resume) => {
      const request = requests++
      const release = hold()
      finding.set(request, (answer) => {
        release()
        if (answer._tag === "NotFound") return resume(Effect.fail(decodeModuleError(answer.error)))
        take(answer)
        resume(Effect.void)
      })
      post({ _tag: "Find", request, metrics, modules })
      return Effect.sync(() => {
        if (finding.delete(request)) release()
      })
    })

  const onFound = (answer: Found): void => {
    const { request } = answer
    const take = finding.get(request)
    finding.delete(request)
    if (take === undefined) post({ _tag: "Forget", request })
    else take(answer)
  }

  const onMessage = (message: ToThread): void => {
    switch (message._tag) {
      case "Reserved":
        free.push(message.reserved)
        return waiting.shift()?.()
      case "Fold": {
        const listener = lanes.get(message.message.lane)?.listener
        if (message.message._tag !== "Part") return listener?.onMessage(message.message)
        const { lane, part, request } = message.message
        if (listener?.onPart(request, part) !== true) post({ _tag: "Unwanted", lane, request })
        return
      }
      case "Closing":
        closing = shutDown()
        return
      case "Removed":
        return leave(message.lane)
      case "Restarted":
        for (const [lane, { listener }] of lanes) {
          listener.forgetParts()
          listener.onMessage({ _tag: "Folded", lane })
        }
        return
      case "Found":
      case "NotFound":
        return onFound(message)
      case "Welcome":
      case "Refused":
    }
  }

  const onEnd = (): void => {
    if (isClosed || failure !== undefined) return
    failure = { cause: closing ?? new Error("the runtime that the thread was attached to has ended") }
    writer.close()
    for (const listener of failureListeners) listener(failure.cause)
    for (const { listener } of [...lanes.values()]) listener.onFailure(failure.cause)
    for (const go of waiting.splice(0)) go()
  }

  const catalog = new ThreadCatalog(find)
  port.on("message", onMessage)
  port.on("close", onEnd)
  port.unref()

  return {
    reserved,
    close: () => {
      isClosed = true
      writer.close()
      port.close()
    },
    link: {
      catalog,
      failure: () => failure,
      onFailure: (listener) => void failureListeners.add(listener),
      isRestarting: () => false,
      onRestart: () => {},
      terminate: () => {},
      openLane,
      flightLog: undefined,
      recent: () => [],
      durable: undefined,
      shipping: undefined,
      store: new ToldStore(() => Effect.fail(ofMain("write to a store")), { send, hold, nextTurn, receive: undefined }),
      usage: () => writer.usage,
      expositionNames: new ThreadNames(catalog),
      render: () => Effect.fail(ofMain("be scraped")),
      probe: Effect.never,
      awaitSilence: Effect.never
    }
  }
}

const shutDown = (): FoldClosed => new FoldClosed("the runtime of the main thread was shut down")

/** Commands after which events are folded differently. */
const changes: ReadonlySet<Command["_tag"]> = new Set(["Open", "Register", "Reset", "Watch"])
