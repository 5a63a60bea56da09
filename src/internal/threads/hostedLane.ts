/**
 * A lane whose recorder is in an attached thread. Messages of the fold are forwarded there. A recorder in the runtime's
 * thread represents it, and reads the same lane.
 */
import type { AttachedStream } from "../link/attachedStream.ts"
import type { LaneLink, LaneListener, LinkedThreads } from "../link/link.ts"
import type * as Metric from "../metric/definition/metric.ts"
import type { RemoteEvents } from "../recorder/remoteIntake.ts"
import type { AnswerPart } from "../stream/answerParts.ts"
import type { CommandOrder, Lane, ReadCommand } from "../stream/commands.ts"
import type { LaneMessage } from "../stream/foldMessages.ts"
import { BookClosed, ByRemoval, ByShutdown, type LaneBooks } from "../stream/rows/laneBooks.ts"

/** The request that waits until everything is folded. Requests of the thread have lower numbers. */
const Drain = -1

/** How often, and at which interval in milliseconds, a thread is checked that must stop writing. */
const MostLooks = 40
const LookMillis = 25

/** Maps the number of a thread's request to its number in the runtime's thread, and back. */
const other = (request: number): number => Drain - 1 - request

interface HostedLaneOptions {
  readonly lane: Lane
  readonly books: LaneBooks
  readonly stream: AttachedStream
  readonly threads: LinkedThreads
  /** The command that opens it. */
  readonly from: CommandOrder["from"]
  readonly tell: (message: LaneMessage) => void
  /** Informs the thread that the recorder is removed. */
  readonly remove: () => void
  /** Whether that is because the runtime shuts down. */
  readonly isShutDown: () => boolean
}

export class HostedLane implements LaneListener, RemoteEvents {
  readonly books: LaneBooks
  uncounted = 0
  seen = 0
  readonly #options: HostedLaneOptions
  #listener!: LaneListener
  #link!: LaneLink
  /** Requests of the thread that were not answered. */
  readonly #asked = new Set<number>()
  /** Changes that the thread has not delivered. */
  #undelivered: number | undefined
  #draining: Array<() => void> = []
  /** Actions that wait until the thread has stopped writing. `undefined`: it has. */
  #leaving: Array<() => void> | undefined = []

  constructor(options: HostedLaneOptions) {
    this.#options = options
    this.books = options.books
  }

  // --- for the recorder that stands for it

  openLane(listener: LaneListener): LaneLink {
    this.#listener = listener
    this.#link = this.#options.threads.openLane(this.#options, this)
    return this.#link
  }

  get hasEnded(): boolean {
    return this.#options.stream.hasEnded
  }

  stop(): void {
    if (this.hasEnded) return
    this.books[BookClosed] = this.#options.isShutDown() ? ByShutdown : ByRemoval
    this.#options.remove()
  }

  whenFolded(action: () => void): void {
    this.#whenLeft(() => {
      this.#draining.push(action)
      this.#link.send({ _tag: "Read", request: Drain, what: "snapshots", names: [], now: Date.now() })
    })
  }

  /**
   * Runs `action` when the thread has stopped writing, which it reports at its next event or message. A blocked thread
   * reports nothing: if it has no open run, it will find out that it may not write; otherwise it is abandoned after a
   * while.
   */
  #whenLeft(action: () => void): void {
    if (this.#leaving === undefined || this.hasEnded) return action()
    this.#leaving.push(action)
    this.#lookAgain(MostLooks)
  }

  #lookAgain(looks: number): void {
    setTimeout(() => {
      if (this.#leaving === undefined) return
      const { lane, stream } = this.#options
      if (looks > 0 && !stream.isQuiet) return this.#lookAgain(looks - 1)
      const { uncounted } = stream
      if (uncounted?.lane === lane) this.uncounted = uncounted.events
      this.#link.send({ _tag: "Seal" })
      this.left()
    }, LookMillis)
  }

  /** The thread has stopped writing. */
  left(): void {
    const actions = this.#leaving
    this.#leaving = undefined
    for (const action of actions ?? []) action()
  }

  // --- for the thread

  /** Forwards a command of the thread to the fold. */
  sent(command: ReadCommand | { readonly _tag: "Delivered"; readonly lane: Lane; readonly sequence: number }) {
    if (command._tag === "Delivered") {
      if (command.sequence === this.#undelivered) this.#undelivered = undefined
      return command
    }
    const request = other(command.request)
    this.#asked.add(request)
    return { ...command, request }
  }

  /** The thread no longer wants the rest of an answer. */
  unwanted(request: number): void {
    if (this.#asked.delete(other(request))) this.#options.threads.unwanted(this.#options.lane, other(request))
  }

  /** The thread has ended: there are no listeners to changes, and no more events. */
  end(uncounted: number): void {
    this.uncounted = uncounted
    this.#asked.clear()
    this.left()
    this.#link.send({ _tag: "Watch", watch: "none" })
    if (this.#undelivered !== undefined) this.#link.send({ _tag: "Delivered", sequence: this.#undelivered })
  }

  // --- what the fold says

  onMessage(message: LaneMessage): void {
    switch (message._tag) {
      case "Answer":
        if (message.request > Drain) return this.#listener.onMessage(message)
        if (message.request === Drain) return this.#drained()
        if (this.#asked.delete(message.request)) {
          this.#options.tell({ ...message, request: other(message.request) })
        }
        return
      case "Changes":
        this.seen = message.sequence
        if (this.hasEnded) return this.#link.send({ _tag: "Delivered", sequence: message.sequence })
        this.#undelivered = message.sequence
        return this.#options.tell(message)
      case "Folded":
        if (!this.hasEnded) this.#options.tell(message)
        return this.#listener.onMessage(message)
      default:
        return this.#listener.onMessage(message)
    }
  }

  #drained(): void {
    const actions = this.#draining
    this.#draining = []
    this.#link.afterFold(() => {
      for (const action of actions) action()
    })
  }

  onPart(request: number, part: AnswerPart): boolean {
    if (request > Drain) return this.#listener.onPart(request, part)
    if (!this.#asked.has(request)) return false
    this.#options.tell({ _tag: "Part", lane: this.#options.lane, request: other(request), part, values: 0 })
    return true
  }

  forgetParts(): void {
    this.#listener.forgetParts()
  }

  awaits(request: number): boolean {
    if (request > Drain) return this.#listener.awaits(request)
    return request === Drain ? this.#draining.length > 0 : this.#asked.has(request)
  }

  onClosed(): void {
    this.#listener.onClosed()
  }

  onFailure(cause: unknown): void {
    this.#listener.onFailure(cause)
  }

  get recorderId(): string {
    return this.#listener.recorderId
  }

  get entityId(): string {
    return this.#listener.entityId
  }

  get capacity(): number {
    return this.#listener.capacity
  }

  get metrics(): ReadonlyArray<Metric.Any> {
    return this.#listener.metrics
  }

  get written(): number {
    return this.#listener.written
  }

  metricAt(index: number): Metric.Any | undefined {
    return this.#listener.metricAt(index)
  }
}
