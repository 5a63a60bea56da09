// The code of the hand-over accesses shared words in the order of docs/design/protocol.md, and the model of it has the
// same accesses in the same order. So the code has what the search among all interleavings of the model finds.
import { afterEach, describe, expect, it, vi } from "@effect/vitest"
import { follow } from "./follow.ts"
import { handover } from "./Handover.ts"
import { accessesOf, type Fault } from "./HandoverState.ts"
import { HandoverTrace, type Steps } from "./HandoverTrace.ts"

afterEach(() => void vi.restoreAllMocks())

/**
 * What is done, and then the accesses: a word and the number of its page. `write`: plain stores, which another thread
 * sees in any order, but no later than the next access.
 */
const protocol = `
the end of a turn publishes
  write rows 0, store publishedEnd 0
the reader reads
  load publishedEnd 0, load publishedEnd 0, fold an event, fold an event, load publishedEnd 0
it naps
  load Signal, store State, load publishedEnd 0, wait Signal
the last page ends the nap
  store turn 1, write publishedEnd 1, store read 1,
  write rows 0, store publishedEnd 0,
  load State, compareExchange State, add Signal, notify Signal,
  write rows 1
a flush, and another one
  write rows 1, store publishedEnd 1, load State
the nap is over
  store State
the reader reads a page to its end
  load publishedEnd 0, load publishedEnd 0, store read 0,
  load publishedEnd 1, load publishedEnd 1, fold an event, fold an event, load publishedEnd 1
it naps
  load Signal, store State, load publishedEnd 1, wait Signal
a page is reused
  load read 0, store turn 0, write publishedEnd 0, store read 0,
  write rows 1, store publishedEnd 1,
  load State, compareExchange State, add Signal, notify Signal,
  write rows 0
a command
  write rows 0, post Attach, store publishedEnd 0, load State
a command that finds all pages full
  load read 1, post Memory, store turn 2, write publishedEnd 2, store read 2,
  write rows 0, store publishedEnd 0,
  load State,
  write rows 2, post Attach, store publishedEnd 2, load State
an event that finds all pages full
  load read 1
the reader lacks the first command
  store State,
  load publishedEnd 1, load publishedEnd 1, store read 1,
  load publishedEnd 0, load publishedEnd 0, fold an event, fold an event
it lacks the page of the second command
  load publishedEnd 0, load publishedEnd 0, fold a command
it lacks the second command
  load publishedEnd 0, load publishedEnd 0, store read 0,
  load publishedEnd 2, load publishedEnd 2
it has everything
  load publishedEnd 2, load publishedEnd 2, fold a command, load publishedEnd 2
an event has room again, during a nap
  load Signal, store State, load publishedEnd 2, wait Signal,
  load read 1, load read 0, store turn 1, write publishedEnd 1, store read 1,
  write rows 2, store publishedEnd 2,
  load State, compareExchange State, add Signal, notify Signal,
  write rows 1, store publishedEnd 1, load State,
  store State
a nap during which nothing happens
  load publishedEnd 2, load publishedEnd 2, store read 2,
  load publishedEnd 1, load publishedEnd 1, fold an event, fold an event, load publishedEnd 1,
  load Signal, store State, load publishedEnd 1, wait Signal, store State
another one
  load publishedEnd 1, load publishedEnd 1, load publishedEnd 1,
  load Signal, store State, load publishedEnd 1, wait Signal, store State
the reader may sleep
  post Sleep, load publishedEnd 1, load publishedEnd 1, load publishedEnd 1
another page
  load read 2, store turn 0, write publishedEnd 0, store read 0,
  write rows 1, store publishedEnd 1, post Wake,
  load State,
  write rows 0
a command that could not be attached, and another page
  load publishedEnd 1, load publishedEnd 1, store read 1,
  load publishedEnd 0, load publishedEnd 0, load publishedEnd 0,
  write rows 0,
  load read 1, store turn 1, write publishedEnd 1, store read 1,
  post Attach, write rows 0, store publishedEnd 0, load State,
  write rows 1
`

/** Of an attached thread: also the words that let another thread complete its stream. */
const attachedProtocol = `
a flush, and another one
  write Pos and rows 0, store publishedEnd 0, write Published, load State, load State
another page
  store turn 1, write publishedEnd 1, store read 1,
  write rows 0, store publishedEnd 0,
  write Page and Pos and Published, load State, load State,
  write Pos and rows 1
the reader sleeps
  load publishedEnd 0, load publishedEnd 0, fold an event, fold an event, store read 0,
  load publishedEnd 1, load publishedEnd 1, load publishedEnd 1,
  load Signal, store State, load publishedEnd 1, waitAsync Signal
a flush
  write Pos and rows 1, store publishedEnd 1, write Published,
  load State, load State, compareExchange State, add Signal, notify Signal,
  load State
`

