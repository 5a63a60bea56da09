/**
 * A state of the hand-over: the words that both threads see, the stores that only the producer sees for certain, messages
 * on the way, and where each thread is.
 */
import type { To } from "./explore.ts"
import { packed } from "./packed.ts"

export interface Bounds {
  readonly events: number
  readonly commands: number
  /** Whether commands may wait for what comes next, beside those that may not. */
  readonly mayWait?: boolean
  /** Whether the reader falls asleep when there is nothing to do. */
  readonly sleeps: boolean
  /** Whether what is urgent is published at any time, beside commands and full pages. */
  readonly flushes: boolean
  /** Pages that may hold rows. Beside these there is one for a command that finds them full. */
  readonly pages: 2 | 3
  /** Events in flight. */
  readonly capacity: number
}

/** What may be wrong with an implementation. */
export type Fault =
  | "publishes before the rows are written"
  | "publishes with a plain store"
  | "ends a page after it published the turn"
  | "clears the next page after it published the turn"
  | "reclaims a published page, read or not"
  | "marks a page as read before it reads the rows"
  | "counts the events of a page after it marked the page as read"
  | "counts an event twice"
  | "turns the page without waking the reader"
  | "naps without looking again"
  | "rouses before it publishes"
  | "rouses without changing the signal"
  | "changes the signal without notifying"
  | "does not rouse for a command"
  | "wakes the reader, and does not rouse it"
  | "forgets that the reader sleeps"
  | "sleeps without asking"
  | "sleeps on when it was woken"
  | "reads the counters before it requests a notification"
  | "checks for requests before it counts"
  | "clears the request after it notified"

/** Words of a page: a run of two rows with its header, a word kept for a command, and the one that it ends with. */
export const Words = 5
export const RowsEnd = Words - 2
const PageSize = Words + 2
const MostPages = 4
export const publishedOf = (page: number): number => page * PageSize
export const readOf = (page: number): number => page * PageSize + 1
export const wordOf = (page: number, pos: number): number => page * PageSize + 2 + pos
/** Whether it has changed since the reader looked. */
export const Signal = MostPages * PageSize
export const Napping = Signal + 1
export const Folded = Signal + 2
export const Wanted = Signal + 3

/** What a word holds: an event by its number; or one of these, and a number on top. 0: it was never written. */
export const Header = 40
/** The number is that of the events before it. */
export const Command = 60
export const PageEnd = 80

/** Messages to the reader. `Attach` has as many attachments as it is more than this. */
export const Memory = 1
export const Sleep = 2
export const Wake = 3
export const Attach = 10
/** Messages to the producer. */
export const Idle = 1
export const WasFolded = 2

export const NapEnds = "the time of a nap is over"

/** Naps without anything to do before the reader asks whether it may sleep. */
export const NapsBeforeSleep = 2

export const zero = packed({
  numbers: [
    // The producer: `PageWriter`, `PagePool` and `Intake`.
    "page",
    "pos",
    "published",
    "runAt",
    "burst",
    "attachments",
    "readerSleeps",
    "nextPage",
    "untouched",
    "spareMade",
    "spareFree",
    "rouses",
    "accepted",
    "commands",
    "seen",
    "asked",
    "waits",
    "admits",
    "isStuck",
    "hasNews",
    // The reader: `RowReader` and `FoldThread`.
    "readerPage",
    "readerPos",
    "end",
    "oldPage",
    "naps",
    "maySleep",
    "hasSpare",
    "arrived",
    "skipped",
    "notCounted",
    // What no thread knows: how much was read, was published, and was published and roused for.
    "eventsRead",
    "commandsRead",
    "eventsPublished",
    "urgent",
    "urgentSoon",
    "isWrong"
  ],
  choices: {
    /** Where the producer is. */
    at: [
      "ready",
      "take",
      "attach",
      "publish",
      "wake",
      "rouse: State",
      "rouse: exchange",
      "rouse: Signal",
      "rouse: notify",
      "hasCredit",
      "hasCredit, flushed",
      "askForNews: want",
      "askForNews: look",
      "onFolded"
    ],
    /** The command that is being written, for which there may have to be another page first. */
    command: ["none", "urgent", "may wait"],
    /** What it does when it has published. */
    whenDone: ["return", "write the event", "write the command", "look for credit", "ask for news"],
    /** Where the reader is. */
    readerAt: [
      "run",
      "read",
      "readPage",
      "count",
      "takeWanted",
      "takeWanted: exchange",
      "tell",
      "setRead",
      "nextTurn",
      "nextTurn, nap",
      "idle",
      "nap: Signal",
      "nap: State",
      "nap: hasWork",
      "nap: wait",
      "napping",
      "nap: over",
      "message"
    ]
  },
  lists: {
    /** The words that both threads see. */
    memory: Wanted + 1,
    /** Stores that only the producer sees for certain: where, with a mark if they are atomic, and what. */
    storeTo: 16,
    storeOf: 16,
    toReader: 12,
    toProducer: 8,
    /** Pages in the order of writing, and those that may be written again. */
    full: 4,
    free: 4
  }
})
export type S = typeof zero

