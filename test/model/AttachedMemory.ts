/**
 * The memory of attached threads, as a model whose interleavings can be explored to the last one; see
 * docs/design/protocol.md, "The end of a thread". A thread writes pages and may be terminated between any two stores to their
 * headers, the fold may die at every step, and once a checkpoint covers the `End` of the stream a second thread gets the memory.
 *
 * Every store is seen at once here, and commands are in no order with events but for `End`: the models of the hand-over and of
 * attached threads have both. A page has room for one event and for the word that it ends with.
 */
import type { Model, To } from "./explore.ts"
import { packed } from "./packed.ts"

export interface Bounds {
  /** Events of each thread. */
  readonly events: readonly [number, number]
  /** How often the fold may die. */
  readonly deaths: number
}

/** What may be wrong with an implementation. */
export type Fault =
  | "releases memory when End is sent"
  | "releases memory when the rows are covered but End is not"
  | "releases memory that the next fold is given"
  | "forgets the stream position before End is covered"
  | "mistakes the end of a checkpoint for its position"
  | "ends an unread stream"
  | "does not clear the headers of released memory"
  | "has room for rows after it was closed"
  | "publishes nothing for an exited thread"
  | "continues in a page before it is cleared"
  | "sets the log page number after it clears the mark"
  | "marks pages as read when they were read"
  | "marks pages as read before the checkpoint is posted"
  | "ignores a checkpoint when the fold has died"
  | "marks no covered pages when the fold is replaced"
  | "reads the log page number before it reads the mark"
  | "treats a stream as behind that was read past the published position"

/** Of a memory. A page has its number among all of them. */
const Pages = 2
const Words = 2

const None = 0
const Ready = 1
const Closed = 2
const Terminated = 3
/** Behind this number: the step of going on in another page. */
const Turning = 4

/** What is saved of a fold: how many commands it has, the total, and by stream whether it is there, its place and its events. */
const Done = 0
const Total = 1
const Has = 2
const AtPage = 4
const AtTurn = 6
const AtWord = 8
const Folded = 10
const Saved = 12

const positionOf = (turn: number, word: number): number => turn * (Words + 1) + word

const zero = packed({
  numbers: ["second", "cover", "seen", "hasPosted", "deaths", "wrong"],
  choices: {
    fold: ["runs", "dead", "restoring"],
    round: ["none", "begun", "posted"]
  },
  lists: {
    // By page: its header, where a turn is 1 more than that of the log and 0 is none; its event, and the page behind it.
    turns: 2 * Pages,
    published: 2 * Pages,
    wasRead: 2 * Pages,
    events: 2 * Pages,
    next: 2 * Pages,
    // By stream. Of the thread: where it is, the page that it writes and its turn, the next free word, and its events.
    at: 2,
    page: 2,
    turn: 2,
    word: 2,
    emitted: 2,
    // Shared words: positions up to which the thread has published and the fold has read.
    shown: 2,
    read: 2,
    // Of the main thread: the first page, whether a fold is told of it, where it ends, and how many commands are up to its End.
    memory: 2,
    isTold: 2,
    endsAt: 2,
    endedBy: 2,
    /** Commands: the `End` of these streams. */
    log: 2,
    // Of the fold.
    uncovered: 4,
    roundPages: 4,
    state: Saved,
    roundState: Saved,
    posted: Saved,
    kept: Saved
  }
})
type S = typeof zero
type List = S["log"]

const fill = (list: List, length: number): void => {
  for (let i = 0; i < length; i++) list.push(0)
}
const move = (from: List, to: List): void => {
  while (from.length > 0) to.push(from.remove(0))
}
const copy = (from: List, to: List): void => {
  for (let i = 0; i < Saved; i++) to.set(i, from.at(i))
}

const streams = [0, 1] as const
type Stream = (typeof streams)[number]

const eventOf = (stream: Stream, sequence: number): number => stream * 16 + sequence