const stepsOf = (text: string): Steps =>
  text
    .trim()
    .split(/\n(?! )/)
    .map((each) => {
      const [step = "", ...lines] = each.split("\n")
      return [step, lines.flatMap((line) => line.trim().split(/, ?/).filter(Boolean))]
    })

it("the code accesses shared words in the order of the protocol", async () => {
  const trace = new HandoverTrace()
  trace.emit()
  trace.emit()
  await trace.endTurn()
  trace.did("the end of a turn publishes")
  trace.read()
  trace.did("the reader reads")
  trace.nap(() => {
    trace.did("it naps")
    trace.emit()
    trace.did("the last page ends the nap")
    trace.emit()
    trace.flush()
    trace.flush()
    trace.did("a flush, and another one")
  })
  trace.did("the nap is over")
  trace.read()
  trace.did("the reader reads a page to its end")
  trace.nap(() => {
    trace.did("it naps")
    trace.emit()
    trace.did("a page is reused")
    trace.emit()
    trace.command()
    trace.did("a command")
    trace.command()
    trace.did("a command that finds all pages full")
    expect(trace.emit()).toBe(false)
    trace.did("an event that finds all pages full")
  })
  trace.read()
  trace.did("the reader lacks the first command")
  trace.receive()
  trace.read()
  trace.did("it lacks the page of the second command")
  trace.receive()
  trace.read()
  trace.did("it lacks the second command")
  trace.receive()
  trace.read()
  trace.did("it has everything")
  trace.nap(() => {
    trace.emit()
    trace.emit()
    trace.flush()
  })
  trace.did("an event has room again, during a nap")
  trace.read()
  trace.nap()
  trace.did("a nap during which nothing happens")
  trace.read()
  trace.nap()
  trace.did("another one")
  trace.readerIdle()
  trace.receive()
  trace.read()
  trace.did("the reader may sleep")
  trace.emit()
  trace.did("another page")
  trace.receive()
  trace.read()
  trace.emit()
  expect(trace.failing(1, () => trace.command())).toBe(true)
  trace.emit()
  trace.did("a command that could not be attached, and another page")
  expect(trace.steps).toEqual(stepsOf(protocol))
})

it("the code of an attached thread does", () => {
  const trace = new HandoverTrace(true)
  trace.emit()
  trace.emit()
  trace.flush()
  trace.flush()
  trace.did("a flush, and another one")
  trace.emit()
  trace.did("another page")
  trace.read()
  trace.sleep()
  trace.did("the reader sleeps")
  trace.emit()
  trace.flush()
  trace.did("a flush")
  expect(trace.steps).toEqual(stepsOf(attachedProtocol))
})

it("everything is folded once and a sleeping reader is woken, whichever access fails", () => {
  const actions = ["emit", "command", "readerIdle", "emit", "emit", "flush", "emit", "command", "command"] as const
  for (const [i, action] of actions.entries()) {
    for (let access = 1, fails = true; fails; access++) {
      const trace = new HandoverTrace()
      for (const before of actions.slice(0, i)) trace[before]()
      fails = trace.failing(access, () => trace[action]())
      const { folded, written } = trace
      for (const after of [["flush"], ["emit", "emit"], ["emit", "emit", "flush"]] as const) {
        for (const action of after) trace[action]()
        trace.drain()
        if (after.at(-1) === "flush") expect(folded.rows, `access ${access} of action ${i}`).toBe(written.rows)
      }
      // A command whose call has failed may have been in line.
      expect([...folded.commands]).toEqual(expect.arrayContaining([...written.commands]))
    }
  }
})

describe("the model of the handover", () => {
  // The turn of a page concerns those that replace a reader.
  const run = stepsOf(protocol).flatMap(([, some]) => some.filter((access) => !access.startsWith("store turn")))
  const ordered = run.filter((access) => !access.startsWith("write"))
  const followed = (fault?: Fault) => {
    const bounds = {
      events: 11,
      commands: 3,
      pages: 2,
      capacity: 20,
      sleeps: true,
      flushes: true,
      mayWait: true
    } as const
    return follow(handover(bounds, fault), accessesOf, run)
  }

  it("has the accesses of the code", () => {
    expect(followed()).toEqual(ordered)
  })

  it.each<Fault>([
    "publishes before the rows are written",
    "publishes with a plain store",
    "ends a page after it published the turn",
    "clears the next page after it published the turn",
    "reclaims a published page, read or not",
    "marks a page as read before it reads the rows",
    "turns the page without waking the reader",
    "naps without looking again",
    "rouses before it publishes",
    "rouses without changing the signal",
    "changes the signal without notifying",
    "wakes the reader, and does not rouse it",
    "forgets that the reader sleeps",
    "sleeps without asking"
  ])("has other accesses if it %s", (fault) => {
    expect(followed(fault).length).toBeLessThan(ordered.length)
  })
})
