// A reader that dies at every step and is replaced, in every interleaving within small bounds. That the search finds what is
// wrong with each of a list of faulty ones shows that it would find it in ours.
import { describe, expect, it } from "@effect/vitest"
import { asMany } from "../support/long.ts"
import { checkpoints } from "./Checkpoints.ts"
import type { Bounds, Fault } from "./CheckpointsState.ts"
import { type Explored, explore } from "./explore.ts"

const bounds = (some: Partial<Bounds>): Bounds => ({
  events: [0, 0],
  pages: 2,
  deaths: 1,
  capacity: 7,
  reads: 0,
  reopens: 0,
  listens: false,
  time: false,
  manyCommands: false,
  ...some
})

/** Pages are full, are covered, and are written again. */
const turning = bounds({ events: [3, 1] })
const turningTwice = bounds({ events: [4, 0], deaths: 2 })
/** A page is full and read while what was read before is saved. */
const threePages = bounds({ events: [7, 0], pages: 3 })
const lanes = bounds({ events: [2, 2] })
const timed = bounds({ events: [2, 1], time: true })
/** The capacity is used up. */
const waiting = bounds({ events: [4, 0], capacity: 2 })
const reading = bounds({ events: [1, 0], reads: 1, manyCommands: true })
/** The number of a lane is used again. */
const reopening = bounds({ events: [0, 1], reopens: 1, manyCommands: true })
/** What a lane has counted goes into a total when it is closed. */
const leaving = bounds({ events: [0, 2], reopens: 1, manyCommands: true, leaves: true })
const listening = bounds({ events: [2, 0], listens: true })
const listeningTwice = bounds({ events: [2, 0], listens: true, deaths: 2 })

const short: { readonly [name: string]: Bounds } = {
  "reused pages": turning,
  "lanes saved one after the other": lanes,
  "a second death": turningTwice,
  "time that passes": timed,
  "fibers that wait for room": waiting,
  reads: reading,
  "reused lane numbers": reopening,
  "a lane that leaves its counts to a total": leaving,
  "a listener": listening
}
/** In `npm run test:long`. */
const long: { readonly [name: string]: Bounds } = {
  "more pages": threePages,
  "more lanes that are saved one after the other": bounds({ events: [3, 2] }),
  "more deaths": bounds({ events: [3, 1], deaths: 2 }),
  "more time that passes": bounds({ events: [3, 1], time: true }),
  "fibers that wait for room, and deaths": bounds({ events: [5, 0], capacity: 2, deaths: 2 }),
  "more reads": bounds({ events: [1, 0], reads: 2, manyCommands: true }),
  "reads, and deaths": bounds({ events: [1, 0], reads: 1, manyCommands: true, deaths: 2 }),
  "events of lanes whose numbers are used again": bounds({ events: [1, 1], reopens: 1, manyCommands: true }),
  "numbers of lanes that are used again, and deaths": bounds({
    events: [0, 1],
    reopens: 1,
    manyCommands: true,
    deaths: 2
  }),
  "lanes that leave to a total what they have counted, and deaths": bounds({
    events: [1, 2],
    reopens: 1,
    manyCommands: true,
    leaves: true,
    deaths: 2
  }),
  "a listener, and deaths": listeningTwice
}
const all = asMany(1, 0) === 1 ? { ...short, ...long } : short

const MostStates = 2_000_000
const explored = new Map<string, Explored>()

/** What the search among the interleavings of one of these gave. Two tests look at it. */
const exploredOf = (name: string): Explored => {
  const known = explored.get(name) ?? explore(checkpoints(all[name]!), MostStates)
  explored.set(name, known)
  return known
}

describe("a reader that dies and is replaced", () => {
  it.each(Object.keys(all))("folds each event once and leaves nothing waiting: %s", (name) => {
    const { states, violation } = exploredOf(name)
    expect(violation).toBeUndefined()
    expect(states).toBeGreaterThan(4000)
  })

  it("covers all of these steps", () => {
    const steps = new Set(Object.keys(all).flatMap((name) => [...exploredOf(name).steps]))
    expect([...steps].toSorted()).toMatchInlineSnapshot(`
      [
        "Checkpoints.goOn",
        "FoldLane.#inSlices",
        "FoldListener.#deliver",
        "Intake: look at the counters",
        "Intake: no room",
        "KeptLog.receive",
        "LaneCounters.want",
        "RecorderFold.#count: Folded",
        "RowReader.#readPage",
        "ask",
        "close",
        "emit",
        "emit, later",
        "makeLink.deliver",
        "makeLink.restarted",
        "openLane",
        "page.publish, a command",
        "page.setRead",
        "the reader dies",
        "toWorker: disconnect",
        "toWorker: replace",
      ]
    `)
  })
})

// --- faults

const lost = "an event was not folded"
const wrongRow = "a row was read that is not the next one"
const wrongLane = "a lane is there that is closed, or none where one is open"
const tooMany = "more events are counted than there were"
const notInOne = "an event is neither in its lane nor in the total, or in both"
const notReceived = "a change is counted that was not received"

const found: { readonly [F in Fault]: readonly [Bounds, reason: string] } = {
  "marks a page as read when it was read": [turning, wrongLane],
  "marks pages as read before the checkpoint is posted": [turning, wrongLane],
  "marks pages as read that were read during a checkpoint": [threePages, lost],
  "covers the position where a checkpoint ends": [turning, lost],
  "posts the covered position before the lanes": [turning, wrongLane],
  "saves the state of the log at the end of a checkpoint": [timed, wrongRow],
  "forgets lanes touched during a checkpoint": [threePages, wrongRow],
  "saves a lane as if it were at the covered position": [turning, wrongRow],
  "saves a lane as if it were no further than the reader": [turningTwice, wrongRow],
  "reopens a restored lane": [turning, wrongRow],
  "saves only the touched lanes instead of all": [turning, wrongLane],
  "replaces kept data before all lanes are saved": [turning, wrongLane],
  "keeps no commands": [turning, wrongLane],
  "drops commands before they are covered": [turning, lost],
  "sends no kept commands to the next reader": [turning, wrongLane],
  "ignores a checkpoint when the reader has died": [turning, lost],
  "ignores an answer when the reader has died": [reading, "a read waits for ever"],
  "forgets an unanswered request": [reading, "a read waits for ever"],
  "replaces a reader that still runs": [turning, lost],
  "releases no covered pages when the reader is replaced": [turning, "a page is never written again"],
  "does not notify waiters that the reader was replaced": [waiting, "a fiber waits, and there is room"],
  "reuses a lane number before its close is covered": [reopening, tooMany],
  "treats a removed lane as permanently removed": [reopening, wrongLane],
  "continues counting from the shown counters": [turning, tooMany],
  "shows counters that are behind": [turning, "counters go back"],
  "resends changes that were received": [listening, "a listener gets another change than the next"],
  "treats any delivery as its own": [listening, notReceived],
  "saves while a total absorbs what was left to it": [leaving, notInOne],
  "saves a lane that was closed without the total": [leaving, notInOne]
}

describe("a replacement with a fault", () => {
  it.each(Object.entries(found))("finds the fault: %s", (fault, [bounds, reason]) => {
    expect(explore(checkpoints(bounds, fault as Fault), MostStates).violation?.reason).toBe(reason)
  })
})
