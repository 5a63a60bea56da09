/** The steps of the thread that writes: `PageWriter`, `PagePool` and `Intake`, and the application that calls them. */
import type { To } from "./explore.ts"
import {
  Attach,
  accesses,
  afterAll,
  type Bounds,
  Command,
  type Fault,
  Folded,
  Header,
  Idle,
  load,
  Memory,
  Napping,
  own,
  PageEnd,
  post,
  publishedOf,
  RowsEnd,
  readOf,
  type S,
  Signal,
  Sleep,
  store,
  storeAtomically,
  Wake,
  Wanted,
  WasFolded,
  Words,
  wordOf,
  written
} from "./HandoverState.ts"

export const producerOf = (bounds: Bounds, is: (fault: Fault) => boolean) => {
  const { capacity, commands, events, pages } = bounds
  const spare = pages

  const endRun = (s: S): void => {
    if (s.runAt === 0) return
    store(s, wordOf(s.page, s.runAt - 1), Header + s.pos - s.runAt)
    s.runAt = 0
  }

  const rowsEnd = (s: S): number => (s.page === spare ? 0 : RowsEnd)

  /** `RowWriter.beginRun`, and the encoder. */
  const writeEvent = (s: S): void => {
    if (s.runAt === 0 || s.pos === rowsEnd(s)) {
      endRun(s)
      if (s.pos + 2 > rowsEnd(s)) return take(s, false)
      s.runAt = s.pos + 1
      store(s, wordOf(s.page, s.pos++), Header)
    }
    s.accepted++
    store(s, wordOf(s.page, s.pos++), s.accepted)
    if (s.admits === 1) {
      s.admits = 0
      publish(s, true, "ask for news")
    } else s.at = "ready"
  }

  /** `PageWriter.command`. */
  const writeCommand = (s: S): void => {
    s.attachments++
    store(s, wordOf(s.page, s.pos++), Command + s.accepted)
    s.commands++
    if (s.command === "may wait") s.at = "ready"
    else {
      publish(s, !is("does not rouse for a command"), "return")
      s.urgentSoon = written(s)
    }
    s.command = "none"
  }

  const take = (s: S, forCommand: boolean): void => {
    s.at = "take"
    s.whenDone = forCommand ? "write the command" : "write the event"
  }

  /** `PagePool.#find` */
  const find = (s: S): number | undefined => {
    if (s.untouched < pages) return s.untouched++
    if (s.free.length > 0) return s.free.remove(0)
    if (s.whenDone !== "write the command") return undefined
    if (s.spareFree === 1) {
      s.spareFree = 0
      return spare
    }
    if (s.spareMade === 1) return undefined
    s.spareMade = 1
    post(s, Memory)
    return spare
  }

  const clearPage = (s: S, page: number): void => {
    store(s, publishedOf(page), 0)
    storeAtomically(s, readOf(page), 0)
  }

  /** `PagePool.take` behind `#collect`, and what `PageWriter.nextPage` does before it publishes. */
  const nextPage = (s: S): void => {
    const next = find(s)
    if (next === undefined) {
      s.at = "ready"
      if (s.whenDone === "write the command") {
        // Beyond the bounds of the model.
        s.command = "none"
      } else if (s.admits === 1) s.isStuck = 1
      return
    }
    if (!is("clears the next page after it published the turn")) clearPage(s, next)
    s.nextPage = next + 1
    s.at = s.attachments > 0 ? "attach" : "publish"
  }

  /** `PageWriter.publish`. */
  const publish = (s: S, urgent: boolean, whenDone: S["whenDone"]): void => {
    if (!is("publishes before the rows are written")) endRun(s)
    s.whenDone = whenDone
    s.rouses = urgent ? 1 : 0
    if (urgent) s.urgentSoon = written(s)
    if (urgent && is("rouses before it publishes")) s.at = "rouse: State"
    else s.at = s.attachments > 0 ? "attach" : s.pos === s.published ? afterPublish(s) : "publish"
  }

  const published = (s: S): void => {
    const next = s.nextPage - 1
    const end = next < 0 ? s.pos : s.pos + 1
    const endPage = (): void => store(s, wordOf(s.page, s.pos), PageEnd + next)
    if (next >= 0 && !is("ends a page after it published the turn")) endPage()
    if (is("publishes with a plain store")) store(s, publishedOf(s.page), end)
    else storeAtomically(s, publishedOf(s.page), end)
    if (is("publishes before the rows are written")) endRun(s)
    s.eventsPublished = s.accepted
    s.published = s.pos
    if (next < 0) {
      s.at = wakeReader(s)
      return
    }
    if (is("ends a page after it published the turn")) endPage()
    if (is("clears the next page after it published the turn")) clearPage(s, next)
    s.full.push(s.page)
    s.page = next
    s.pos = s.published = s.nextPage = 0
    const isExhausted = s.free.length === 0 && s.untouched === pages
    s.rouses = s.burst === 1 || isExhausted ? 1 : 0
    if (s.rouses === 1) s.urgentSoon = written(s)
    s.burst = 1
    s.at = is("turns the page without waking the reader") ? afterPublish(s) : wakeReader(s)
  }

  const wakeReader = (s: S): S["at"] => (s.readerSleeps === 1 ? "wake" : afterPublish(s))

  const afterPublish = (s: S): S["at"] => {
    if (is("rouses before it publishes")) s.rouses = 0
    return s.rouses === 1 ? "rouse: State" : goOn(s)
  }

  const roused = (s: S): void => {
    s.rouses = 0
    if (is("rouses before it publishes") && s.pos !== s.published) s.at = s.attachments > 0 ? "attach" : "publish"
    else s.at = goOn(s)
  }

  /** What was to be done when all is published. */
  const goOn = (s: S): S["at"] => {
    s.urgent = Math.max(s.urgent, s.urgentSoon)
    switch (s.whenDone) {
      case "return":
        return "ready"
      case "write the event":
        writeEvent(s)
        return s.at
      case "write the command":
        writeCommand(s)
        return s.at
      case "look for credit":
        return "hasCredit, flushed"
      case "ask for news":
        return askForNews(s)
    }
  }

  const askForNews = (s: S): S["at"] => {
    if (s.waits === 0 || s.asked === 1) return "ready"
    s.asked = 1
    return is("reads the counters before it requests a notification") ? "askForNews: look" : "askForNews: want"
  }

  const lookAtFold = (s: S): boolean => {
    s.seen = load(s, Folded)
    return s.accepted - s.seen < capacity
  }

  /** What the producer does where it is: nothing else can come between. */
  const goOnProducing = (s: S, to: To<S>): void => {
    switch (s.at) {
      case "ready":
        return
      case "take":
        return to("PagePool.#collect: isRead", (s) => {
          const page = s.full.length > 0 ? s.full.at(0) : undefined
          const mayBeTaken =
            page !== undefined && (load(s, readOf(page)) === 1 || is("reclaims a published page, read or not"))
          if (!mayBeTaken) return nextPage(s)
          s.full.remove(0)
          if (page === spare) s.spareFree = 1
          else s.free.push(page)
        })
      case "attach":
        return to("PageWriter.sendAttachments", (s) => {
          post(s, Attach + s.attachments)
          s.attachments = 0
          s.at = s.nextPage === 0 && s.pos === s.published ? afterPublish(s) : "publish"
        })
      case "publish":
        return to(s.nextPage === 0 ? "page.publish" : "page.publish, by a page turn", published)
      case "wake":
        return to("PageWriter.wakeReader", (s) => {
          s.readerSleeps = 0
          post(s, Wake)
          if (is("wakes the reader, and does not rouse it")) s.rouses = 0
          s.at = afterPublish(s)
        })
      case "rouse: State":
        return to("WakeUp.rouse: load State", (s) => {
          if (load(s, Napping) === 1) s.at = "rouse: exchange"
          else roused(s)
        })
      case "rouse: exchange":
        return to("WakeUp.rouse: exchange State", (s) => {
          accesses("compareExchange", Napping)
          afterAll(s)
          if (s.memory.at(Napping) === 0) return roused(s)
          s.memory.set(Napping, 0)
          s.at = is("rouses without changing the signal") ? "rouse: notify" : "rouse: Signal"
        })
      case "rouse: Signal":
        return to("WakeUp.rouse: add to Signal", (s) => {
          accesses("add", Signal)
          // It is of no account that it has changed but between these two looks at it.
          if (s.readerAt === "nap: State" || s.readerAt === "nap: hasWork" || s.readerAt === "nap: wait")
            s.memory.set(Signal, 1)
          if (is("changes the signal without notifying")) roused(s)
          else s.at = "rouse: notify"
        })
      case "rouse: notify":
        return to("WakeUp.rouse: notify", (s) => {
          accesses("notify", Signal)
          if (s.readerAt === "napping") s.readerAt = "nap: over"
          roused(s)
        })
      case "hasCredit":
        return to("Intake.#hasCredit: look", (s) => {
          if (lookAtFold(s)) writeEvent(s)
          else publish(s, true, "look for credit")
        })
      case "hasCredit, flushed":
        return to("Intake.#hasCredit: look again", (s) => {
          if (lookAtFold(s)) return writeEvent(s)
          s.waits = 1
          s.at = askForNews(s)
        })
      case "askForNews: want":
        return to("LaneCounters.want", (s) => {
          storeAtomically(s, Wanted, 1)
          s.at = is("reads the counters before it requests a notification") ? "ready" : "askForNews: look"
        })
      case "askForNews: look":
        return to("Intake.#askForNews: look", (s) => {
          if (lookAtFold(s)) s.hasNews = 1
          s.at = is("reads the counters before it requests a notification") ? "askForNews: want" : "ready"
        })
      case "onFolded":
        return to("Intake.onFolded: look", (s) => {
          s.asked = 0
          if (s.waits === 0 || !lookAtFold(s)) return publish(s, true, "ask for news")
          s.waits = 0
          s.admits = 1
          writeEvent(s)
        })
    }
  }

  /** What comes to the producer between two calls of the application. */
  const turnOfProducer = (s: S, to: To<S>): void => {
    if (s.toProducer.length > 0) {
      const message = s.toProducer.at(0)
      to(message === Idle ? "PageWriter.readerIdle" : "the recorder hears of Folded", (s) => {
        s.toProducer.remove(0)
        if (message === WasFolded) {
          s.at = "onFolded"
          return
        }
        s.readerSleeps = is("forgets that the reader sleeps") ? 0 : 1
        post(s, Sleep)
      })
    }
    if (s.hasNews === 1) {
      to("Intake.#askForNews: later", (s) => {
        s.hasNews = 0
        s.at = "onFolded"
      })
    }
    const hasPage = s.free.length > 0 || (s.full.length > 0 && own(s, readOf(s.full.at(0))) === 1)
    if (s.isStuck === 1 && hasPage) {
      to("PageWriter.onTimer", (s) => {
        s.isStuck = 0
        writeEvent(s)
      })
    }
  }

  /** What the application may do, or not. */
  const application = (s: S, to: To<S>): void => {
    if (s.accepted < events && s.waits === 0 && s.isStuck === 0) {
      to("emit", (s) => {
        if (s.accepted - s.seen < capacity) writeEvent(s)
        else s.at = "hasCredit"
      })
    }
    if (s.pos !== s.published || s.burst === 1) {
      to("RowWriter.endTurn", (s) => {
        s.burst = 0
        publish(s, false, "return")
      })
    }
    if (bounds.flushes && s.urgent < written(s)) to("Intake.flush", (s) => publish(s, true, "return"))
    if (s.commands < commands) {
      for (const mayWait of bounds.mayWait ? [false, true] : [false]) {
        to(mayWait ? "PageWriter.command, which may wait" : "PageWriter.command", (s) => {
          s.command = mayWait ? "may wait" : "urgent"
          endRun(s)
          if (s.pos > Words - 2) take(s, true)
          else writeCommand(s)
        })
      }
    }
  }

  return { goOn: goOnProducing, turn: turnOfProducer, application }
}
