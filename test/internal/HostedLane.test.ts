// A lane whose recorder is in an attached thread: what of it reaches the thread, and what the thread leaves when it ends.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { AttachedStream } from "../../src/internal/link/attachedStream.ts"
import type { AttachedThreads } from "../../src/internal/link/attachedThreads.ts"
import { LaneLink, type LaneListener } from "../../src/internal/link/link.ts"
import type { Command } from "../../src/internal/stream/commands.ts"
import { ChunkBytes, CounterTable } from "../../src/internal/stream/foldedCounters.ts"
import type { LaneMessage } from "../../src/internal/stream/foldMessages.ts"
import { BookClosed, ByRemoval, ByShutdown, makeBooks } from "../../src/internal/stream/rows/laneBooks.ts"
import {
  StreamWords,
  WordPos,
  WordRunAt,
  WordRunCounted,
  WordRunLane,
  WordRunWords
} from "../../src/internal/stream/rows/streamWords.ts"
import { HostedLane } from "../../src/internal/threads/hostedLane.ts"

const Lane = 3
const part = { path: ["0"], from: 0, entries: [1], names: undefined }

const hosted = () => {
  const words = new StreamWords()
  const stream = new AttachedStream(1, words.buffer, () => 0)
  const books = makeBooks()
  const table = new CounterTable()
  table.add(0, new ArrayBuffer(ChunkBytes))
  const sent: Array<Command> = []
  const told: Array<LaneMessage> = []
  const unwanted: Array<number> = []
  const mirrored: Array<unknown> = []
  const asked = new Set<number>()
  const later: Array<() => void> = []
  const state = { removed: 0, isShutDown: false }
  const core = { send: (command: Command) => sent.push(command), afterFold: (action: () => void) => later.push(action) }
  const threads = {
    openLane: () => new LaneLink(Lane, table.of(Lane), core as never),
    unwanted: (_lane: number, request: number) => unwanted.push(request)
  }
  const lane = new HostedLane({
    lane: Lane,
    books,
    stream,
    threads: threads as unknown as AttachedThreads,
    from: undefined,
    tell: (message) => void told.push(message),
    remove: () => void state.removed++,
    isShutDown: () => state.isShutDown
  })
  lane.openLane({
    onMessage: (message: unknown) => void mirrored.push(message),
    onPart: (request: number) => mirrored.push(request) > 0,
    awaits: (request: number) => asked.has(request)
  } as unknown as LaneListener)
  const read = (request: number) =>
    lane.sent({ _tag: "Read", lane: Lane, request, what: "snapshots", names: [], now: 0 }) as Command & {
      readonly request: number
    }
  const answer = (request: number): LaneMessage => ({ _tag: "Answer", lane: Lane, request, read: [] }) as never
  const changes = (sequence: number): LaneMessage => ({ _tag: "Changes", lane: Lane, sequence, changes: [] }) as never
  return { answer, asked, books, changes, lane, later, mirrored, read, sent, state, stream, told, unwanted, words }
}

describe("a read of the thread", () => {
  it("has a number that no read of the main thread has, and its answer has that of the thread, once", () => {
    const { answer, asked, lane, mirrored, read, told } = hosted()
    asked.add(0)
    const numbers = [0, 1].map((request) => read(request).request)
    expect(new Set([...numbers, -1, 0, 1]).size).toBe(5)
    expect(lane.awaits(numbers[1]!)).toBe(true)
    expect(lane.onPart(numbers[1]!, part)).toBe(true)
    lane.onMessage(answer(numbers[1]!))
    expect(told).toEqual([{ _tag: "Part", lane: Lane, request: 1, part, values: 0 }, answer(1)])
    // A replaced fold may answer again.
    expect(lane.awaits(numbers[1]!)).toBe(false)
    expect(lane.onPart(numbers[1]!, part)).toBe(false)
    lane.onMessage(answer(numbers[1]!))
    expect(told).toHaveLength(2)
    expect(mirrored).toEqual([])
  })

  it("leaves reads of the main thread to the recorder there", () => {
    const { answer, asked, lane, mirrored, read, told } = hosted()
    read(0)
    asked.add(0)
    expect([lane.awaits(0), lane.awaits(1)]).toEqual([true, false])
    expect(lane.onPart(0, part)).toBe(true)
    lane.onMessage(answer(0))
    expect(mirrored).toEqual([0, answer(0)])
    expect(told).toEqual([])
  })

  it("is withdrawn from the fold once, if the thread no longer wants the answer", () => {
    const { lane, read, unwanted } = hosted()
    const { request } = read(5)
    for (let i = 0; i < 2; i++) lane.unwanted(5)
    expect(unwanted).toEqual([request])
    expect(lane.awaits(request)).toBe(false)
  })

  it("is not awaited any more when the thread has ended", () => {
    const { answer, lane, read, told } = hosted()
    const { request } = read(5)
    lane.end(0)
    expect(lane.awaits(request)).toBe(false)
    lane.onMessage(answer(request))
    expect(told).toEqual([])
  })
})

