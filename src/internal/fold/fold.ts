/**
 * The fold of one runtime: reads its stream, and drives the lanes of its recorders. It runs in the worker thread, or in
 * process; nothing here knows which.
 */
import type * as Metric from "../metric/definition/metric.ts"
import type { MetricEvent } from "../model/event.ts"
import { CounterTable } from "../stream/foldedCounters.ts"
import type { Command, FoldMessage, Keeper, Lane, Poison, Render, Restore, Unwanted } from "../stream/protocol.ts"
import { RowReader, type StreamHandler } from "../stream/reader.ts"
import type { Rows } from "../stream/rows/format.ts"
import { FirstLasting, FirstLayout } from "../stream/rows/format.ts"
import type { Layout } from "../stream/rows/layout.ts"
import type { Page } from "../stream/rows/page.ts"
import { generateRead } from "../stream/rows/readCode.ts"
import type { Steps } from "../util/steps.ts"
import { AnswerRoom } from "./answerRoom.ts"
import { EndedStates } from "./endedStates.ts"
import type { FoldOfLanes } from "./foldOfLanes.ts"
import type { FoldTap } from "./foldTap.ts"
import type { FoldLayout } from "./laneMetrics.ts"
import type { LeftStates } from "./leftStates.ts"
import { Nowhere, nowhere, PlaceLane, PlacePosition, PlaceTurns } from "./place.ts"
import { FoldLane } from "./recorderFold.ts"
import { renderLanes } from "./renderScrape.ts"
import type { LogState, SavedLane, SavedStrings } from "./savedLane.ts"
import {
  laneIn,
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
import { ToldAccounts } from "./toldAccounts.ts"
import { TouchedLanes } from "./touchedLanes.ts"

export interface FoldOptions {
  readonly send: (message: FoldMessage, transfers?: ReadonlyArray<ArrayBuffer>) => void
  /** Whether `send` copies, as it does to another thread. */
  readonly sendCopies: boolean
  /** See {@link FoldOfLanes}. */
  readonly awaits?: FoldOfLanes["awaits"]
  /** A page was read to its end and may be written again. */
  readonly onPageRead: (page: Page) => void
  /** The definitions by name, where they do not come with the commands. */
  readonly catalog?: ReadonlyMap<string, Metric.Any>
}

/** Has the state written, and tells why that failed, if it did. `isLast`: nothing is to be written after it. */
type AskKeeper = (end: (failure: string | undefined) => void, isLast: boolean) => void

export class Fold implements StreamHandler, FoldOfLanes {
  readonly reader: RowReader
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
  #carefulTo = 0
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
  readonly #layouts: Array<FoldLayout> = []
  /** Commands that ever came. */
  commands = 0
  /** No event came later, and no read. */
  #latest = Number.NEGATIVE_INFINITY
  // What was not saved yet.
  #saved = { strings: 0, nameLists: 0 }
  readonly #declared = new Set<number>()
  // Where it has taken the place of another fold.
  #seen: Map<Lane, number> | undefined
  /** Nobody looks at these any more, and what ended the fold before may be among their events. */
  #gone: ReadonlySet<Lane> = new Set()
  #goneTo = 0
  #poisons: ReadonlyArray<Poison> = []
  /** By lane: the position in the log up to which it was restored, and the last of these. */
  #restoredTo: Array<number> = []
  #replayEnd = 0

  constructor(options: FoldOptions) {
    this.#options = options
    this.send = options.send
    this.sendCopies = options.sendCopies
    this.awaits = options.awaits
    this.reader = new RowReader(this, options.onPageRead)
  }

  rows(lane: number, type: number, rows: Rows, at: number, count: number, time: number): void {
    if (time > this.#latest) this.#latest = time
    this.#lane(lane)?.rows(this.#layouts[type - FirstLayout]!, rows, at, count, time)
  }

  event(lane: number, event: MetricEvent, time: number): void {
    if (time > this.#latest) this.#latest = time
    this.#lane(lane)?.event(event, time)
  }

  read(lane: number, request: number, now: number, names: ReadonlyArray<string> | undefined): void {
    this.commands++
    if (now > this.#latest) this.#latest = now
    this.#lane(lane)?.command({ _tag: "Read", lane, request, what: "snapshots", now, names })
  }

  layout(type: number, layout: Layout): void {
    this.#layouts[type - FirstLayout] = { layout, read: generateRead(layout) }
    this.#declared.add(type)
  }

  skip(lane: number, to: number): void {
    this.#lane(lane)?.skip(to)
  }

  foreignEvents(lane: number, count: number): void {
    // Rows of a word each, in one: with the first of them the lane may have been restored.
    const further = Math.min(count, this.reader.position - (this.#restoredTo[lane] ?? 0))
    if (further > 0) this.#lane(lane)?.foreignEvents(further)
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
        if (!this.#isRestored(command.lane)) {
          const lane = this.#newLane(command.lane, this.reader.position, command.recorderId)
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
        if (command.now >= this.#latest) this.#latest = command.now
        else for (const lane of this.#lanes.keys()) this.#lane(lane)?.command(command)
        return
      case "Register": {
        const metric = command.metric ?? this.#options.catalog?.get(command.name)
        const lane = this.#lane(command.lane)
        return lane?.command({ ...command, metric: metric!, left: this.#leftOf(lane, metric!) })
      }
      case "Accounts":
        return this.accounts.tell(command.recorderIds, command.stats)
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
    this.tap?.closed(closed, total && this.#lanes[total.lane]?.recorderId)
    const { position } = this.reader
    if (total !== undefined) this.ended?.addTotal(total.lane)
    this.ended?.leave(closed, position, Math.max(0, this.#latest), this.accounts.take(closed.recorderId))
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
    const isBack = now < this.#latest
    if (render.lanes.length > 0) {
      if (isBack) for (const lane of this.#lanes.keys()) this.touched.touch(lane)
      else this.#latest = now
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

  #newLane(lane: Lane, life: number, recorderId: string): FoldLane {
    // Cleared by the side that opens the lane; they may say by now that it waits.
    const options = { lane, life, recorderId, counters: this.#counters.of(lane), fold: this }
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
  }

  /** Whether it folds what may have ended the fold before, see {@link Restore.careful}. */
  get isCareful(): boolean {
    if (this.#carefulTo > 0 && this.reader.position > this.#carefulTo) this.#carefulTo = 0
    return this.#carefulTo > 0
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
    return this.reader.position >= this.#goneTo
  }

  /** A lane to which something comes that it does not have yet. */
  #lane(lane: Lane): FoldLane | undefined {
    if (this.#replayEnd > 0 && this.#isRestored(lane)) return undefined
    this.touched.touch(lane)
    return this.#lanes[lane]
  }

  /** Whether a lane was restored with what is read now. */
  #isRestored(lane: Lane): boolean {
    const { position } = this.reader
    if (position > this.#replayEnd) this.#replayEnd = 0
    return position <= (this.#restoredTo[lane] ?? 0)
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
    return Array.from(this.#lanes.keys()).filter((lane) => this.#lanes[lane] !== undefined)
  }

  /**
   * The position up to which a lane has what lies in the log. One that was restored has more than was read, until the
   * reader has come to where it was saved.
   */
  positionOf(lane: Lane): number {
    return Math.max(this.reader.position, this.#restoredTo[lane] ?? 0)
  }

  /** What is to be done before a lane is saved, in steps between which the reader may read. */
  prepareLane(lane: Lane): Steps<void> | undefined {
    return this.#lanes[lane]?.prepare()
  }

  /** Between two calls of the reader; see {@link SavedLane}. `undefined` for a lane that is not open. */
  saveLane(lane: Lane): SavedLane | undefined {
    return this.#lanes[lane]?.save()
  }

  /** What was added since this was last called, or all of it; with the numbers of the first string and behind the last. */
  saveLog(isWhole: boolean): { readonly log: LogState; readonly strings: readonly [from: number, to: number] } {
    const { reader } = this
    const from = isWhole ? { strings: 0, nameLists: 0 } : this.#saved
    const types = isWhole ? Array.from(this.#layouts.keys(), (i) => i + FirstLayout) : [...this.#declared]
    const nameLists = reader.nameLists.slice(from.nameLists)
    this.#saved = { strings: reader.strings.length - FirstLasting, nameLists: from.nameLists + nameLists.length }
    this.#declared.clear()
    const layouts = types.flatMap((type) => {
      const known = this.#layouts[type - FirstLayout]
      return known === undefined ? [] : [[type, known.layout] as const]
    })
    const log = { reader: reader.save(), latest: this.#latest, firstNameList: from.nameLists, nameLists, layouts }
    return { log, strings: [from.strings, this.#saved.strings] }
  }

  /** Some of them. */
  saveStrings(from: number, to: number): SavedStrings {
    return { from, strings: this.reader.strings.slice(FirstLasting + from, FirstLasting + to) as ReadonlyArray<string> }
  }

  /** Takes the place of another fold. Before there is memory, and before anything is read. */
  restore({ careful, counters, gone, place, poisoned, seen, segments }: Restore): void {
    this.#carefulTo = careful
    for (const [chunk, buffer] of counters.entries()) this.#counters.add(chunk, buffer)
    this.#seen = new Map(seen)
    this.#gone = new Set(gone.lanes)
    this.#goneTo = gone.to
    this.#poisons = poisoned
    const lanes = new Map<Lane, SavedRecord>()
    const strings: Array<string> = []
    const nameLists: Array<ReadonlyArray<string>> = []
    let log: LogState | undefined
    for (const record of [...segments.values()].flatMap(recordsOf)) {
      if (record.lane === OfLeft) {
        this.left?.restore(leftIn(record))
        continue
      }
      if (record.lane === OfEnded) {
        this.ended?.restore(leftIn(record))
        continue
      }
      if (record.lane === OfStrings) {
        const saved = stringsIn(record)
        for (const [i, string] of saved.strings.entries()) strings[saved.from + i] = string
        continue
      }
      if (record.lane !== OfLog) {
        lanes.set(record.lane, record)
        continue
      }
      log = logIn(record)
      for (const [i, names] of log.nameLists.entries()) nameLists[log.firstNameList + i] = names
      for (const [type, layout] of log.layouts) {
        this.layout(type, layout)
        this.reader.layout(type, layout)
      }
    }
    if (log !== undefined) {
      this.#latest = log.latest
      this.reader.restore(place, log.reader, strings, nameLists)
    }
    for (const [lane, record] of lanes) {
      this.#restoredTo[lane] = record.at
      this.#replayEnd = Math.max(this.#replayEnd, record.at)
      const saved = laneIn(record)
      if (saved !== undefined && !this.#gone.has(lane)) this.#restoreLane(saved)
    }
  }

  #restoreLane(saved: SavedLane): void {
    const lane = this.#newLane(saved.lane, saved.life, saved.recorderId)
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
