/**
 * The fold of one runtime. It reads the runtime's stream and the streams of attached threads, and drives the lanes of
 * the recorders. It runs in the worker thread or in process; nothing in this file depends on which.
 */
import type * as Metric from "../metric/definition/metric.ts"
import { type Command, type Keeper, MainStream, type Render, type StreamNumber } from "../stream/commands.ts"
import type { FoldMessage } from "../stream/foldMessages.ts"
import type { RowReader } from "../stream/reader.ts"
import type { Restore } from "../stream/restore.ts"
import type { Unwanted } from "../stream/workerMessages.ts"
import type { Steps } from "../util/steps.ts"
import { AnswerRoom } from "./answerRoom.ts"
import { DueReads } from "./dueReads.ts"
import { EndedStates } from "./endedStates.ts"
import { FoldLanes } from "./foldLanes.ts"
import type { FoldOfLanes } from "./foldOfLanes.ts"
import { FoldRenders } from "./foldRenders.ts"
import { FoldStreams, type OnPageRead } from "./foldStreams.ts"
import type { FoldTap } from "./foldTap.ts"
import { Keepers } from "./keepers.ts"
import { leave, leftFor, type Total } from "./leaving.ts"
import type { LeftStates } from "./leftStates.ts"
import { Nowhere, nowhere, PlaceLane, PlacePosition, PlaceTurns } from "./place.ts"
import type { FoldLane } from "./recorderFold.ts"
import { foldIn } from "./segment.ts"
import { Slices } from "./slices.ts"
import type { FoldOfStreams, StreamFold } from "./streamFold.ts"
import { ToldAccounts } from "./toldAccounts.ts"
import { TouchedLanes } from "./touchedLanes.ts"

export interface FoldOptions {
  readonly send: (message: FoldMessage, transfers?: ReadonlyArray<ArrayBuffer>) => void
  /** Whether `send` copies, which it does to another thread. */
  readonly sendCopies: boolean
  /** See {@link FoldOfLanes}. */
  readonly awaits?: FoldOfLanes["awaits"]
  readonly onPageRead: OnPageRead
  /** The definitions by name, if commands do not carry them. */
  readonly catalog?: ReadonlyMap<string, Metric.Any>
}

export class Fold implements FoldOfStreams, FoldOfLanes {
  readonly streams: FoldStreams
  readonly lanes: FoldLanes
  readonly send: FoldOptions["send"]
  readonly sendCopies: boolean
  readonly awaits: FoldOfLanes["awaits"]
  place: Int32Array = nowhere
  tap: FoldTap | undefined
  /** Present if states outlive their recorders. */
  left: LeftStates | undefined
  /** Called to have what was folded appended to a store. */
  onShip: (ticket: number, ends: boolean) => void = () => {}
  /** Present if counts of removed recorders are sent beyond the process. */
  ended: EndedStates | undefined
  /** The accounting of recorders by id, as received from the application thread. */
  readonly accounts = new ToldAccounts()
  /** The keepers that write the state. */
  readonly keepers = new Keepers((message) => this.send(message))
  #absorbing = 0
  readonly #options: FoldOptions
  /**
   * Lanes that have taken over something from closed lanes. They must be saved together with the fact that those are
   * closed.
   */
  readonly totals = new TouchedLanes()
  /** Reads and scrapes that take long. The driver of the fold continues them. */
  readonly work = new Slices()
  readonly room = new AnswerRoom()
  readonly reads = new DueReads(this.work, () => this.latest)
  readonly #renders = new FoldRenders()
  /** The number of commands received so far. */
  commands = 0
  /** The latest time of an event or a read. */
  latest = Number.NEGATIVE_INFINITY

  constructor(options: FoldOptions) {
    this.#options = options
    this.send = options.send
    this.sendCopies = options.sendCopies
    this.awaits = options.awaits
    this.streams = new FoldStreams(this, options.onPageRead)
    this.lanes = new FoldLanes(this)
  }

  get main(): StreamFold {
    return this.streams.main
  }

  /** The reader of the main stream. */
  get reader(): RowReader {
    return this.main.reader
  }

  command(untyped: unknown): void {
    const command = untyped as Command
    this.commands++
    switch (command._tag) {
      case "Counters":
        return this.lanes.addCounters(command.chunk, command.buffer)
      case "Open":
        return this.lanes.add(command.lane, command.recorderId, command.stream ?? MainStream)
      case "Close":
        return this.#close(command)
      case "Seal":
        return this.lanes.seal(command.lane)
      case "Delivered":
        return this.lanes.ofCommand(command.lane)?.delivered(command.sequence)
      case "Read":
        if (command.now > this.latest) this.latest = command.now
        return this.lanes.ofCommand(command.lane)?.take(command)
      case "Render":
        return this.#render(command)
      case "DropRender":
        return this.#renders.drop(command.request)
      case "Rewind":
        if (command.lane !== undefined) return this.lanes.ofCommand(command.lane)?.take(command)
        if (command.now >= this.latest) this.latest = command.now
        else for (const lane of this.lanes.numbers()) this.lanes.ofCommand(lane)?.take(command)
        return
      case "Register": {
        const metric = (command.metric ?? this.definitionOf(command.name))!
        const lane = this.lanes.ofCommand(command.lane)
        return lane?.take({ ...command, metric, left: leftFor(this, lane, metric, this.reader.position) })
      }
      case "Accounts":
        return this.accounts.tell(command.recorderIds, command.stats)
      case "End":
        return this.streams.end(command.stream)
      case "Persist":
        return this.keepers.persist(command)
      case "Ship":
        return this.onShip(command.ticket, command.ends)
      default:
        return this.lanes.ofCommand(command.lane)?.take(command)
    }
  }

