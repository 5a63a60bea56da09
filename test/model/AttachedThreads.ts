/**
 * An attached thread, the main thread and the fold, as a model whose interleavings can be explored to the last one; see
 * docs/design/protocol.md, "Attached threads". The thread writes rows and sends commands, the main thread has one order of all
 * commands, removes the recorder and completes the stream of a thread that has ended, and the fold reads both.
 *
 * The thread may be terminated between any two of its steps, and the fold may die and be replaced at any time. A row and the
 * word behind it are one step, because V8 ends no thread between them. When plain stores come to be seen, pages and naps are
 * the subject of the model of the hand-over: memory is in one order here, and the stream has no pages.
 *
 * Time: the main thread takes a thread for quiet when nothing of it has moved for a while, so not in the midst of an event.
 */
import type { Model, To } from "./explore.ts"
import { packed } from "./packed.ts"

export interface Bounds {
  readonly events: number
  readonly commands: number
  /** How often the fold may die. */
  readonly deaths: number
}

/** What may be wrong with an implementation. */
export type Fault =
  | "publishes a waiting row before it posts its command"
  | "writes no waiting row"
  | "continues at a waiting row"
  | "receives sent messages before it reads the position"
  | "mistakes the last reported position for the current one"
  | "does not wait until the thread has left"
  | "treats a thread as quiet in the middle of an event"
  | "treats a thread as quiet that has not published everything"
  | "leaves without counting its run"
  | "leaves without publishing"
  | "continues writing after it has left"
  | "does not count the open run of an exited thread"
  | "publishes nothing for an exited thread"
  | "completes a thread before all its messages were received"
  | "leaves to the total before the stream was read"
  | "forgets tickets when the fold is replaced"
  | "forgets the stream position when the fold is replaced"

/** Rows of a run. */
const MostRun = 2

/** An event has the number of commands before it, a row that waits has its ticket behind this number. */
const Wait = 100

const Register = 1
const Close = 2
const Left = 3

const fold = ["read", "done", "ticket", "folded", "isClosed", "total"] as const

const zero = packed({
  numbers: [
    // Shared memory.
    "published",
    "runAt",
    "counted",
    "closed",
    // The thread.
    "emitted",
    "sent",
    "shown",
    // The main thread.
    "wasTold",
    "known",
    "looked",
    "hasLeft",
    "isComplete",
    "accepted",
    "deaths",
    // The fold, and what is saved of it.
    ...fold,
    ...(["savedRead", "savedDone", "savedTicket", "savedFolded", "savedIsClosed", "savedTotal"] as const),
    "wrong"
  ],
  choices: {
    thread: ["ready", "looked", "opened", "shown", "posted", "leaving", "told", "gone", "ended"],
    main: ["idle", "removing", "looking", "closed"]
  },
  lists: {
    /** Published or not. */
    rows: 16,
    /** From the thread to the main thread: what, and the position. */
    port: 16,
    /** Commands in their order: what, and the position of the stream behind which they are. */
    log: 16
  }
})

type S = typeof zero

const runRows = ({ rows, runAt }: S): number => (runAt === 0 ? 0 : rows.length - runAt + 1)