export const attachedMemory = (bounds: Bounds, fault?: Fault): Model<S> => {
  const is = (each: Fault): boolean => fault === each

  // --- a thread

  const otherPage = (s: S, of: Stream): number => 2 * Pages * s.memory.at(of) + 1 - s.page.at(of)
  /** Where the thread goes on, and whether it was somewhere before. */
  const hasBegun = (s: S, of: Stream): boolean => s.turn.at(of) > 0

  /** `PagePool.take`, and `PageWriter.nextPage`: stores between which the thread may be terminated. */
  const clearing: ReadonlyArray<readonly [string, (s: S, of: Stream, next: number) => void]> = [
    ["clearPage: turn", (s, of, next) => s.turns.set(next, s.turn.at(of) + 1)],
    ["clearPage: published", (s, _, next) => s.published.set(next, 0)],
    ["clearPage: read", (s, _, next) => s.wasRead.set(next, 0)]
  ]
  const sealing: typeof clearing = [
    ["PageWriter.nextPage: the end", (s, of, next) => s.next.set(s.page.at(of), next + 1)],
    ["PageWriter.nextPage: publish", (s, of) => s.published.set(s.page.at(of), Words)]
  ]
  const goesOn: (typeof clearing)[number] = [
    "PageWriter.nextPage: goes on",
    (s, of, next) => {
      s.page.set(of, next)
      s.word.set(of, 0)
      s.turn.set(of, s.turn.at(of) + 1)
    }
  ]
  const isMarkFirst = is("sets the log page number after it clears the mark")
  const cleared = isMarkFirst ? clearing.toReversed() : clearing
  const first = [...cleared, goesOn]
  const turning = is("continues in a page before it is cleared")
    ? [...sealing, ...cleared, goesOn]
    : [...cleared, ...sealing, goesOn]

  const publish = (s: S, of: Stream): void => {
    s.published.set(s.page.at(of), s.word.at(of))
    s.shown.set(of, positionOf(s.turn.at(of) - 1, s.word.at(of)))
  }

  const emit = (s: S, of: Stream): void => {
    s.emitted.set(of, s.emitted.at(of) + 1)
    s.events.set(s.page.at(of), eventOf(of, s.emitted.at(of)))
    s.word.set(of, 1)
  }

  const isWaiting = (s: S, of: Stream): boolean => s.word.at(of) === 1 && s.emitted.at(of) < bounds.events[of]

  /** Whether the page was never written, or may be written again. */
  const hasPage = (s: S, of: Stream): boolean => s.turn.at(of) === 1 || s.wasRead.at(otherPage(s, of)) === 1

  const thread = (s: S, of: Stream, to: To<S>): void => {
    const at = s.at.at(of)
    if (at >= Turning) {
      const steps = hasBegun(s, of) ? turning : first
      const [name, store] = steps[at - Turning]!
      to(name, (after) => {
        store(after, of, hasBegun(s, of) ? otherPage(s, of) : s.page.at(of))
        after.at.set(of, at - Turning + 1 < steps.length ? at + 1 : Ready)
      })
    } else if (at === Ready) {
      const isPublished = s.published.at(s.page.at(of)) >= s.word.at(of)
      if (!isPublished) to("PageWriter.publish", (after) => publish(after, of))
    }
  }

  const application = (s: S, of: Stream, to: To<S>): void => {
    const at = s.at.at(of)
    if (at === Ready) {
      if (s.word.at(of) === 0 && s.emitted.at(of) < bounds.events[of]) to("emit", (after) => emit(after, of))
      if (isWaiting(s, of) && hasPage(s, of)) to("PagePool.take", (after) => after.at.set(of, Turning))
      to("AttachedLink.close", (after) => after.at.set(of, Closed))
    }
    if (at === Closed && s.word.at(of) === 0 && hasBegun(s, of) && is("has room for rows after it was closed")) {
      to("emit, closed", (after) => {
        emit(after, of)
        publish(after, of)
      })
    }
    if (at === Ready || at >= Turning) to("the thread is terminated", (after) => after.at.set(of, Terminated))
  }

  // --- the main thread

  const hasEnded = (s: S, of: Stream): boolean => s.at.at(of) === Closed || s.at.at(of) === Terminated

  /** `AttachedStream.end`, and `AttachedThreads.end` behind it. */
  const end = (s: S, of: Stream): void => {
    const page = s.page.at(of)
    if (s.word.at(of) > s.published.at(page) && !is("publishes nothing for an exited thread")) {
      s.published.set(page, s.word.at(of))
    }
    // That of a page that was never written is below zero.
    const position = Math.max(0, positionOf(s.turns.at(page) - 1, s.published.at(page)))
    s.shown.set(of, position)
    s.endsAt.set(of, position)
    s.log.push(of)
    s.endedBy.set(of, s.log.length)
  }

  const receive = (s: S): void => {
    if (s.hasPosted === 0) return
    copy(s.posted, s.kept)
    s.hasPosted = 0
  }

  const mayForget = (s: S, of: Stream): boolean => {
    if (s.endedBy.at(of) === 0) return false
    if (is("releases memory when End is sent")) return true
    if (is("releases memory when the rows are covered but End is not")) {
      return positionOf(s.kept.at(AtTurn + of), s.kept.at(AtWord + of)) >= s.endsAt.at(of)
    }
    return s.endedBy.at(of) <= s.kept.at(Done)
  }

  const forgetEnded = (s: S): void => {
    receive(s)
    if (is("releases memory that the next fold is given")) return
    for (const of of streams) if (mayForget(s, of)) s.isTold.set(of, 0)
  }

  /** `AttachedThreads.add`, of the second thread, and its own allocation. */
  const attach = (s: S): void => {
    forgetEnded(s)
    const isSpare = mayForget(s, 0)
    s.memory.set(1, isSpare ? 0 : 1)
    s.page.set(1, Pages * s.memory.at(1))
    if (!is("does not clear the headers of released memory")) {
      for (let page = s.page.at(1); page < s.page.at(1) + Pages; page++) {
        for (const each of [s.turns, s.published, s.wasRead]) each.set(page, 0)
      }
    }
    s.second = 1
    s.at.set(1, Turning)
    s.isTold.set(1, 1)
    if (s.fold === "runs") tell(s, 1)
  }

  /** A fold hears of a stream. It begins in its first page, unless it was restored. */
  const tell = (s: S, of: Stream): void => {
    if (s.state.at(Has + of) === 1) return
    s.state.set(Has + of, 1)
    s.state.set(AtPage + of, Pages * s.memory.at(of))
    for (const each of [AtTurn, AtWord, Folded]) s.state.set(each + of, 0)
  }

  const disconnect = (s: S): void => {
    if (is("ignores a checkpoint when the fold has died")) s.hasPosted = 0
    forgetEnded(s)
    s.fold = "restoring"
    s.cover = 0
  }

  const connect = (s: S): void => {
    copy(s.kept, s.state)
    copy(s.kept, s.roundState)
    for (const of of streams) {
      if (s.isTold.at(of) === 0) s.state.set(Has + of, 0)
      else tell(s, of)
      if (s.endedBy.at(of) === 0 || !is("forgets the stream position before End is covered")) continue
      s.state.set(AtPage + of, Pages * s.memory.at(of))
      for (const each of [AtTurn, AtWord]) s.state.set(each + of, 0)
    }
    s.fold = "runs"
  }

  /** `coverPages`: three looks at each page, while threads go on. */
  const cover = (s: S, to: To<S>): void => {
    const [index, phase] = [Math.floor(s.cover / 3), s.cover % 3]
    const of = streams[index < Pages ? 0 : 1]
    const page = Pages * s.memory.at(of) + (index % Pages)
    const turns = s.kept.at(Has + of) === 1 ? s.kept.at(AtTurn + of) : 0
    if (index === 2 * Pages || is("marks no covered pages when the fold is replaced")) {
      return to("toWorker: connect", connect)
    }
    if (phase === 0 && (s.isTold.at(of) === 0 || turns === 0)) {
      return to("coverPages: none", (after) => {
        after.cover += 3
      })
    }
    const mark = (after: S): boolean => after.wasRead.at(page) === 0
    const turn = (after: S): boolean => after.turns.at(page) > 0 && after.turns.at(page) <= turns
    const isTurnFirst = is("reads the log page number before it reads the mark")
    const looks = isTurnFirst ? [turn, mark] : [mark, turn]
    if (phase === 2) {
      return to("coverPages: setRead", (after) => {
        after.wasRead.set(page, 1)
        after.cover++
      })
    }
    to(phase === 0 ? "coverPages: isRead" : "coverPages: turnOf", (after) => {
      after.cover += looks[phase]!(after) ? 1 : 3 - phase
    })
  }

  const main = (s: S, to: To<S>): void => {
    if (s.fold === "restoring") return cover(s, to)
    if (s.fold === "dead") to("toWorker: disconnect", disconnect)
    for (const of of streams) {
      if (hasEnded(s, of) && s.endedBy.at(of) === 0) to("HostedThread.onClose", (after) => end(after, of))
    }
  }

  // --- the fold

  const read = (s: S, of: Stream): void => {
    const { state } = s
    const page = state.at(AtPage + of)
    if (state.at(AtWord + of) === 0) {
      const sequence = state.at(Folded + of) + 1
      if (s.events.at(page) !== eventOf(of, sequence)) s.wrong = 1
      state.set(Folded + of, sequence)
      state.set(AtWord + of, 1)
    } else {
      state.set(AtPage + of, s.next.at(page) - 1)
      state.set(AtTurn + of, state.at(AtTurn + of) + 1)
      state.set(AtWord + of, 0)
      if (is("marks pages as read when they were read")) s.wasRead.set(page, 1)
      else s.uncovered.push(page * 2 + of)
    }
    s.read.set(of, place(s, of))
  }

  const place = ({ state }: S, of: Stream): number => positionOf(state.at(AtTurn + of), state.at(AtWord + of))

  const endStream = (s: S, of: Stream): void => {
    const { state } = s
    state.set(Done, state.at(Done) + 1)
    state.set(Total, state.at(Total) + state.at(Folded + of))
    for (const each of [Has, AtPage, AtTurn, AtWord, Folded]) state.set(each + of, 0)
    for (let i = s.uncovered.length - 1; i >= 0; i--) if (s.uncovered.at(i) % 2 === of) s.uncovered.remove(i)
  }

  const post = (s: S): void => {
    if (is("mistakes the end of a checkpoint for its position")) copy(s.state, s.roundState)
    copy(s.roundState, s.posted)
    s.hasPosted = 1
    s.round = s.roundPages.length === 0 ? "none" : "posted"
  }

  const release = (s: S): void => {
    s.wasRead.set(s.roundPages.remove(0) >> 1, 1)
    if (s.roundPages.length === 0 && s.round === "posted") s.round = "none"
  }

  const foldOf = (s: S, to: To<S>): void => {
    for (const of of streams) {
      const isHere = s.state.at(Has + of) === 1
      if (isHere && s.state.at(AtWord + of) < s.published.at(s.state.at(AtPage + of))) {
        to("RowReader.#readPage", (after) => read(after, of))
      }
    }
    const done = s.state.at(Done)
    if (done < s.log.length) {
      const of = streams[s.log.at(done) as Stream]
      const hasReached = place(s, of) >= s.endsAt.at(of) || is("ends an unread stream")
      if (hasReached) to("Fold.command: End", (after) => endStream(after, of))
    }
    const isDue = s.uncovered.length > 0 || done > s.roundState.at(Done)
    if (s.round === "none" && isDue) {
      to("Checkpoints.#begin", (after) => {
        copy(after.state, after.roundState)
        move(after.uncovered, after.roundPages)
        after.round = "begun"
      })
    }
    const releases = s.round === "posted" || is("marks pages as read before the checkpoint is posted")
    if (s.roundPages.length > 0 && releases) to("page.setRead", release)
    else if (s.round === "begun") to("Checkpoints: post", post)
  }

  const die = (s: S): void => {
    for (const each of [s.uncovered, s.roundPages]) while (each.length > 0) each.remove(0)
    s.round = "none"
    s.fold = "dead"
    s.deaths++
  }

  const byItself = (s: S, to: To<S>): void => {
    for (const of of streams) thread(s, of, to)
    main(s, to)
    if (s.fold === "runs") foldOf(s, to)
  }

  const whyWrongOf = (s: S, of: Stream): string | undefined => {
    if (s.at.at(of) === None) return undefined
    if (s.endedBy.at(of) > 0) {
      if (s.state.at(Done) < s.endedBy.at(of)) return "a command waits for ever"
      const isBehind = is("treats a stream as behind that was read past the published position")
        ? s.read.at(of) !== s.shown.at(of)
        : s.read.at(of) < s.shown.at(of)
      return isBehind ? "a stream that has ended is behind for ever" : undefined
    }
    if (s.state.at(Folded + of) !== s.emitted.at(of)) return "an event was not folded"
    return isWaiting(s, of) && !hasPage(s, of) ? "a thread waits for a page for ever" : undefined
  }

  const initial = zero.copy()
  for (const each of [initial.turns, initial.published, initial.wasRead, initial.events, initial.next]) {
    fill(each, 2 * Pages)
  }
  const { at, emitted, endedBy, endsAt, isTold, memory, page, shown, turn, word } = initial
  for (const each of [at, emitted, endedBy, endsAt, isTold, memory, page, shown, turn, word]) fill(each, 2)
  fill(initial.read, 2)
  for (const each of [initial.state, initial.roundState, initial.posted, initial.kept]) fill(each, Saved)
  for (const each of [initial.turns, turn]) each.set(0, 1)
  at.set(0, Ready)
  isTold.set(0, 1)
  initial.state.set(Has, 1)

  return {
    initial,
    next: (s, to) => {
      for (const of of streams) application(s, of, to)
      byItself(s, to)
      if (s.second === 0 && s.endedBy.at(0) > 0 && s.fold !== "restoring") to("AttachedThreads.add", attach)
      if (s.fold === "runs" && s.deaths < bounds.deaths) to("the fold dies", die)
    },
    whyWrong: (s) => {
      if (s.wrong === 1) return "a row was read that is not the next one"
      let rests = true
      byItself(s, () => (rests = false))
      if (!rests) return undefined
      for (const of of streams) {
        const reason = whyWrongOf(s, of)
        if (reason !== undefined) return reason
      }
      let ended = 0
      for (const of of streams) if (s.endedBy.at(of) > 0) ended += s.emitted.at(of)
      return s.state.at(Total) === ended ? undefined : "the total has not what the threads have emitted"
    }
  }
}
