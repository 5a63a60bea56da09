/**
 * A state of a stream whose reader may die: the pages, what is on its way between the threads, what the application thread
 * keeps for the next reader, and what the reader knows and loses.
 */
import { packed } from "./packed.ts"

export interface Bounds {
  /** Events of each lane, in all of its lives. */
  readonly events: readonly [number, number]
  readonly pages: 2 | 3
  /** How often the reader dies. */
  readonly deaths: number
  /** Events of the first lane in flight. */
  readonly capacity: number
  /** Reads of the first lane. */
  readonly reads: number
  /** How often the second lane is closed and its number is used again. */
  readonly reopens: number
  /** Whether the second lane leaves its events to the first one when it is closed. There are no reads then. */
  readonly leaves?: boolean
  /** Whether somebody listens to the changes of the first lane. */
  readonly listens: boolean
  /** Whether commands alone make a checkpoint due, as many of them do. */
  readonly manyCommands: boolean
  /** Whether time passes between events. */
  readonly time: boolean
}

/** What may be wrong with an implementation. */
export type Fault =
  | "marks a page as read when it was read"
  | "marks pages as read before the checkpoint is posted"
  | "marks pages as read that were read during a checkpoint"
  | "covers the position where a checkpoint ends"
  | "posts the covered position before the lanes"
  | "saves the state of the log at the end of a checkpoint"
  | "forgets lanes touched during a checkpoint"
  | "saves a lane as if it were at the covered position"
  | "saves a lane as if it were no further than the reader"
  | "reopens a restored lane"
  | "saves only the touched lanes instead of all"
  | "replaces kept data before all lanes are saved"
  | "keeps no commands"
  | "drops commands before they are covered"
  | "sends no kept commands to the next reader"
  | "ignores a checkpoint when the reader has died"
  | "ignores an answer when the reader has died"
  | "forgets an unanswered request"
  | "replaces a reader that still runs"
  | "releases no covered pages when the reader is replaced"
  | "does not notify waiters that the reader was replaced"
  | "reuses a lane number before its close is covered"
  | "treats a removed lane as permanently removed"
  | "continues counting from the shown counters"
  | "shows counters that are behind"
  | "resends changes that were received"
  | "treats any delivery as its own"
  | "saves while a total absorbs what was left to it"
  | "saves a lane that was closed without the total"

// Rows of a page, and the word that it ends with.
export const Rows = 2
export const PageWords = Rows + 1
const MostPages = 3

// What a row is; what is in its second byte.
/** Of lane 0 or 1: {@link eventOf}. */
export const Event = 1
export const Time = 3
export const Command = 4
/** The number of the next page. */
export const PageEnd = 5

// What a command does, by its lane: {@link commandOf}.
export const Open = 0
export const Close = 1
export const Read = 2
export const Rewind = 3
export const Delivered = 4
export const commandOf = (what: number, lane: number, value: number): number => what | (lane << 3) | (value << 4)

/** Its number in its life, the life of its lane, and the time: how often it has passed. */
export const eventOf = (sequence: number, life: number, time: number): number => sequence | (life << 3) | (time << 5)

// Messages to the application thread: what, and {@link commandOf} with that.
export const Folded = 5
export const Closed = 6
export const Answer = 7

/** Numbers of a lane that is saved: lane + 1 or 0, position, life, sequence, held, whether it waits, its counts, what was left to it. */
export const Lane = 8
/** Numbers of a part of a checkpoint: a lane; whether it is the last, and what it covers: page, turn, word; how many of the last segments are enough, if not all, and time. */
export const Part = Lane + 5

export const zero = packed({
  numbers: [
    // The application thread: the writer, the recorders, and what is kept.
    "page",
    "pos",
    "turn",
    "time",
    "asked",
    "covered",
    "coveredPage",
    "coveredTurn",
    "coveredWord",
    "deaths",
    "closedAt",
    "taken",
    // The reader.
    "rPage",
    "rTurn",
    "rWord",
    "rTime",
    "rEnd",
    /** The position up to which nothing of the second lane is folded again. */
    "goneTo",
    "rounds",
    "isOfAnother",
    "hasCommands",
    "round",
    "roundPage",
    "roundTurn",
    "roundWord",
    "roundTime",
    "roundParts",
    "isWhole",
    /** The lane of which it is known that its recorder waits. */
    "owesFolded",
    /** What the first lane has of events that the second one has left to it, what it does not have yet, and whether it is to be saved for that. */
    "rTotal",
    "rLeft",
    "isTotalDue",
    // What no thread knows.
    "wrong",
    "closes"
  ],
  choices: {
    /** Where the application thread is. */
    at: ["ready", "publish", "turned", "want", "look", "restarted"],
    /** The second lane: its number may be free, and may be used again. */
    second: ["open", "closing", "closed"],
    /** Whether a fiber waits for room for an event of the first lane. */
    waits: ["no", "yes"],
    reader: ["runs", "dead", "cut off", "gone"]
  },
  lists: {
    /** Rows, in two bytes each, by page. */
    words: MostPages * PageWords * 2,
    published: MostPages,
    wasRead: MostPages,
    full: MostPages,
    free: MostPages,
    /** By lane. */
    emitted: 2,
    life: 2,
    counted: 2,
    wanted: 2,
    seen: 2,
    /** Attachments: positions and commands. */
    keptAt: 12,
    kept: 12,
    sentAt: 12,
    sent: 12,
    segments: 15 * Lane,
    saved: 12 * Part,
    replies: 12,
    replyOf: 12,
    /** By request: the number of the last event before it, and 8 while it waits. */
    reads: 2,
    /** Changes that the listener has not taken: their sequence numbers. */
    changes: 6,
    // The reader: by lane, the pages of the round and those that come after it, and commands that have come.
    rLife: 2,
    rSequence: 2,
    rHeld: 2,
    rWaits: 2,
    rCounted: 2,
    rBehind: 2,
    rRestored: 2,
    touched: 2,
    roundLanes: 2,
    rPages: MostPages,
    roundPages: MostPages,
    release: MostPages
  }
})
export type S = typeof zero
export type List = S["words"]

export const clear = (list: List): void => {
  while (list.length > 0) list.remove(list.length - 1)
}

export const fill = (list: List, length: number, value = 0): void => {
  clear(list)
  for (let i = 0; i < length; i++) list.push(value)
}

export const positionOf = (turn: number, word: number): number => turn * PageWords + word

export const has = (list: List, value: number): boolean => {
  for (let i = 0; i < list.length; i++) if (list.at(i) === value) return true
  return false
}

/** Something that must never happen; the first of these is kept. */
export const reasons = [
  "",
  "a row was read that is not the next one",
  "a command was taken for another one",
  "counters go back",
  "more events are counted than there were",
  "an answer does not show what came before its question",
  "a listener gets another change than the next",
  "a change is counted that was not received"
] as const
export const fail = (s: S, reason: (typeof reasons)[number]): void => {
  if (s.wrong === 0) s.wrong = reasons.indexOf(reason)
}
