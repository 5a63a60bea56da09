/** The steps of the thread that folds: `RowReader`, `Fold`, `FoldLane`, `LaneCounts` and `Checkpoints`. */
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
  type Fault,
  Folded,
  fail,
  fill,
  has,
  Lane,
  Open,
  PageEnd,
  PageWords,
  Part,
  positionOf,
  Read,
  type S,
  Time
} from "./CheckpointsState.ts"
import type { To } from "./explore.ts"

/** Checkpoints after which all is saved anew. */
const ManyRounds = 1

export const readerOf = ({ leaves, listens, manyCommands }: Bounds, is: (fault: Fault) => boolean) => {
  const position = (s: S): number => positionOf(s.rTurn, s.rWord)

  const reply = (s: S, what: number, lane: number, value: number): void => {
    if (s.reader === "cut off") return
    s.replies.push(what)
    s.replyOf.push(commandOf(0, lane, value))
  }

  /** `LaneCounts.add`. */
  const count = (s: S, lane: number): void => {
    const own = s.rCounted.at(lane) + 1
    s.rCounted.set(lane, own)
    const shown = s.counted.at(lane)
    if (s.rBehind.at(lane) === 1) {
      s.rBehind.set(lane, own < shown ? 1 : 0)
      if (own < shown && !is("shows counters that are behind")) return
    }
    if (own < shown) fail(s, "counters go back")
    s.counted.set(lane, own)
    if (own > s.emitted.at(lane)) fail(s, "more events are counted than there were")
    if (lane === 0 && listens && own > s.seen.at(lane)) fail(s, "a change is counted that was not received")
    if (s.wanted.at(lane) === 0) return
    s.wanted.set(lane, 0)
    s.owesFolded = lane + 1
  }

  const touch = (s: S, lane: number): void => {
    if (!has(s.touched, lane)) s.touched.push(lane)
  }

  /** `Fold.#isRestored`. */
  const isRestored = (s: S, lane: number): boolean => {
    if (position(s) > s.rEnd) s.rEnd = 0
    return position(s) <= s.rRestored.at(lane)
  }

  /** Folds events that are held until a listener has to be waited for. */
  const goOn = (s: S, lane: number): void => {
    if (lane === 0 && s.rLeft > 0) return
    while (s.rHeld.at(lane) > 0 && s.rWaits.at(lane) === 0) {
      s.rHeld.set(lane, s.rHeld.at(lane) - 1)
      const sequence = s.rSequence.at(lane) + 1
      s.rSequence.set(lane, sequence)
      const isNew = sequence > s.seen.at(lane) || is("resends changes that were received")
      if (lane === 0 && listens && isNew) {
        s.rWaits.set(lane, 1)
        reply(s, Delivered, lane, sequence)
      } else count(s, lane)
    }
  }

  const event = (s: S, lane: number, of: number): void => {
    if (s.rEnd > 0 && isRestored(s, lane)) return
    touch(s, lane)
    // The lane was closed further on.
    if (s.rLife.at(lane) === 0) return
    const next = s.rSequence.at(lane) + s.rHeld.at(lane) + 1
    const isNext = (of & 7) === next && ((of >> 3) & 3) === s.rLife.at(lane) && of >> 5 === s.rTime
    if (!isNext) return fail(s, "a row was read that is not the next one")
    s.rHeld.set(lane, s.rHeld.at(lane) + 1)
    goOn(s, lane)
  }

  const newLane = (s: S, lane: number, life: number): void => {
    s.rLife.set(lane, life)
    for (const each of [s.rSequence, s.rHeld, s.rWaits, s.rCounted]) each.set(lane, 0)
    s.rBehind.set(lane, s.counted.at(lane) > 0 ? 1 : 0)
  }

  /** `Fold.#leave`, to the first lane. */
  const leave = (s: S, lane: number): void => {
    if (s.rLife.at(lane) === 0) return
    s.isTotalDue = 1
    if (s.rEnd > 0 && isRestored(s, 0)) return
    touch(s, 0)
    s.rLeft += s.rSequence.at(lane)
  }

  /** A step of `FoldLane.#inSlices`. */
  const absorb = (s: S): void => {
    s.rTotal++
    s.rLeft--
    goOn(s, 0)
  }

  const command = (s: S, of: number): void => {
    const lane = (of >> 3) & 1
    const value = of >> 4
    s.hasCommands = 1
    switch (of & 7) {
      case Open:
        if (lane === 1 && position(s) <= s.goneTo) return
        if (!isRestored(s, lane) || is("reopens a restored lane")) newLane(s, lane, value)
        return touch(s, lane)
      case Close:
        if (leaves === true) leave(s, lane)
        newLane(s, lane, 0)
        touch(s, lane)
        return reply(s, Closed, lane, 0)
    }
    if (s.rEnd > 0 && isRestored(s, lane)) return
    touch(s, lane)
    if ((of & 7) === Read) reply(s, Answer, lane, value | (s.rSequence.at(lane) << 1))
    if ((of & 7) !== Delivered || s.rWaits.at(lane) === 0) return
    if (s.rSequence.at(lane) !== value && !is("treats any delivery as its own")) return
    s.rWaits.set(lane, 0)
    count(s, lane)
    goOn(s, lane)
  }

  /** `RowReader.#readPage`, a row of it. */
  const read = (s: S): void => {
    const at = (s.rPage * PageWords + s.rWord) * 2
    const what = s.words.at(at)
    const of = s.words.at(at + 1)
    s.rWord++
    if (what === Time) s.rTime = of
    else if (what === Event || what === Event + 1) event(s, what - Event, of)
    else if (what === Command) {
      const sentAt = s.sentAt.remove(0)
      const sent = s.sent.remove(0)
      if (sentAt !== position(s)) fail(s, "a command was taken for another one")
      command(s, sent)
    } else if (what === PageEnd) {
      const old = s.rPage
      s.rPage = of
      s.rWord = 0
      s.rTurn++
      if (is("marks a page as read when it was read")) s.wasRead.set(old, 1)
      else s.rPages.push(old)
    } else fail(s, "a row was read that is not the next one")
  }

  // --- checkpoints

  const begin = (s: S): void => {
    const isWhole = s.isOfAnother === 1 || s.rounds >= ManyRounds
    const all = isWhole && !is("saves only the touched lanes instead of all")
    s.round = 1
    s.roundPage = s.rPage
    s.roundTurn = s.rTurn
    s.roundWord = s.rWord
    s.roundTime = s.rTime
    s.roundParts = 0
    s.isWhole = isWhole ? 1 : 0
    s.isOfAnother = s.hasCommands = 0
    clear(s.roundLanes)
    for (const lane of [0, 1]) if (all ? s.rLife.at(lane) > 0 : has(s.touched, lane)) s.roundLanes.push(lane)
    clear(s.touched)
    for (let i = 0; i < s.rPages.length; i++) s.roundPages.push(s.rPages.at(i))
    clear(s.rPages)
  }

  const pushLane = (s: S, lane: number): void => {
    const at = is("saves a lane as if it were at the covered position")
      ? positionOf(s.roundTurn, s.roundWord)
      : Math.max(position(s), is("saves a lane as if it were no further than the reader") ? 0 : s.rRestored.at(lane))
    const of = [s.rLife, s.rSequence, s.rHeld, s.rWaits, s.rCounted]
    const record = [lane + 1, at, ...of.map((list) => list.at(lane)), lane === 0 ? s.rTotal : 0]
    for (const each of record) s.saved.push(each)
  }

  const release = (s: S): void => {
    if (is("marks pages as read that were read during a checkpoint")) {
      for (let i = 0; i < s.rPages.length; i++) s.roundPages.push(s.rPages.at(i))
      clear(s.rPages)
    }
    for (let i = 0; i < s.roundPages.length; i++) s.release.push(s.roundPages.at(i))
    clear(s.roundPages)
  }

  const rest = (s: S): void => {
    s.round = 0
    s.rounds = s.isWhole === 1 ? 0 : s.rounds + 1
    s.isWhole = s.roundParts = 0
  }

  /** `Checkpoints.goOn`: a lane, and with the last one what is covered. */
  const save = (s: S): void => {
    const isFirst = s.round === 0
    if (isFirst) begin(s)
    if (s.isTotalDue === 1 && s.reader !== "cut off" && !is("saves a lane that was closed without the total")) {
      // In one part with what follows: nobody receives the one without the other.
      pushLane(s, 0)
      for (let i = Lane; i < Part; i++) s.saved.push(0)
      s.roundParts++
    }
    s.isTotalDue = 0
    const lane = s.roundLanes.length > 0 ? s.roundLanes.remove(0) : undefined
    const isLast = s.roundLanes.length === 0
    if (isLast && is("covers the position where a checkpoint ends")) {
      s.roundPage = s.rPage
      s.roundTurn = s.rTurn
      s.roundWord = s.rWord
    }
    if (isLast && is("saves the state of the log at the end of a checkpoint")) s.roundTime = s.rTime
    if (isLast && is("forgets lanes touched during a checkpoint")) clear(s.touched)
    if (s.reader === "cut off") {
      if (isLast) {
        release(s)
        rest(s)
      }
      return
    }
    if (lane === undefined) for (let i = 0; i < Lane; i++) s.saved.push(0)
    else pushLane(s, lane)
    const covers = is("posts the covered position before the lanes") ? isFirst : isLast
    s.saved.push(covers ? 1 : 0)
    for (const each of [s.roundPage, s.roundTurn, s.roundWord]) s.saved.push(each)
    const replacesNow = is("replaces kept data before all lanes are saved") ? isFirst : isLast
    s.roundParts++
    s.saved.push((replacesNow && s.isWhole === 1 ? s.roundParts : 0) | (s.roundTime << 4))
    if (!isLast) return
    release(s)
    rest(s)
  }

  const isDue = (s: S): boolean => s.rPages.length > 0 || (manyCommands && s.hasCommands === 1)

  /** What it does next, where it may die before each step. */
  const steps = (s: S, to: To<S>): void => {
    if (s.owesFolded > 0) {
      return to("RecorderFold.#count: Folded", (s) => {
        reply(s, Folded, s.owesFolded - 1, 0)
        s.owesFolded = 0
      })
    }
    if (s.release.length > 0) return to("page.setRead", (s) => s.wasRead.set(s.release.remove(0), 1))
    if (s.rLeft > 0) to("FoldLane.#inSlices", absorb)
    const isPublished = s.published.at(s.rPage) > s.rWord
    const row = s.words.at((s.rPage * PageWords + s.rWord) * 2)
    if (isPublished && (row !== Command || s.sent.length > 0)) to("RowReader.#readPage", read)
    if (s.round === 0 && !isDue(s)) return
    if (s.rLeft > 0 && !is("saves while a total absorbs what was left to it")) return
    if (is("marks pages as read before the checkpoint is posted") && s.round === 0 && s.rPages.length > 0) {
      return to("page.setRead", (s) => s.wasRead.set(s.rPages.remove(0), 1))
    }
    to("Checkpoints.goOn", save)
  }

  /** What it knows is gone. */
  const die = (s: S): void => {
    for (const each of [s.rLife, s.rSequence, s.rHeld, s.rWaits, s.rCounted, s.rBehind, s.rRestored]) fill(each, 2)
    for (const each of [s.touched, s.roundLanes, s.rPages, s.roundPages, s.release, s.sent, s.sentAt]) clear(each)
    s.rPage = s.rTurn = s.rWord = s.rTime = s.rEnd = s.rounds = s.isOfAnother = s.hasCommands = 0
    s.round = s.roundPage = s.roundTurn = s.roundWord = s.roundTime = s.roundParts = s.isWhole = s.owesFolded = 0
    s.rTotal = s.rLeft = s.isTotalDue = 0
  }

  /** `Fold.restore`, from what is kept. */
  const restore = (s: S): void => {
    s.rPage = s.coveredPage
    s.rTurn = s.coveredTurn
    s.rWord = s.coveredWord
    s.isOfAnother = s.segments.length > 0 ? 1 : 0
    s.rTime = s.covered
    for (let i = 0; i < s.segments.length; i += Lane) {
      const lane = s.segments.at(i) - 1
      if (lane < 0) continue
      const at = s.segments.at(i + 1)
      s.rRestored.set(lane, at)
      s.rEnd = Math.max(s.rEnd, at)
      if (lane === 1 && s.goneTo > 0) continue
      if (lane === 0) s.rTotal = s.segments.at(i + 7)
      for (const [j, each] of [s.rLife, s.rSequence, s.rHeld, s.rWaits, s.rCounted].entries())
        each.set(lane, s.segments.at(i + 2 + j))
    }
    for (const lane of [0, 1]) {
      if (is("continues counting from the shown counters")) s.rCounted.set(lane, s.counted.at(lane))
      s.rBehind.set(lane, s.rCounted.at(lane) < s.counted.at(lane) ? 1 : 0)
      if (s.rWaits.at(lane) === 0) continue
      s.rWaits.set(lane, 0)
      count(s, lane)
      goOn(s, lane)
    }
  }

  return { steps, die, restore }
}
