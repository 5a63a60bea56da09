// The application thread's end of the stream's port: what it forwards, and how it handles what it cannot forward.
import { once } from "node:events"
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads"
import { describe, expect, it, vi } from "vitest"
import { FoldPort } from "../../src/internal/link/foldPort.ts"
import { PartValues } from "../../src/internal/stream/answerParts.ts"
import { ControlBytes } from "../../src/internal/stream/parking.ts"
import type { FoldReply } from "../../src/internal/stream/workerMessages.ts"

const idle: FoldReply = { _tag: "Idle" }

const open = (receive: (reply: FoldReply) => void) => {
  const { port1, port2 } = new MessageChannel()
  const failures: Array<unknown> = []
  const later: Array<() => void> = []
  const onFailure = (cause: unknown): void => void failures.push(cause)
  const port = new FoldPort(port1, new SharedArrayBuffer(ControlBytes), {
    onReply: receive,
    onDefect: onFailure,
    onEnded: onFailure,
    nextTurn: (action) => void later.push(action)
  })
  return {
    port,
    failures,
    later,
    fold: port2,
    [Symbol.dispose]: () => port.close()
  }
}

it("the stream opens with the words that the threads use to wake each other", () => {
  using opened = open(() => {})
  expect(receiveMessageOnPort(opened.fold)?.message).toEqual({
    _tag: "Start",
    control: expect.any(SharedArrayBuffer),
    place: expect.any(SharedArrayBuffer)
  })
})

it("a port receives at once, and once, what the fold sent before it ended", async () => {
  const received: Array<FoldReply> = []
  using opened = open((reply) => void received.push(reply))
  for (let i = 0; i < 3; i++) opened.fold.postMessage(idle)
  opened.port.drain()
  expect(received).toEqual([idle, idle, idle])
  opened.port.post({ _tag: "Wake" })
  await once(opened.fold, "message")
  expect(received).toHaveLength(3)
})

it("a port makes room for more of an answer in a later turn of the event loop, once for all parts that came in one turn", () => {
  using opened = open(() => {})
  const part = { path: ["0"], from: 0, entries: [1], names: undefined }
  const post = (values: number): void =>
    opened.fold.postMessage({ _tag: "Part", lane: 0, request: 0, part, values } satisfies FoldReply)
  const told = (): ReadonlyArray<unknown> => {
    for (const action of opened.later.splice(0)) action()
    const messages: Array<unknown> = []
    for (let next = receiveMessageOnPort(opened.fold); next; next = receiveMessageOnPort(opened.fold)) {
      messages.push(next.message)
    }
    return messages
  }
  told()
  post(PartValues - 1)
  opened.port.drain()
  expect(told(), "short answers cost no message").toEqual([])
  post(1)
  post(PartValues)
  opened.port.drain()
  expect(receiveMessageOnPort(opened.fold), "not in the same turn").toBeUndefined()
  expect(told()).toEqual([{ _tag: "Taken", values: 2 * PartValues }])
  post(PartValues)
  opened.port.drain()
  expect(told()).toEqual([{ _tag: "Taken", values: 3 * PartValues }])
})

it("sending fails for a value that cannot be cloned", () => {
  using opened = open(() => {})
  opened.port.post({ _tag: "Attach", attachments: [{ at: 0, command: () => {} }] })
  expect(opened.failures).toEqual([expect.objectContaining({ name: "DataCloneError" })])
})

it("an error of the receiver is rethrown, and the next message is received", () => {
  let replies = 0
  using opened = open(() => {
    if (++replies === 1) throw new Error("a defect")
  })
  for (let i = 0; i < 2; i++) opened.fold.postMessage(idle)
  opened.port.drain()
  expect([replies, opened.failures]).toEqual([2, [new Error("a defect")]])
})

describe("the effects of a reply", () => {
  /** Two replies, each of which leads to an action that notes its number. The first reply comes by itself, and the other as a test has it. */
  const run = async (second: (opened: ReturnType<typeof open>) => unknown, inFirst = () => {}) => {
    const ran: Array<number> = []
    let replies = 0
    using opened = open(() => {
      const number = ++replies
      opened.port.afterFold(() => {
        ran.push(number)
        if (number === 1) inFirst()
      })
    })
    opened.fold.postMessage(idle)
    await vi.waitUntil(() => replies === 1, { interval: 1 })
    opened.fold.postMessage(idle)
    await second(opened)
    await vi.waitUntil(() => replies === 2, { interval: 1 })
    return { ran, ...opened }
  }

  it("happen in the turn of the event loop in which it arrives", async () => {
    const { later, ran } = await run(() => {})
    expect([ran, later]).toEqual([[1, 2], []])
  })

  it("happen later if the replies of a lost thread are received during another operation", async () => {
    const { later, ran } = await run(({ port }) => port.drain())
    expect(ran).toEqual([1])
    for (const action of later) action()
    expect(ran).toEqual([1, 2])
  })

  it("happen later if an earlier reply revealed that the thread is lost", async () => {
    const ran: Array<number> = []
    let replies = 0
    using opened = open(() => {
      const number = ++replies
      opened.port.afterFold(() => {
        if (number === 1) opened.port.drain()
        ran.push(number)
      })
    })
    for (let i = 0; i < 2; i++) opened.fold.postMessage(idle)
    await vi.waitUntil(() => replies === 2, { interval: 1 })
    opened.fold.postMessage(idle)
    await vi.waitUntil(() => replies === 3, { interval: 1 })
    expect(ran).toEqual([1])
    for (const action of opened.later) action()
    expect(ran).toEqual([1, 2, 3])
  })

  it("may throw, which surfaces later and loses nothing of the next reply", async () => {
    const { failures, later, ran } = await run(
      () => {},
      () => {
        throw new Error("a defect")
      }
    )
    expect([ran, failures, later.length]).toEqual([[1, 2], [], 1])
    expect(later[0]).toThrow("a defect")
  })
})
