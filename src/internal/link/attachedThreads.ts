/** The streams of attached threads, and the lanes whose rows they write. */

import type { Command, CommandOrder, Lane, StreamNumber } from "../stream/commands.ts"
import type { CounterPlace } from "../stream/foldedCounters.ts"
import type { RestoredStream } from "../stream/restore.ts"
import { coverPages, forgetPage, PageWords, pagesOf } from "../stream/rows/page.ts"
import { type FoldRequest, PagesAtOnce } from "../stream/workerMessages.ts"
import { AttachedStream } from "./attachedStream.ts"
import type { KeptLog } from "./keptLog.ts"
import type { AttachedLane, LaneLink, LaneListener, LinkedThreads } from "./link.ts"

/** How long the memory of ended threads is kept for reuse while no thread starts or ends, in milliseconds. */
const SpareMillis = 60_000

/** Informs the fold about the streams. */
export interface AttachedStreams {
  readonly streams: Map<StreamNumber, AttachedStream>
  readonly post: (request: FoldRequest) => void
  /** The words that the threads use to wake each other. */
  readonly control: SharedArrayBuffer
}

/** The link that the threads belong to. */
interface AttachedTo {
  readonly send: (command: Command, order: CommandOrder) => void
  /** The position of the next command. */
  readonly position: () => number
  readonly reserveLane: () => { readonly lane: Lane; readonly counters: CounterPlace }
  readonly releaseLane: (lane: Lane) => void
  readonly openLane: (lane: Lane, listener: LaneListener) => LaneLink
  readonly unwanted: (lane: Lane, request: number) => void
}

/** Orders a command after everything the thread has written so far. */
const behind = (stream: AttachedStream): CommandOrder => ({ after: [[stream.number, stream.position]] })

export class AttachedThreads implements LinkedThreads {
  readonly control: SharedArrayBuffer
  readonly reserveLane: LinkedThreads["reserveLane"]
  readonly releaseLane: LinkedThreads["releaseLane"]
  readonly unwanted: LinkedThreads["unwanted"]
  readonly #attached: AttachedStreams
  readonly #kept: KeptLog
  readonly #link: AttachedTo
  readonly #lanes = new Map<Lane, AttachedStream>()
  #made = 0
  /** Ended streams, each with a position in the command log after its end. */
  readonly #ended = new Map<AttachedStream, number>()
  /**
   * Their memory, kept for new threads once no fold will read it. If it were left to the garbage collector, the memory
   * of hundreds of threads would pile up, because shared memory does not trigger a collection in any of them.
   */
  #spare: Array<SharedArrayBuffer> = []
  #leavesSpare: NodeJS.Timeout | undefined

  constructor(attached: AttachedStreams, kept: KeptLog, link: AttachedTo) {
    this.control = attached.control
    this.reserveLane = link.reserveLane
    this.releaseLane = link.releaseLane
    this.unwanted = link.unwanted
    this.#attached = attached
    this.#kept = kept
    this.#link = link
  }

  // --- streams

  add(words: SharedArrayBuffer, bytes: number, receive: () => number | undefined): AttachedStream {
    this.#forgetEnded()
    const stream = new AttachedStream(++this.#made, words, receive)
    this.#attached.streams.set(stream.number, stream)
    this.#attached.post({ _tag: "Stream", stream: stream.number, words })
    const spare = this.#takeSpare(bytes)
    if (spare !== undefined) this.opened(stream, 0, spare)
    return stream
  }

  #takeSpare(bytes: number): SharedArrayBuffer | undefined {
    this.#keepSpare()
    const index = this.#spare.findIndex(({ byteLength }) => byteLength === bytes)
    const [spare] = index < 0 ? [] : this.#spare.splice(index, 1)
    // Its pages are still marked as pages of the log that has ended.
    if (spare !== undefined) for (const page of pagesOf(0, spare)) forgetPage(page)
    return spare
  }

  #keepSpare(): void {
    clearTimeout(this.#leavesSpare)
    this.#leavesSpare = setTimeout(() => {
      this.#forgetEnded()
      this.#spare = []
    }, SpareMillis).unref()
  }

  opened(stream: AttachedStream, first: number, buffer: ArrayBufferLike): void {
    this.#attached.post(stream.opened(first, buffer))
  }

  forward(stream: AttachedStream, from: CommandOrder["from"], position: number, command: Command): void {
    stream.sentAt(position)
    this.#link.send(command, { after: [[stream.number, position]], ...(from && { from }) })
  }

  end(stream: AttachedStream): void {
    this.#link.send({ _tag: "End", stream: stream.number }, behind(stream))
    this.#ended.set(stream, this.#link.position())
    this.#keepSpare()
  }

  /** A replacement fold may read what lies before the end of a stream until a checkpoint covers it. */
  #forgetEnded(): void {
    this.#kept.receive()
    for (const [stream, at] of this.#ended) {
      if (at > this.#kept.position) return
      this.#ended.delete(stream)
      this.#attached.streams.delete(stream.number)
      this.#kept.forget(stream.number)
      if (stream.fixed !== undefined) this.#spare.push(stream.fixed)
    }
  }

  /** Where a replacement fold resumes in each stream. The threads keep running meanwhile. */
  restored(): ReadonlyArray<RestoredStream> {
    this.#forgetEnded()
    return Array.from(this.#attached.streams.values(), ({ number: stream, pages, words }) => {
      const place = this.#kept.placeIn(stream)
      // The fold may have ended after posting what is covered and before marking the pages.
      coverPages(pages, place.turn)
      const to = words.published
      return { stream, place, careful: Math.min(to, words.read + (PagesAtOnce + 1) * PageWords), to }
    })
  }

  // --- lanes

  openLane({ from, lane, stream }: AttachedLane, listener: LaneListener): LaneLink {
    const link = this.#link.openLane(lane, listener)
    this.#lanes.set(lane, stream)
    stream.opens(lane)
    const order = { ...behind(stream), ...(from && { from }) }
    this.#link.send({ _tag: "Open", lane, recorderId: listener.recorderId, stream: stream.number }, order)
    return link
  }

  /** The position of a command to a lane, if a thread writes the lane's rows. */
  orderOf(lane: Lane): CommandOrder | undefined {
    const stream = this.#lanes.get(lane)
    return stream && behind(stream)
  }

  /** The same for a command that reads all lanes. */
  orderOfAll(): CommandOrder {
    return { after: Array.from(this.#attached.streams.values(), (stream) => [stream.number, stream.position] as const) }
  }

  /** Runs `free` once no thread writes to a lane that the fold has closed. */
  whenLeft(lane: Lane, free: () => void): void {
    const stream = this.#lanes.get(lane)
    if (stream === undefined) free()
    else stream.whenLeft(lane, free)
  }

  forgetLane(lane: Lane): void {
    this.#lanes.delete(lane)
  }
}