// --- memory

const pageWords = ["publishedEnd", "read"]
const nameOf = (word: number): string => {
  if (word >= Signal) return ["Signal", "State", "Folded", "Wanted"][word - Signal]!
  return `${pageWords[word % PageSize] ?? "rows"} ${Math.floor(word / PageSize)}`
}

/** Where accesses are listed, if somebody compares them with those of the code. */
let listed: Array<string> | undefined

/** The accesses of an action, in order, under the names that {@link HandoverTrace} gives them. */
export const accessesOf = (action: () => void): ReadonlyArray<string> => {
  const list: Array<string> = []
  listed = list
  action()
  listed = undefined
  return list
}

/** Lists an access to a word. */
export const accesses = (how: string, word: number): void => {
  listed?.push(`${how} ${nameOf(word)}`)
}

/** Lists what orders the accesses before it. */
export const notes = (what: string): void => {
  listed?.push(what)
}

export const AtomicStore = 128

/** All stores up to the one at an index are seen. */
const commit = (s: S, upTo: number): void => {
  for (let i = 0; i <= upTo; i++) s.memory.set(s.storeTo.remove(0) & ~AtomicStore, s.storeOf.remove(0))
}

/** An atomic access of the producer comes after those before it. */
const afterAtomics = (s: S): void => {
  for (let i = s.storeTo.length - 1; i >= 0; i--) if (s.storeTo.at(i) >= AtomicStore) return commit(s, i)
}

/** Messages and exchanges come after everything before them. */
export const afterAll = (s: S): void => commit(s, s.storeTo.length - 1)

export const store = (s: S, to: number, value: number): void => {
  accesses("write", to)
  buffer(s, to, value)
}

const buffer = (s: S, to: number, value: number): void => {
  s.storeTo.push(to)
  s.storeOf.push(value)
}

export const storeAtomically = (s: S, to: number, value: number): void => {
  accesses("store", to)
  afterAtomics(s)
  buffer(s, to | AtomicStore, value)
}

/** A word as the producer sees it. */
export const own = (s: S, at: number): number => {
  for (let i = s.storeTo.length - 1; i >= 0; i--) if ((s.storeTo.at(i) & ~AtomicStore) === at) return s.storeOf.at(i)
  return s.memory.at(at)
}

export const load = (s: S, at: number): number => {
  accesses("load", at)
  afterAtomics(s)
  return own(s, at)
}

/** Calls `seen` with each value that the reader may see in a word, and what is seen with it. */
export const loads = (s: S, at: number, to: To<S>, step: string, seen: (after: S, value: number) => void): void => {
  const loaded = (after: S): void => {
    accesses("load", at)
    seen(after, after.memory.at(at))
  }
  to(step, loaded)
  for (let i = 0; i < s.storeTo.length; i++) {
    if ((s.storeTo.at(i) & ~AtomicStore) !== at) continue
    to(`${step}, a store that is not over`, (after) => {
      if (after.storeTo.at(i) >= AtomicStore) commit(after, i)
      else {
        for (let j = 0, k = 0; j <= i; j++) {
          if ((after.storeTo.at(k) & ~AtomicStore) !== at) k++
          else after.memory.set(after.storeTo.remove(k) & ~AtomicStore, after.storeOf.remove(k))
        }
      }
      loaded(after)
    })
  }
}

/** Whether a store to a word may not be seen yet. */
export const isUnseen = (s: S, word: number): boolean => {
  for (let i = 0; i < s.storeTo.length; i++) if ((s.storeTo.at(i) & ~AtomicStore) === word) return true
  return false
}

export const messageName = (message: number): string =>
  message === Memory ? "Memory" : message === Sleep ? "Sleep" : message === Wake ? "Wake" : "Attach"

export const post = (s: S, message: number): void => {
  notes(`post ${messageName(message)}`)
  afterAll(s)
  s.toReader.push(message)
}

/** How many events and commands were written, and were read. */
export const written = (s: S): number => s.accepted + s.commands
export const wasRead = (s: S): number => s.eventsRead + s.commandsRead
