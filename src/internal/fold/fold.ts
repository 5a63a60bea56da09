/**
 * The fold of one runtime: reads its stream, and those of the threads that are attached to it, and drives the lanes of its
 * recorders. It runs in the worker thread, or in process; nothing here knows which.
 */
import type * as Metric from "../metric/definition/metric.ts"
import { CounterTable } from "../stream/foldedCounters.ts"
import {
  type Command,
  type FoldMessage,
  type Keeper,
  type Lane,
  MainStream,
  type Poison,
  type Render,
  type Restore,
  type StreamNumber,
  type Unwanted
} from "../stream/protocol.ts"
import type { ReadProgress, RowReader } from "../stream/reader.ts"
import type { Page } from "../stream/rows/page.ts"
import { StreamWords } from "../stream/rows/streamWords.ts"
import { allSteps, type Steps } from "../util/steps.ts"
import { AnswerRoom } from "./answerRoom.ts"
import { EndedStates } from "./endedStates.ts"
import type { FoldOfLanes } from "./foldOfLanes.ts"
import type { FoldTap } from "./foldTap.ts"
import type { LeftStates } from "./leftStates.ts"
import { Nowhere, nowhere, PlaceLane, PlacePosition, PlaceTurns } from "./place.ts"
import { FoldLane } from "./recorderFold.ts"
import { renderLanes } from "./renderScrape.ts"
import type { LogState, SavedLane, SavedStrings } from "./savedLane.ts"
import {
  laneIn,
  laneRecord,
  leftIn,
  logIn,
  OfEnded,
  OfLeft,
  OfLog,
  OfStrings,
  recordsOf,
  type SavedRecord,
  stringsIn
} from "./segment.ts"
import { Slices, type Work } from "./slices.ts"
import { type FoldOfStreams, type SavedLog, StreamFold } from "./streamFold.ts"
import { ToldAccounts } from "./toldAccounts.ts"
import { TouchedLanes } from "./touchedLanes.ts"

export interface FoldOptions {
  readonly send: (message: FoldMessage, transfers?: ReadonlyArray<ArrayBuffer>) => void
  /** Whether `send` copies, as it does to another thread. */
  readonly sendCopies: boolean
  /** See {@link FoldOfLanes}. */
  readonly awaits?: FoldOfLanes["awaits"]
  /** A page was read to its end and may be written again. */
  readonly onPageRead: (page: Page, stream: StreamFold) => void
  /** The definitions by name, where they do not come with the commands. */
  readonly catalog?: ReadonlyMap<string, Metric.Any>
}

/** Has the state written, and tells why that failed, if it did. `isLast`: nothing is to be written after it. */
type AskKeeper = (end: (failure: string | undefined) => void, isLast: boolean) => void

export class Fold implements FoldOfStreams, FoldOfLanes {
  /** In the order in which they are read: the main one first. */
  readonly streams = new Map<StreamNumber, StreamFold>()
  readonly main: StreamFold
  readonly send: FoldOptions["send"]
  readonly sendCopies: boolean
  readonly awaits: FoldOfLanes["awaits"]
  place: Int32Array = nowhere
  tap: FoldTap | undefined
  /** Where states outlive their recorders. */
  left: LeftStates | undefined
  /** Is asked to have what was folded stored elsewhere. */
  onShip: (ticket: number, ends: boolean) => void = () => {}
  /** Where what removed recorders have counted is told beyond the process. */
  ended: EndedStates | undefined
  /** The accounting of recorders by their ids, as the application thread has told it. */
  readonly accounts = new ToldAccounts()
  /** Are asked to have the state written. */
  readonly #keepers = new Map<Keeper, AskKeeper>()
  /** Of a keeper that is not there yet. */
  #persists: Array<Extract<Command, { readonly _tag: "Persist" }>> = []
  #absorbing = 0
  readonly #options: FoldOptions
  readonly #counters = new CounterTable()
  readonly #lanes: Array<FoldLane | undefined> = []
  readonly touched = new TouchedLanes()
  /** Lanes to which something came from lanes that were closed. Whoever saves that those are closed saves these with it. */
  readonly totals = new TouchedLanes()
  /** Reads and scrapes that take long: whoever drives the fold goes on with them. */
  readonly work = new Slices()
  readonly room = new AnswerRoom()
  readonly #renders = new Map<number, Work>()
  /** Commands that ever came. */
  commands = 0
  /** No event came later, and no read. */
  latest = Number.NEGATIVE_INFINITY
  // Where it has taken the place of another fold.
  #seen: Map<Lane, number> | undefined
  /** Nobody looks at these any more, and what ended the fold before may be among their events. */
  #gone: ReadonlySet<Lane> = new Set()
  #goneTo = 0
  #poisons: ReadonlyArray<Poison> = []