  #close({ lane, total }: Extract<Command, { readonly _tag: "Close" }>): void {
    const closed = this.lanes.find(lane)
    closed?.close()
    if (closed !== undefined) {
      const totalId = total && this.lanes.find(total.lane)?.recorderId
      for (const steps of leave(this, closed, this.reader.position, total, totalId))
        this.work.begin(this.#leaving(steps))
      if (total !== undefined) this.#absorb(closed, total)
    }
    this.lanes.remove(lane)
    this.send({ _tag: "Closed", lane })
  }

  *#leaving(steps: Steps<void>): Steps<void> {
    this.#absorbing++
    yield* steps
    this.#absorbing--
  }

  #absorb(closed: FoldLane, { at, lane }: Total): void {
    this.totals.touch(lane)
    const taker = this.lanes.ofCommand(lane)
    if (taker === undefined) return
    this.#absorbing++
    const onEnd = (): void => void this.#absorbing--
    taker.take({ _tag: "Absorb", removed: closed.metrics, at, onEnd })
  }

  #render(render: Render): void {
    const { now } = render
    // A scrape reads all lanes. It changes them only if the clock was set back, and then immediately. A probe reads
    // none.
    const isBack = now < this.latest
    if (render.lanes.length > 0) {
      if (isBack) for (const lane of this.lanes.numbers()) this.lanes.touched.touch(lane)
      else this.latest = now
    }
    const { send, work } = this
    this.#renders.begin(render, { lanes: this.lanes, canWait: !isBack, send, work })
  }

  /** Drops the rest of an answer that is no longer wanted. */
  dropRead({ lane, request }: Unwanted): void {
    this.lanes.find(lane)?.reads.drop(request)
  }

  readonly definitionOf = (name: string): Metric.Any | undefined => this.#options.catalog?.get(name)

  notKept(recorderId: string, name: string, reason: string, by: Keeper = "durable"): void {
    this.send({ _tag: "StateNotKept", by, recorderId, name, reason })
  }

  /** Records that the fold is outside user code, and has read up to here. */
  leavePlace(): void {
    const { place } = this
    place[PlaceLane] = Nowhere
    place[PlacePosition] = this.reader.position
    place[PlaceTurns]!++
    this.streams.tellPositions()
  }

  /** Whether it folds events that may have ended the previous fold, see {@link Restore.careful}. */
  get isCareful(): boolean {
    return this.streams.isCareful
  }

  // --- checkpoints

  /**
   * Whether a lane has not yet taken over everything from a closed one, or a closed lane's counts are not kept for
   * others yet. Nothing is saved meanwhile, because these counts are in neither lane's records.
   */
  get isAbsorbing(): boolean {
    return this.#absorbing > 0
  }

  /**
   * Whether it has read everything that was in the log when it replaced another fold. Until then it may know less than
   * that fold did, and less than that fold has written beyond the process.
   */
  get hasCaughtUp(): boolean {
    return this.streams.hasCaughtUp
  }

  /** Keeps the counts of removed recorders from now on, or from the point where it replaces another fold. */
  keepEnded(): void {
    this.ended ??= new EndedStates({
      definitionOf: this.definitionOf,
      notKept: (recorderId, name, reason) => this.notKept(recorderId, name, reason, "store")
    })
  }

  /** Takes over from another fold, before there is memory and before anything is read. */
  restore(restore: Restore): void {
    const { attached = [], careful, gone, place, segments } = restore
    const { ended, lanes, left, logs, strings } = foldIn(segments.values())
    for (const record of left) this.left?.restore(record)
    for (const record of ended) this.ended?.restore(record)
    this.latest = logs.at(-1)?.latest ?? this.latest
    const main = { stream: MainStream, place, careful, to: gone.to }
    for (const { careful, place, stream, to } of [main, ...attached]) {
      const isOf = (saved: { readonly stream: StreamNumber }): boolean => saved.stream === stream
      const restored = this.streams.findOrMake(stream)
      restored.restore({ place, careful, to }, logs.filter(isOf), strings.filter(isOf))
    }
    this.lanes.restore(restore, lanes)
  }
}
