// The hand-over of the stream between the threads, in every interleaving of their steps within small bounds. That the
// search finds what is wrong with each of a list of faulty ones shows that it would find it in ours.
import { describe, expect, it } from "@effect/vitest"
import { asMany } from "../support/long.ts"
import { type Explored, explore } from "./explore.ts"
import { handover } from "./Handover.ts"
import type { Bounds, Fault } from "./HandoverState.ts"

const bounds = (some: Partial<Bounds>): Bounds => ({
  events: 0,
  commands: 0,
  pages: 2,
  capacity: 9,
  sleeps: false,
  flushes: false,
  mayWait: false,
  ...some
})

/** Pages are full, are read, and are written again. */
const turning = bounds({ events: 6, flushes: true })
/** The reader falls asleep, and is woken. */
const sleeping = bounds({ events: 3, sleeps: true })
const sleepingWithCommands = bounds({ events: 1, commands: 1, sleeps: true, flushes: true })
/** Commands are attached. */
const commanding = bounds({ events: 2, commands: 2, flushes: true, mayWait: true })
/** The capacity is used up. */
const waiting = bounds({ events: 4, capacity: 2 })

const all: { readonly [name: string]: Bounds } = {
  "reused pages": turning,
  "a third page": bounds({ events: 6, pages: 3 }),
  "commands among events": commanding,
  "commands that find all pages full": bounds({ events: asMany(5, 4), commands: 2 }),
  "a reader that sleeps": sleeping,
  "a reader that sleeps, and commands": sleepingWithCommands,
  "fibers that wait for room": bounds({ events: 5, capacity: 1 }),
  "fibers that wait for room in the pages": bounds({ events: 6, capacity: 3 }),
  "fibers that wait for a reader that sleeps": bounds({ events: 2, capacity: 1, sleeps: true })
}

const MostStates = 1_000_000

const explored = new Map<string, Explored>()

/** What the search among the interleavings of one of these gave. Two tests look at it. */
const exploredOf = (name: string): Explored => {
  const known = explored.get(name) ?? explore(handover(all[name]!), MostStates)
  explored.set(name, known)
  return known
}

describe("the handover of the stream", () => {
  it.each(Object.keys(all))("loses nothing and leaves nothing waiting: %s", (name) => {
    const { states, violation } = exploredOf(name)
    expect(violation).toBeUndefined()
    expect(states).toBeGreaterThan(10_000)
  })

  it("covers all of these steps", () => {
    const steps = new Set(Object.keys(all).flatMap((name) => [...exploredOf(name).steps]))
    expect([...steps].filter((step) => !step.includes("not over")).toSorted()).toMatchInlineSnapshot(`
      [
        "FoldThread.receive: Attach",
        "FoldThread.receive: Memory",
        "FoldThread.receive: Sleep",
        "FoldThread.receive: Wake",
        "FoldThread.run: idle",
        "FoldThread.run: nextTurn",
        "FoldThread.run: ready",
        "Intake.#askForNews: later",
        "Intake.#askForNews: look",
        "Intake.#hasCredit: look",
        "Intake.#hasCredit: look again",
        "Intake.flush",
        "Intake.onFolded: look",
        "LaneCounters.add",
        "LaneCounters.takeWanted: exchange",
        "LaneCounters.takeWanted: load",
        "LaneCounters.want",
        "PagePool.#collect: isRead",
        "PageWriter.command",
        "PageWriter.command, which may wait",
        "PageWriter.onTimer",
        "PageWriter.readerIdle",
        "PageWriter.sendAttachments",
        "PageWriter.wakeReader",
        "RecorderFold.#moveCounters: Folded",
        "RowReader.#readPage",
        "RowReader.read: publishedEnd",
        "RowReader.read: ready",
        "RowWriter.endTurn",
        "WakeUp.nap: hasWork",
        "WakeUp.nap: load Signal",
        "WakeUp.nap: store State",
        "WakeUp.nap: store State again",
        "WakeUp.nap: wait",
        "WakeUp.rouse: add to Signal",
        "WakeUp.rouse: exchange State",
        "WakeUp.rouse: load State",
        "WakeUp.rouse: notify",
        "emit",
        "page.publish",
        "page.publish, by a page turn",
        "page.setRead",
        "the recorder hears of Folded",
        "the time of a nap is over",
      ]
    `)
  })
})

// --- faults

const overwritten = "an event that was published and not counted as folded is lost"
const wrongRow = "a row was read that is not the next one"
const late = "what is urgent waits"
const forgotten = "a published row waits for ever"
const stranded = "a fiber waits, and there is room"

const found: { readonly [F in Fault]: readonly [Bounds, reason: string] } = {
  "publishes before the rows are written": [turning, wrongRow],
  "publishes with a plain store": [turning, wrongRow],
  "ends a page after it published the turn": [turning, wrongRow],
  "clears the next page after it published the turn": [turning, wrongRow],
  "reclaims a published page, read or not": [turning, overwritten],
  "marks a page as read before it reads the rows": [turning, overwritten],
  "counts the events of a page after it marked the page as read": [turning, overwritten],
  "counts an event twice": [turning, "more events are counted than were folded"],
  "turns the page without waking the reader": [sleeping, late],
  "naps without looking again": [commanding, late],
  "rouses before it publishes": [commanding, late],
  "rouses without changing the signal": [commanding, late],
  "changes the signal without notifying": [commanding, late],
  "does not rouse for a command": [commanding, late],
  "wakes the reader, and does not rouse it": [sleepingWithCommands, late],
  "forgets that the reader sleeps": [sleeping, forgotten],
  "sleeps without asking": [sleeping, forgotten],
  "sleeps on when it was woken": [sleeping, forgotten],
  "reads the counters before it requests a notification": [waiting, stranded],
  "checks for requests before it counts": [waiting, stranded],
  "clears the request after it notified": [waiting, stranded]
}

describe("a handover with a fault", () => {
  it.each(Object.entries(found))("finds the fault: %s", (fault, [bounds, reason]) => {
    expect(explore(handover(bounds, fault as Fault), MostStates).violation?.reason).toBe(reason)
  })
})
