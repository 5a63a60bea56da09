/**
 * A stream whose reader may die at every step, and is replaced by another one that goes on from the last checkpoint; see
 * docs/design/protocol.md. Its steps are named after the functions that they stand for: in `stream/` and `link/` those of the
 * application thread, in `fold/` those of the reader.
 *
 * How rows and counters come to be seen is in the model of the hand-over; here each step is seen at once. A checkpoint is
 * begun at any time at which there is something that it would cover, and each part of it has one lane.
 */
import { readerOf } from "./CheckpointsReader.ts"
import {
  Answer,
  type Bounds,
  Close,
  Closed,
  Command,
  clear,
  commandOf,
  Delivered,
  Event,
  eventOf,
  type Fault,
  Folded,
  fail,
  fill,
  Lane,
  Open,
  PageEnd,
  PageWords,
  Part,
  positionOf,
  Read,
  Rewind,
  Rows,
  reasons,
  type S,
  Time,
  zero
} from "./CheckpointsState.ts"
import type { Model, To } from "./explore.ts"

export const checkpoints = (bounds: Bounds, fault?: Fault): Model<S> => {
  const is = (each: Fault): boolean => fault === each
  const reader = readerOf(bounds, is)
  const first = 0
  const second = 1

  // --- the writer

  const putRow = (s: S, what: number, of: number): void => {
    const at = (s.page * PageWords + s.pos++) * 2
    s.words.set(at, what)
    s.words.set(at + 1, of)
  }

  /** `PagePool.#collect`. */
  const collect = (s: S): void => {
    while (s.full.length > 0 && s.wasRead.at(s.full.at(0)) === 1) s.free.push(s.full.remove(0))
  }

  /** Whether there is room on this page or, after `PageWriter.nextPage`, another. */
  const room = (s: S): boolean => {
    if (s.pos < Rows) return true
    collect(s)
    if (s.free.length === 0) return false
    const next = s.free.remove(0)
    s.published.set(next, 0)
    s.wasRead.set(next, 0)
    for (let i = 0; i < PageWords * 2; i++) s.words.set(next * PageWords * 2 + i, 0)
    s.full.push(s.page)
    putRow(s, PageEnd, next)
    s.published.set(s.page, s.pos)
    s.page = next
    s.pos = 0
    s.turn++
    return true
  }

  const hasRoom = (s: S): boolean =>
    s.pos < Rows || s.free.length > 0 || (s.full.length > 0 && s.wasRead.at(s.full.at(0)) === 1)

  /** Publishes what was written; a page that was turned is followed by `KeptLog.receive`. */
  const publish = (s: S): void => {
    s.published.set(s.page, s.pos)
    s.at = s.pos === 1 && s.turn > 0 ? "turned" : "ready"
  }

  const emit = (s: S, lane: number): void => {
    room(s)
    s.emitted.set(lane, s.emitted.at(lane) + 1)
    putRow(s, Event + lane, eventOf(s.emitted.at(lane), s.life.at(lane), s.time))
    publish(s)
  }

  /** `PageWriter.command`, up to where it is published: it is kept, and attached. */
  const command = (s: S, of: number): void => {
    room(s)
    putRow(s, Command, 0)
    const at = positionOf(s.turn, s.pos)
    if (!is("keeps no commands")) {
      s.keptAt.push(at)
      s.kept.push(of)
    }
    if (s.reader === "runs" || s.reader === "dead") {
      s.sentAt.push(at)
      s.sent.push(of)
    }
    s.at = "publish"
  }

  const hasCredit = (s: S): boolean => s.emitted.at(first) - s.counted.at(first) < bounds.capacity

  // --- what is kept

  /** `KeptSegments.drop`: what there is again of the same lane, and what has no lane. */
  const dropSuperseded = (s: S): void => {
    for (let i = s.segments.length - Lane; i >= 0; i -= Lane) {
      const lane = s.segments.at(i)
      let isNeeded = lane > 0
      for (let j = i + Lane; j < s.segments.length; j += Lane) if (s.segments.at(j) === lane) isNeeded = false
      if (!isNeeded) for (let j = 0; j < Lane; j++) s.segments.remove(i)
    }
  }

  /** `KeptLog.#add`, of all that has come. */
  const receive = (s: S): void => {
    while (s.saved.length > 0) {
      const part = Array.from({ length: Part }, () => s.saved.remove(0))
      for (let i = 0; i < Lane; i++) s.segments.push(part[i]!)
      const [covers, page, turn, word, last] = part.slice(Lane) as [number, number, number, number, number]
      const enough = last & 15
      if (enough > 0) while (s.segments.length > enough * Lane) s.segments.remove(0)
      if (covers === 1) dropSuperseded(s)
      if (covers === 0 && !is("drops commands before they are covered")) continue
      const place = positionOf(turn, word)
      while (s.keptAt.length > 0 && s.keptAt.at(0) <= place) {
        s.keptAt.remove(0)
        s.kept.remove(0)
      }
      if (covers === 0) continue
      s.coveredPage = page
      s.coveredTurn = turn
      s.coveredWord = word
      s.covered = last >> 4
    }
  }

  // --- what comes from the fold

  const onReply = (s: S): void => {
    const what = s.replies.remove(0)
    const of = s.replyOf.remove(0)
    const lane = (of >> 3) & 1
    const value = of >> 4
    if (what === Delivered) {
      s.seen.set(lane, value)
      s.changes.push(value)
    } else if (what === Closed) {
      if (s.second === "closing") {
        s.second = "closed"
        s.closedAt = positionOf(s.turn, s.pos)
      }
    } else if (what === Answer) {
      const request = value & 1
      if ((s.reads.at(request) & 7) !== value >> 1) fail(s, "an answer does not show what came before its question")
      s.reads.set(request, s.reads.at(request) & 7)
    } else if (what === Folded) onFolded(s)
  }

  /** `Intake.onFolded`, of the first lane. */
  const onFolded = (s: S): void => {
    if (s.waits === "yes") s.at = "look"
  }

  // --- the worker is replaced

  const disconnect = (s: S): void => {
    if (is("ignores an answer when the reader has died")) {
      clear(s.replies)
      clear(s.replyOf)
    }
    while (s.replies.length > 0) onReply(s)
    s.at = "ready"
    if (is("ignores a checkpoint when the reader has died")) clear(s.saved)
    receive(s)
  }

  const again = (s: S, of: number): number =>
    (of & 7) === Read && is("forgets an unanswered request")
      ? commandOf(Rewind, first, 0)
      : (of & 7) === Read && s.reads.at(of >> 4) < 8
        ? commandOf(Rewind, first, 0)
        : of

  const replace = (s: S): void => {
    for (let i = 0; i < s.kept.length; i++) s.kept.set(i, again(s, s.kept.at(i)))
    const sealed = s.turn - s.full.length
    for (let i = 0; i < s.coveredTurn - sealed && i < s.full.length; i++)
      if (!is("releases no covered pages when the reader is replaced")) s.wasRead.set(s.full.at(i), 1)
    reader.die(s)
    s.reader = "runs"
    const end = is("treats a removed lane as permanently removed") ? 255 : positionOf(s.turn, s.pos)
    s.goneTo = s.second === "open" || bounds.leaves === true ? 0 : end
    reader.restore(s)
    for (let i = 0; i < s.kept.length && !is("sends no kept commands to the next reader"); i++) {
      s.sentAt.push(s.keptAt.at(i))
      s.sent.push(s.kept.at(i))
    }
    s.at = "restarted"
  }

  // --- what may happen

  /** What the application thread does by itself, or is in the midst of. */
  const byItself = (s: S, to: To<S>): void => {
    switch (s.at) {
      case "publish":
        return to("page.publish, a command", publish)
      case "turned":
        return to("KeptLog.receive", (s) => {
          receive(s)
          s.at = "ready"
        })
      case "want":
        return to("LaneCounters.want", (s) => {
          s.wanted.set(first, 1)
          s.at = "look"
        })
      case "look":
        return to("Intake: look at the counters", (s) => {
          if (!hasCredit(s)) {
            s.at = s.wanted.at(first) === 1 ? "ready" : "want"
          } else {
            s.waits = "no"
            s.at = "ready"
          }
        })
      case "restarted":
        return to("makeLink.restarted", (s) => {
          s.at = "ready"
          if (!is("does not notify waiters that the reader was replaced")) onFolded(s)
        })
    }
    if (s.replies.length > 0 && s.reader === "runs") to("makeLink.deliver", onReply)
    if (s.changes.length > 0 && hasRoom(s)) {
      to("FoldListener.#deliver", (s) => {
        const sequence = s.changes.remove(0)
        if (sequence !== ++s.taken) fail(s, "a listener gets another change than the next")
        command(s, commandOf(Delivered, first, sequence))
      })
    }
    if (s.reader === "dead") {
      to("toWorker: disconnect", (s) => {
        disconnect(s)
        s.reader = "gone"
      })
    }
    if (s.reader === "gone" || s.reader === "cut off") to("toWorker: replace", replace)
  }

  const application = (s: S, to: To<S>): void => {
    for (const lane of [first, second]) {
      const total = s.emitted.at(lane) + (lane === second ? s.asked >> 4 : 0)
      const isOpen = lane === first ? s.waits === "no" : s.second === "open"
      if (total >= bounds.events[lane]! || !isOpen) continue
      if (lane === first && !hasCredit(s)) {
        to("Intake: no room", (s) => {
          s.waits = "yes"
          s.at = "want"
        })
      } else if (hasRoom(s)) {
        to("emit", (s) => emit(s, lane))
        if (bounds.time && s.time === 0) {
          to("emit, later", (s) => {
            room(s)
            putRow(s, Time, ++s.time)
            publish(s)
          })
        }
      }
    }
    if (!hasRoom(s)) return
    if ((s.asked & 15) < bounds.reads) {
      to("ask", (s) => {
        const request = s.asked++ & 15
        s.reads.set(request, s.emitted.at(first) | 8)
        command(s, commandOf(Read, first, request))
      })
    }
    if (s.second === "open" && s.closes < bounds.reopens) {
      to("close", (s) => {
        s.closes++
        s.second = "closing"
        s.asked += s.emitted.at(second) << 4
        command(s, commandOf(Close, second, 0))
      })
    }
    const covered = positionOf(s.coveredTurn, s.coveredWord)
    const isFree = s.closedAt <= covered || is("reuses a lane number before its close is covered")
    if (s.second === "closed" && isFree) {
      to("openLane", (s) => {
        s.second = "open"
        for (const each of [s.counted, s.wanted, s.seen, s.emitted]) each.set(second, 0)
        s.life.set(second, s.life.at(second) + 1)
        command(s, commandOf(Open, second, s.life.at(second)))
      })
    }
  }

  const deaths = (s: S, to: To<S>): void => {
    if (s.reader !== "runs" || s.deaths === bounds.deaths) return
    const die = (s: S): void => {
      s.deaths++
      s.reader = "dead"
    }
    if (s.at !== "ready") return to("the reader dies", die)
    to("the reader dies", die)
    if (is("replaces a reader that still runs")) {
      to("the reader is cut off", (s) => {
        s.deaths++
        disconnect(s)
        s.reader = "cut off"
      })
    }
  }

  const isCovered = (s: S): boolean => {
    const covered = positionOf(s.coveredTurn, s.coveredWord)
    for (let i = 0; i < s.keptAt.length; i++) if (s.keptAt.at(i) <= covered) return true
    return false
  }

  const atRest = (s: S): string | undefined => {
    for (const lane of [first, second]) {
      const isOpen = lane === first || s.second === "open"
      if (s.rLife.at(lane) !== (isOpen ? s.life.at(lane) : 0))
        return "a lane is there that is closed, or none where one is open"
      if (isOpen && s.rSequence.at(lane) !== s.emitted.at(lane)) return "an event was not folded"
      if (isOpen && s.counted.at(lane) !== s.emitted.at(lane)) return "an event was not counted"
    }
    const all = (s.asked >> 4) + (s.second === "open" ? s.emitted.at(second) : 0)
    const ofSecond = s.rTotal + (s.second === "open" ? s.rSequence.at(second) : 0)
    if (bounds.leaves === true && ofSecond !== all)
      return "an event is neither in its lane nor in the total, or in both"
    for (let i = 0; i < s.reads.length; i++) if (s.reads.at(i) >= 8) return "a read waits for ever"
    if (s.waits === "yes") return "a fiber waits, and there is room"
    for (let i = 0; i < s.full.length; i++) if (s.wasRead.at(s.full.at(i)) === 0) return "a page is never written again"
    if (s.second === "closing") return "nobody says that a lane is closed"
    return undefined
  }

  const initial = zero.copy()
  fill(initial.words, bounds.pages * PageWords * 2)
  for (const each of [initial.published, initial.wasRead]) fill(each, bounds.pages)
  for (let page = 1; page < bounds.pages; page++) initial.free.push(page)
  for (const each of [initial.emitted, initial.counted, initial.wanted, initial.seen]) fill(each, 2)
  fill(initial.life, 2, 1)
  fill(initial.reads, bounds.reads)
  reader.die(initial)
  for (const lane of [first, second]) {
    command(initial, commandOf(Open, lane, 1))
    publish(initial)
  }

  const next = (s: S, to: To<S>): void => {
    byItself(s, to)
    if (s.reader === "runs" || s.reader === "cut off") reader.steps(s, to)
  }

  return {
    initial,
    next: (s, to) => {
      next(s, to)
      if (s.at === "ready") application(s, to)
      deaths(s, to)
    },
    whyWrong: (s) => {
      if (s.wrong > 0) return reasons[s.wrong]
      if (isCovered(s)) return "a command is kept that is covered"
      let rests = true
      next(s, () => (rests = false))
      return rests ? atRest(s) : undefined
    }
  }
}