  constructor(options: FoldOptions) {
    this.#options = options
    this.send = options.send
    this.sendCopies = options.sendCopies
    this.awaits = options.awaits
    this.main = this.#newStream(MainStream)
  }

  #newStream(stream: StreamNumber): StreamFold {
    const made = new StreamFold(stream, this, this.#options.onPageRead)
    this.streams.set(stream, made)
    return made
  }

  // --- streams

  /** That of the main stream. */
  get reader(): RowReader {
    return this.main.reader
  }

  stream(stream: StreamNumber): StreamFold | undefined {
    return this.streams.get(stream)
  }

  /** There is the stream of an attached thread. It may have been restored. */
  attach(stream: StreamNumber, words: SharedArrayBuffer): void {
    const attached = this.stream(stream) ?? this.#newStream(stream)
    attached.words = new StreamWords(words)
  }

  /** Reads what is published of all streams, `mostPages` of each at the most. */
  read(mostPages: number): ReadProgress {
    if (this.streams.size === 1) return this.main.goOn(mostPages)
    let progress: ReadProgress = "idle"
    let hasMoved = false
    for (const stream of this.streams.values()) {
      const { position } = stream.reader
      const next = stream.goOn(mostPages)
      hasMoved ||= stream.reader.position !== position
      if (next === "more" || progress === "idle") progress = next
    }
    // What one stream waits for, another one may have come to.
    return progress === "attachment" && hasMoved ? "more" : progress
  }

  /** Whether there are rows that can be read. */
  get isReady(): boolean {
    for (const stream of this.streams.values()) if (stream.isReady) return true
    return false
  }

  laneOf(stream: StreamFold, lane: Lane): FoldLane | undefined {
    if (stream.isRestored(lane)) return undefined
    const found = this.#lanes[lane]
    // A thread may write rows of a recorder that was removed, whose number another one has by now.
    if (found === undefined || found.stream !== stream.number) return undefined
    this.touched.touch(lane)
    return found
  }

  readSnapshots(lane: number, request: number, now: number, names: ReadonlyArray<string> | undefined): void {
    this.commands++
    if (now > this.latest) this.latest = now
    this.#lane(lane)?.command({ _tag: "Read", lane, request, what: "snapshots", now, names })
  }