export const attachedThreads = (bounds: Bounds, fault?: Fault): Model<S> => {
  const is = (each: Fault): boolean => fault === each

  // --- the thread

  const pause = (s: S): void => {
    s.counted += runRows(s)
    s.runAt = 0
  }

  const row = (s: S): void => {
    s.rows.push(1 + s.sent)
    s.emitted++
  }

  /** What an application does, or does not. */
  const application = (s: S, to: To<S>): void => {
    const mayWrite = s.thread === "ready" || (s.thread === "gone" && is("continues writing after it has left"))
    if (mayWrite && s.emitted < bounds.events) {
      const isRunOpen = s.runAt > 0 && runRows(s) < MostRun
      if (isRunOpen) to("emit: row", row)
      else if (s.runAt > 0) to("RowWriter.pauseRun", pause)
      else {
        to("RowWriter.mayWrite: isClosed", (after) => {
          after.thread = s.closed === 1 && s.thread === "ready" ? "leaving" : "looked"
        })
      }
    }
    if (s.thread === "ready" && s.sent < bounds.commands) {
      to("AttachedLink.send: showAll", (after) => {
        pause(after)
        after.shown = after.rows.length
        after.thread = "shown"
      })
    }
    if (s.thread !== "ended") {
      to("the thread is terminated", (after) => {
        after.thread = "ended"
      })
    }
    if (s.main === "idle") {
      to("HostedLane.stop", (after) => {
        after.closed = 1
        after.wasTold = 1
        after.main = "removing"
      })
    }
  }

  const post = (s: S): void => {
    s.port.push(Register)
    s.port.push(s.shown)
  }

  const wait = (s: S): void => {
    s.sent++
    if (!is("writes no waiting row")) s.rows.push(Wait + s.sent)
  }

  const thread = (s: S, to: To<S>): void => {
    switch (s.thread) {
      case "looked":
        return to("RowWriter.beginRun", (after) => {
          after.runAt = after.rows.length + 1
          after.thread = "opened"
        })
      case "opened":
        return to("emit: first row", (after) => {
          row(after)
          after.thread = "ready"
        })
      case "shown":
        return to("AttachedLink.send: post", (after) => {
          if (is("publishes a waiting row before it posts its command")) {
            wait(after)
            after.published = after.rows.length
          } else post(after)
          after.thread = "posted"
        })
      case "posted":
        return to("AttachedLink.send: waitFor", (after) => {
          if (is("publishes a waiting row before it posts its command")) post(after)
          else wait(after)
          after.thread = "ready"
        })
      case "leaving":
        return to("AttachedLink.leave: post", (after) => {
          if (!is("leaves without counting its run")) pause(after)
          after.port.push(Left)
          after.port.push(after.rows.length)
          after.thread = "told"
        })
      case "told":
        return to("AttachedLink.leave: publish", (after) => {
          if (!is("leaves without publishing")) after.published = after.rows.length
          after.thread = "gone"
        })
      case "ready":
        if (s.runAt > 0) to("RowWriter.endTurn: pauseRun", pause)
        else if (s.published < s.rows.length) {
          to("RowWriter.endTurn: publish", (after) => {
            after.published = after.rows.length
          })
        }
        if (s.wasTold === 1) {
          to("AttachedLink.onMessage: Removed", (after) => {
            after.thread = "leaving"
          })
        }
    }
  }

  // --- the main thread

  const receive = (s: S): void => {
    const [what, position] = [s.port.remove(0), s.port.remove(0)]
    s.known = Math.max(s.known, position)
    if (what === Left) s.hasLeft = 1
    else {
      s.log.push(Register)
      s.log.push(position)
    }
  }

  const isQuiet = (s: S): boolean =>
    (s.thread === "ready" || (s.thread === "looked" && is("treats a thread as quiet in the middle of an event"))) &&
    s.runAt === 0 &&
    (s.published === s.rows.length || is("treats a thread as quiet that has not published everything"))

  const main = (s: S, to: To<S>): void => {
    if (s.port.length > 0) to("HostedThread.receive", receive)
    const isAllReceived = s.port.length === 0 || is("completes a thread before all its messages were received")
    if (s.thread === "ended" && isAllReceived && s.isComplete === 0) {
      to("AttachedStream.end", (after) => {
        if (!is("does not count the open run of an exited thread")) after.counted += runRows(after)
        after.runAt = 0
        if (!is("publishes nothing for an exited thread")) after.published = after.rows.length
        after.known = Math.max(after.known, after.published)
        after.isComplete = 1
        after.hasLeft = 1
        if (after.main === "idle") after.main = "removing"
      })
    }
    if (s.main === "removing" && s.hasLeft === 0 && isQuiet(s)) {
      to("HostedLane.lookAgain: isQuiet", (after) => {
        after.hasLeft = 1
      })
    }
    const receivesFirst = is("receives sent messages before it reads the position")
    const mayLook = s.hasLeft === 1 || is("does not wait until the thread has left")
    if (s.main === "removing" && mayLook && (s.port.length === 0 || !receivesFirst)) {
      to("AttachedStream.position: published", (after) => {
        after.looked = after.published
        after.main = "looking"
      })
    }
    if (s.main === "looking" && (isAllReceived || receivesFirst)) {
      to("AttachedStream.position: known, and Close", (after) => {
        const position = receivesFirst ? after.published : after.looked
        if (!is("mistakes the last reported position for the current one"))
          after.known = Math.max(after.known, position)
        after.log.push(Close)
        after.log.push(after.known)
        after.accepted = after.counted
        after.main = "closed"
      })
    }
  }

  // --- the fold

  const foldOf = (s: S, to: To<S>): void => {
    if (s.done < s.log.length) {
      const [what, behind] = [s.log.at(s.done), s.log.at(s.done + 1)]
      const isEarly = what === Close && is("leaves to the total before the stream was read")
      if (s.read >= behind || isEarly) {
        to(what === Close ? "Fold.command: Close" : "Fold.command: Register", (after) => {
          after.done += 2
          if (what === Register) after.ticket++
          else {
            after.isClosed = 1
            after.total = after.folded
          }
        })
      }
    }
    if (s.read < s.published) {
      const next = s.rows.at(s.read)
      if (next < Wait) {
        to("Fold: an event", (after) => {
          after.read++
          if (after.isClosed === 1) return
          if (next - 1 !== after.ticket) after.wrong = 1
          after.folded++
        })
      } else if (s.ticket >= next - Wait || is("continues at a waiting row")) {
        to("Fold: a row that waits", (after) => {
          after.read++
        })
      }
    }
  }

  const capitalized = (name: string): string => name[0]!.toUpperCase() + name.slice(1)

  const replaced = (s: S, to: To<S>): void => {
    const saved = (name: (typeof fold)[number]) => `saved${capitalized(name)}` as "savedRead"
    if (fold.some((name) => s[name] !== s[saved(name)])) {
      to("Checkpoints", (after) => {
        for (const name of fold) after[saved(name)] = after[name]
      })
    }
    if (s.deaths < bounds.deaths) {
      to("the fold is replaced", (after) => {
        for (const name of fold) after[name] = after[saved(name)]
        if (is("forgets tickets when the fold is replaced")) after.ticket = 0
        if (is("forgets the stream position when the fold is replaced")) after.read = 0
        after.deaths++
      })
    }
  }

  const byItself = (s: S, to: To<S>): void => {
    thread(s, to)
    main(s, to)
    foldOf(s, to)
  }

  const isAtRest = (s: S): boolean => {
    let steps = 0
    byItself(s, () => void steps++)
    return steps === 0
  }

  return {
    initial: zero.copy(),
    next: (s, to) => {
      application(s, to)
      byItself(s, to)
      replaced(s, to)
    },
    whyWrong: (s) => {
      if (s.wrong === 1) return "an event is folded before or behind a command that is on its other side"
      if (!isAtRest(s)) return undefined
      if (s.done < s.log.length) return "a command waits for ever"
      if (s.read < s.published) return "a row waits for ever"
      if (s.isClosed === 0) return undefined
      if (s.total !== s.emitted) return "the total has not what the thread has emitted"
      return s.accepted === s.emitted ? undefined : "the books have not what the thread has emitted"
    }
  }
}
