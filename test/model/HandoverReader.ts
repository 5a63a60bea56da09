/** The steps of the thread that folds: `FoldThread`, `RowReader`, and what the fold does to the counters. */
import type { To } from "./explore.ts"
import {
  Attach,
  accesses,
  type Bounds,
  Command,
  type Fault,
  Folded,
  Header,
  Idle,
  isUnseen,
  loads,
  Memory,
  messageName,
  NapEnds,
  Napping,
  NapsBeforeSleep,
  notes,
  PageEnd,
  publishedOf,
  readOf,
  type S,
  Signal,
  Sleep,
  Wake,
  Wanted,
  WasFolded,
  wasRead,
  wordOf
} from "./HandoverState.ts"

export const readerOf = (bounds: Bounds, is: (fault: Fault) => boolean) => {
  const spare = bounds.pages

  const go =
    (to: S["readerAt"]) =>
    (s: S): void => {
      s.readerAt = to
    }

  const markRead = (s: S, page: number): void => {
    accesses("store", readOf(page))
    s.memory.set(readOf(page), 1)
  }

  const readEvents = (s: S, count: number): void => {
    for (let i = 0; i < count; i++) {
      notes("fold an event")
      if (s.memory.at(wordOf(s.readerPage - 1, s.readerPos++)) !== ++s.eventsRead) s.isWrong = 1
    }
  }

  const endPage = (s: S, next: number): void => {
    if (next === spare && s.hasSpare === 0) return go("message")(s)
    s.oldPage = s.readerPage
    s.readerPos = 0
    s.readerPage = next + 1
    s.readerAt = "setRead"
  }

  /** `RowReader.#readPage`: a run, a command or the end of the page. */
  const readRow = (s: S, first: number): void => {
    const page = s.readerPage - 1
    if (first >= PageEnd) endPage(s, first - PageEnd)
    else if (first >= Command) {
      if (s.arrived === 0) return go("message")(s)
      notes("fold a command")
      s.arrived--
      s.commandsRead++
      s.readerPos++
      if (first - Command !== s.eventsRead) s.isWrong = 1
    } else if (first > Header) {
      s.readerPos++
      s.notCounted += first - Header
      s.readerAt = "count"
      if (is("counts the events of a page after it marked the page as read")) s.readerAt = "readPage"
      if (is("checks for requests before it counts")) s.readerAt = "takeWanted"
      if (is("marks a page as read before it reads the rows")) markRead(s, page)
      readEvents(s, first - Header)
    } else s.isWrong = 1
  }

  const receive = (s: S): void => {
    const message = s.toReader.remove(0)
    s.skipped = 0
    if (message === Memory) s.hasSpare = 1
    else if (message === Sleep) s.maySleep = 1
    else if (message === Wake) {
      s.maySleep = is("sleeps on when it was woken") ? 1 : 0
      s.naps = 0
    } else s.arrived += message - Attach
  }

  const reader = (s: S, to: To<S>): void => {
    const page = s.readerPage - 1
    switch (s.readerAt) {
      case "run":
        return loads(s, publishedOf(page), to, "FoldThread.run: ready", (s, end) => {
          if (end > s.readerPos) s.naps = 0
          s.readerAt = "read"
        })
      case "read":
        return loads(s, publishedOf(page), to, "RowReader.read: publishedEnd", (s, end) => {
          s.end = end
          s.readerAt = "readPage"
        })
      case "readPage":
        if (s.readerPos < s.end) return loadRow(s, to)
        return loads(s, publishedOf(page), to, "RowReader.read: ready", (s, end) => {
          s.readerAt = end > s.readerPos ? "nextTurn" : "idle"
        })
      case "count":
        return to("LaneCounters.add", (s) => {
          s.memory.set(Folded, s.memory.at(Folded) + s.notCounted + (is("counts an event twice") ? 1 : 0))
          s.notCounted = 0
          s.readerAt = "takeWanted"
          if (is("checks for requests before it counts")) s.readerAt = "readPage"
          if (is("counts the events of a page after it marked the page as read")) s.readerAt = "nextTurn"
        })
      case "takeWanted":
        return to("LaneCounters.takeWanted: load", (s) => {
          const otherwise = is("checks for requests before it counts") ? "count" : "readPage"
          s.readerAt = s.memory.at(Wanted) === 0 ? otherwise : "takeWanted: exchange"
          if (is("clears the request after it notified") && s.readerAt === "takeWanted: exchange") s.readerAt = "tell"
        })
      case "takeWanted: exchange":
        return to("LaneCounters.takeWanted: exchange", (s) => {
          s.memory.set(Wanted, 0)
          s.readerAt = is("clears the request after it notified") ? "readPage" : "tell"
        })
      case "tell":
        return to("RecorderFold.#moveCounters: Folded", (s) => {
          s.toProducer.push(WasFolded)
          s.readerAt = is("checks for requests before it counts") ? "count" : "readPage"
          if (is("clears the request after it notified")) s.readerAt = "takeWanted: exchange"
        })
      case "setRead":
        return to("page.setRead", (s) => {
          markRead(s, s.oldPage - 1)
          s.oldPage = 0
          s.readerAt = "nextTurn"
          if (s.notCounted > 0) s.readerAt = "count"
        })
      case "nextTurn":
      case "nextTurn, nap":
        // A turn of the event loop lets in what has arrived, or the next one does.
        if (s.toReader.length === 0 || s.skipped === 0) {
          to("FoldThread.run: nextTurn", (s) => {
            s.skipped = s.toReader.length > 0 ? 1 : 0
            s.readerAt = s.readerAt === "nextTurn" || s.maySleep === 1 ? "run" : "nap: Signal"
          })
        }
        if (s.toReader.length > 0) to(`FoldThread.receive: ${messageName(s.toReader.at(0))}`, receive)
        return
      case "idle":
        return to("FoldThread.run: idle", (s) => {
          if (!bounds.sleeps) return go("nextTurn, nap")(s)
          if (s.maySleep === 1) return go("message")(s)
          s.naps = Math.min(s.naps + 1, NapsBeforeSleep + 1)
          s.readerAt = "nextTurn, nap"
          if (s.naps !== NapsBeforeSleep) return
          if (is("sleeps without asking")) s.readerAt = "message"
          else s.toProducer.push(Idle)
        })
      case "nap: Signal":
        return to("WakeUp.nap: load Signal", (s) => {
          accesses("load", Signal)
          s.memory.set(Signal, 0)
          s.readerAt = "nap: State"
        })
      case "nap: State":
        return to("WakeUp.nap: store State", (s) => {
          accesses("store", Napping)
          s.memory.set(Napping, 1)
          s.readerAt = is("naps without looking again") ? "nap: wait" : "nap: hasWork"
        })
      case "nap: hasWork":
        return loads(s, publishedOf(page), to, "WakeUp.nap: hasWork", (s, end) => {
          s.readerAt = end > s.readerPos ? "nap: over" : "nap: wait"
        })
      case "nap: wait":
        return to("WakeUp.nap: wait", (s) => {
          accesses("wait", Signal)
          s.readerAt = s.memory.at(Signal) === 0 ? "napping" : "nap: over"
          s.memory.set(Signal, 0)
        })
      case "napping":
        // What is urgent does not wait for it.
        if (wasRead(s) < s.urgent) return
        return to(NapEnds, go("nap: over"))
      case "nap: over":
        return to("WakeUp.nap: store State again", (s) => {
          accesses("store", Napping)
          s.memory.set(Napping, 0)
          s.memory.set(Signal, 0)
          s.readerAt = "run"
        })
      case "message":
        if (s.toReader.length === 0) return
        return to(`FoldThread.receive: ${messageName(s.toReader.at(0))}`, (s) => {
          receive(s)
          s.readerAt = "run"
        })
    }
  }

  /** The reader may see each word of a run as it was, or as it is about to be. */
  const loadRow = (s: S, to: To<S>): void => {
    const page = s.readerPage - 1
    const step = "RowReader.#readPage"
    const at = wordOf(page, s.readerPos)
    // Of the rows behind the first word one store that is not over is enough to be wrong: they are taken as they are.
    if (isUnseen(s, at)) return loads(s, at, to, step, readRow)
    to(step, (s) => readRow(s, s.memory.at(at)))
  }

  return reader
}