  command(untyped: unknown): void {
    const command = untyped as Command
    this.commands++
    switch (command._tag) {
      case "Counters":
        return this.#counters.add(command.chunk, command.buffer)
      case "Open":
        if (this.#isGone(command.lane)) return
        // That of another recorder, if it was opened after this fold took the place of the one before.
        if (this.reader.position > this.#goneTo) this.#forget(command.lane)
        if (!this.main.isRestored(command.lane)) {
          const { recorderId, stream = MainStream } = command
          const lane = this.#newLane(command.lane, this.reader.position, recorderId, stream)
          this.#lanes[command.lane] = lane
          this.tap?.opened(lane)
        }
        return this.touched.touch(command.lane)
      case "Close":
        this.#lanes[command.lane]?.close()
        this.#leave(command)
        this.#lanes[command.lane] = undefined
        this.touched.touch(command.lane)
        this.#forget(command.lane)
        return this.send({ _tag: "Closed", lane: command.lane })
      case "Delivered":
        return this.#lane(command.lane)?.delivered(command.sequence)
      case "Render":
        return this.#render(command)
      case "DropRender":
        return this.#renders.get(command.request)?.drop()
      case "Rewind":
        if (command.lane !== undefined) return this.#lane(command.lane)?.command(command)
        if (command.now >= this.latest) this.latest = command.now
        else for (const lane of this.#lanes.keys()) this.#lane(lane)?.command(command)
        return
      case "Register": {
        const metric = command.metric ?? this.#options.catalog?.get(command.name)
        const lane = this.#lane(command.lane)
        return lane?.command({ ...command, metric: metric!, left: this.#leftOf(lane, metric!) })
      }
      case "Accounts":
        return this.accounts.tell(command.recorderIds, command.stats)
      case "End":
        return void this.streams.delete(command.stream)
      case "Persist":
        return this.#persist(command)
      case "Ship":
        return this.onShip(command.ticket, command.ends)
      default:
        return this.#lane(command.lane)?.command(command)
    }
  }

  /** What a recorder leaves that is removed: to a total, or to the next one of its id. */
  #leave({ lane, total }: Extract<Command, { readonly _tag: "Close" }>): void {
    const closed = this.#lanes[lane]
    if (closed === undefined) return
    const { recorderId, stream } = closed
    const totalId = total && this.#lanes[total.lane]?.recorderId
    this.tap?.closed(closed, totalId)
    const { position } = this.reader
    // Numbers of threads are no ids to be kept apart by.
    const endedId = stream === MainStream ? recorderId : (totalId ?? recorderId)
    if (total !== undefined) this.ended?.addTotal(total.lane)
    this.ended?.leave(closed, endedId, position, Math.max(0, this.latest), this.accounts.take(recorderId))
    if (total === undefined) return this.left?.leave(closed, position)
    // The total counts it as an event.
    this.left?.leaveEvents(closed.sequence - 1, position)
    this.totals.touch(total.lane)
    const taker = this.#lane(total.lane)
    if (taker === undefined) return
    this.#absorbing++
    taker.absorb(closed, total.at, () => {
      this.#absorbing--
    })
  }

  /** Whoever keeps the state of this fold, from now on. */
  onPersist(by: Keeper, ask: AskKeeper): void {
    this.#keepers.set(by, ask)
    const persists = this.#persists
    this.#persists = []
    for (const persist of persists) this.#persist(persist)
  }

  #persist(command: Extract<Command, { readonly _tag: "Persist" }>): void {
    const { by, isLast, ticket } = command
    const ask = this.#keepers.get(by)
    if (ask === undefined) this.#persists.push(command)
    else ask((failure) => this.send({ _tag: "Persisted", by, ticket, failure }), isLast === true)
  }

  #render(render: Render): void {
    const { now, request } = render
    // All lanes are looked at. That changes them only if the clock was set back: then at once. A probe looks at none.
    const isBack = now < this.latest
    if (render.lanes.length > 0) {
      if (isBack) for (const lane of this.#lanes.keys()) this.touched.touch(lane)
      else this.latest = now
    }
    const { send, work } = this
    let hasEnded = false
    const rendering = renderLanes(render, { laneOf: (lane) => this.#lanes[lane], canWait: !isBack, send, work }, () => {
      hasEnded = true
      this.#renders.delete(request)
    })
    if (!hasEnded) this.#renders.set(request, rendering)
  }

  /** Nobody waits for the rest of an answer. */
  dropRead({ lane, request }: Unwanted): void {
    this.#lanes[lane]?.dropRead(request)
  }

  /** What a metric goes on from that is registered now. */
  #leftOf({ recorderId }: FoldLane, metric: Metric.Any): Uint8Array | undefined {
    const found = this.left?.take(recorderId, metric, this.reader.position)
    if (found?.changes === undefined) return found?.bytes
    const changes = found.changes.join(", ")
    this.notKept(recorderId, metric.name, `its definition has changed in ${changes}, so it begins anew`)
    return undefined
  }

  notKept(recorderId: string, name: string, reason: string, by: Keeper = "durable"): void {
    this.send({ _tag: "StateNotKept", by, recorderId, name, reason })
  }

  /** What had to be known of a lane to restore it is not of the next one with its number. */
  #forget(lane: Lane): void {
    this.#seen?.delete(lane)
    this.#poisons = this.#poisons.filter((poison) => poison.lane !== lane)
  }

  #newLane(lane: Lane, life: number, recorderId: string, stream: StreamNumber): FoldLane {
    // Cleared by the side that opens the lane; they may say by now that it waits.
    const options = { lane, life, recorderId, stream, counters: this.#counters.of(lane), fold: this }
    if (this.#seen === undefined) return new FoldLane(options)
    return new FoldLane({ ...options, seen: this.#seen.get(lane) ?? 0, poisons: this.#poisonsOf(lane) })
  }

  #poisonsOf(lane: Lane): ReadonlyArray<Poison> {
    return this.#poisons.filter((poison) => poison.lane === lane)
  }

  /** It is in no code of the user, and has read up to here. */
  leavePlace(): void {
    const { place } = this
    place[PlaceLane] = Nowhere
    place[PlacePosition] = this.reader.position
    place[PlaceTurns]!++
    if (this.streams.size === 1) return
    for (const { reader, words } of this.streams.values()) if (words !== undefined) words.read = reader.position
  }

  /** Whether it folds what may have ended the fold before, see {@link Restore.careful}. */
  get isCareful(): boolean {
    if (this.main.isCareful) return true
    if (this.streams.size === 1) return false
    for (const stream of this.streams.values()) if (stream.isCareful) return true
    return false
  }

  // --- checkpoints

  /**
   * Whether a lane has not all yet of what a closed one has left to it. Until then nothing is saved: what is left is
   * neither among the records of the one nor among those of the other.
   */
  get isAbsorbing(): boolean {
    return this.#absorbing > 0
  }

  /**
   * Whether it has read what lay in the log when it took the place of another one. Until then it may know less than that
   * one did, and than that one has written beyond the process.
   */
  get hasCaughtUp(): boolean {
    if (this.reader.position < this.#goneTo) return false
    for (const stream of this.streams.values()) if (!stream.hasCaughtUp) return false
    return true
  }

  /** A lane to which a command comes that it does not have yet. */
  #lane(lane: Lane): FoldLane | undefined {
    if (this.main.isRestored(lane)) return undefined
    this.touched.touch(lane)
    return this.#lanes[lane]
  }

  /** The number of one that is gone is given to another recorder later in the log. */
  #isGone(lane: Lane): boolean {
    return this.reader.position <= this.#goneTo && this.#gone.has(lane)
  }

  lane(lane: Lane): FoldLane | undefined {
    return this.#lanes[lane]
  }

  /** From now on, or from where it takes the place of another fold, what removed recorders have counted is kept. */
  keepEnded(): void {
    this.ended ??= new EndedStates({
      definitionOf: (name) => this.#options.catalog?.get(name),
      notKept: (recorderId, name, reason) => this.notKept(recorderId, name, reason, "store")
    })
  }

  get openLanes(): ReadonlyArray<Lane> {
    const open: Array<Lane> = []
    for (let lane = 0; lane < this.#lanes.length; lane++) if (this.#lanes[lane] !== undefined) open.push(lane)
    return open
  }

  /** Between two calls of the reader; see {@link SavedLane}. `undefined` for a lane that is not open. */
  saveLane(lane: Lane): SavedLane | undefined {
    return this.#lanes[lane]?.save()
  }

  /** A lane as it is now, and the positions up to which it has what lies in the logs of its commands and of its rows. */
  recordOf(lane: Lane): SavedRecord {
    return allSteps(this.#recording(lane))
  }

  /** The same in steps between which the reader may read. It is of one moment. */
  *savingLane(lane: Lane): Steps<SavedRecord> {
    const preparing = this.#lanes[lane]?.prepare()
    if (preparing !== undefined) yield* preparing
    return yield* this.#recording(lane)
  }

  *#recording(lane: Lane): Steps<SavedRecord> {
    const open = this.#lanes[lane]
    const at = this.main.positionOf(lane)
    const rowsAt = this.stream(open?.stream ?? MainStream)?.positionOf(lane) ?? at
    return laneRecord(lane, at, rowsAt, open && (yield* open.saving()))
  }

  /** What was added of all logs since this was last called, or all of it. */
  saveLogs(isWhole: boolean): Array<SavedLog> {
    return Array.from(this.streams.values(), (stream) => stream.save(isWhole))
  }

  /** Takes the place of another fold. Before there is memory, and before anything is read. */
  restore({ attached = [], careful, counters, gone, place, poisoned, seen, segments }: Restore): void {
    for (const [chunk, buffer] of counters.entries()) this.#counters.add(chunk, buffer)
    this.#seen = new Map(seen)
    this.#gone = new Set(gone.lanes)
    this.#goneTo = gone.to
    this.#poisons = poisoned
    const lanes = new Map<Lane, SavedRecord>()
    const logs: Array<LogState> = []
    const strings: Array<SavedStrings> = []
    for (const record of [...segments.values()].flatMap(recordsOf)) {
      if (record.lane === OfLeft) this.left?.restore(leftIn(record))
      else if (record.lane === OfEnded) this.ended?.restore(leftIn(record))
      else if (record.lane === OfStrings) strings.push(stringsIn(record))
      else if (record.lane === OfLog) logs.push(logIn(record))
      else lanes.set(record.lane, record)
    }
    this.latest = logs.at(-1)?.latest ?? this.latest
    const main = { stream: MainStream, place, careful, to: gone.to }
    for (const { careful, place, stream, to } of [main, ...attached]) {
      const isOf = (saved: { readonly stream: StreamNumber }): boolean => saved.stream === stream
      const restored = this.stream(stream) ?? this.#newStream(stream)
      restored.restore({ place, careful, to }, logs.filter(isOf), strings.filter(isOf))
    }
    for (const [lane, record] of lanes) {
      this.main.restored(lane, record.at)
      const saved = laneIn(record)
      if (saved === undefined) continue
      this.stream(saved.stream)?.restored(lane, record.rowsAt)
      if (!this.#gone.has(lane)) this.#restoreLane(saved)
    }
  }

  #restoreLane(saved: SavedLane): void {
    const lane = this.#newLane(saved.lane, saved.life, saved.recorderId, saved.stream)
    this.#lanes[saved.lane] = lane
    const definitionOf = (name: string): Metric.Any => {
      const metric = this.#options.catalog?.get(name)
      if (metric === undefined)
        throw new Error(`the metric "${name}" of a lane that is restored has no definition here`)
      return metric
    }
    lane.restore(saved, definitionOf, this.#poisonsOf(saved.lane))
  }
}