describe("changes that the thread listens to", () => {
  const delivered = (sequence: number) => ({ _tag: "Delivered", lane: Lane, sequence }) as const
  const stopped = { _tag: "Watch", watch: "none", lane: Lane }

  it("are delivered when the thread says so, and the fold then waits for nothing at its end", () => {
    const { changes, lane, sent, told } = hosted()
    expect(lane.seen).toBe(0)
    lane.onMessage(changes(7))
    expect(told).toEqual([changes(7)])
    expect(lane.seen).toBe(7)
    expect(lane.sent(delivered(7))).toEqual(delivered(7))
    lane.end(0)
    expect(sent).toEqual([stopped])
  })

  it("that the thread has not delivered at its end are delivered, and so are those that come later", () => {
    const { changes, lane, sent, stream, told } = hosted()
    lane.onMessage(changes(7))
    lane.onMessage(changes(9))
    lane.sent(delivered(7))
    stream.end()
    lane.end(0)
    expect(sent.splice(0)).toEqual([stopped, delivered(9)])
    lane.onMessage(changes(11))
    expect(sent).toEqual([delivered(11)])
    expect(lane.seen).toBe(11)
    expect(told).toHaveLength(2)
  })
})

it("what the fold has counted is told to the recorder, and to the thread as long as it runs", () => {
  const { lane, mirrored, stream, told } = hosted()
  const folded: LaneMessage = { _tag: "Folded", lane: Lane }
  lane.onMessage(folded)
  stream.end()
  lane.onMessage(folded)
  expect(told).toEqual([folded])
  expect(mirrored).toEqual([folded, folded])
})

it("the thread learns whether its recorder was removed or shut down, unless it has ended", () => {
  for (const isShutDown of [false, true]) {
    const { books, lane, state, stream } = hosted()
    Object.assign(state, { isShutDown })
    lane.stop()
    expect([books[BookClosed], state.removed]).toEqual([isShutDown ? ByShutdown : ByRemoval, 1])
    books[BookClosed] = 0
    stream.end()
    lane.stop()
    expect([books[BookClosed], state.removed]).toEqual([0, 1])
  }
})

describe("an action that waits until everything of the thread is folded", () => {
  const drain = { _tag: "Read", lane: Lane, request: -1, what: "snapshots", names: [], now: expect.any(Number) }
  const seal = { _tag: "Seal", lane: Lane }

  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  const leaving = () => {
    const all = hosted()
    const ran: Array<number> = []
    const wait = (number: number): void => all.lane.whenFolded(() => void ran.push(number))
    const fold = (): void => {
      all.lane.onMessage(all.answer(-1))
      for (const action of all.later.splice(0)) action()
    }
    /** In the middle of a run, of whose three events the thread has counted one. */
    const open = (lane: number): void => {
      Object.assign(all.words.i32, { [WordRunAt]: 1, [WordRunWords]: 2, [WordPos]: 8 })
      Object.assign(all.words.i32, { [WordRunLane]: lane, [WordRunCounted]: 1 })
    }
    return { ...all, fold, open, ran, wait }
  }

  it("runs after the fold has read what the thread wrote before it left, and when nothing is being folded", () => {
    const { answer, fold, lane, later, ran, sent, wait } = leaving()
    for (const number of [1, 2]) wait(number)
    expect([sent, lane.awaits(-1)]).toEqual([[], false])
    lane.left()
    expect(sent).toEqual([drain, drain])
    expect(lane.awaits(-1)).toBe(true)
    lane.onMessage(answer(-1))
    expect(ran).toEqual([])
    for (const action of later.splice(0)) action()
    fold()
    expect([ran, lane.awaits(-1)]).toEqual([[1, 2], false])
    wait(3)
    fold()
    expect(ran).toEqual([1, 2, 3])
    vi.runAllTimers()
    expect(sent).toEqual([drain, drain, drain])
  })

  it("waits only for the fold if the thread has ended", () => {
    for (const end of ["before", "meanwhile"] as const) {
      const { fold, lane, ran, sent, stream, wait } = leaving()
      if (end === "before") stream.end()
      wait(1)
      if (end === "meanwhile") lane.end(4)
      expect(lane.uncounted).toBe(end === "meanwhile" ? 4 : 0)
      expect(sent).toContainEqual(drain)
      fold()
      expect([ran, vi.getTimerCount()]).toEqual([[1], end === "before" ? 0 : 1])
      vi.runAllTimers()
      expect(sent).not.toContainEqual(seal)
    }
  })

  it("seals the lane of a thread that is quiet and reports nothing", () => {
    const { lane, ran, sent, wait } = leaving()
    wait(1)
    vi.advanceTimersToNextTimer()
    expect(sent).toEqual([seal, drain])
    vi.runAllTimers()
    expect(sent).toHaveLength(2)
    expect([ran, lane.uncounted]).toEqual([[], 0])
  })

  it("abandons a thread in the middle of a run after a second, with the events that it had not counted", () => {
    for (const [of, uncounted] of [
      [Lane, 2],
      [Lane + 1, 0]
    ] as const) {
      const { lane, open, sent, wait } = leaving()
      open(of)
      wait(1)
      vi.advanceTimersByTime(1000)
      expect(sent).toEqual([])
      vi.advanceTimersByTime(25)
      expect(sent).toEqual([seal, drain])
      expect(lane.uncounted).toBe(uncounted)
    }
  })

  it("waits for a thread in the middle of a run until that is quiet", () => {
    const { lane, open, sent, wait, words } = leaving()
    open(Lane)
    wait(1)
    vi.advanceTimersByTime(500)
    words.i32[WordRunAt] = 0
    words.i32[WordPos] = 0
    vi.advanceTimersByTime(25)
    expect(sent).toEqual([seal, drain])
    expect(lane.uncounted).toBe(0)
  })
})
