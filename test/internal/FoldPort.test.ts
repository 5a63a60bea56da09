// The application thread's end of the stream's port: what it passes on, and what becomes of what it cannot pass on.
import { once } from "node:events"
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads"
import { expect, it } from "vitest"
import { FoldPort } from "../../src/internal/link/foldPort.ts"
import type { FoldReply } from "../../src/internal/stream/protocol.ts"

const idle: FoldReply = { _tag: "Idle" }

const open = (receive: (reply: FoldReply) => void) => {
  const { port1, port2 } = new MessageChannel()
  const failures: Array<unknown> = []
  const port = new FoldPort(port1, receive, (cause) => void failures.push(cause))
  return {
    port,
    failures,
    fold: port2,
    [Symbol.dispose]: () => port.close()
  }
}

it("opens the stream with the words by which the threads wake each other", () => {
  using opened = open(() => {})
  expect(receiveMessageOnPort(opened.fold)?.message).toEqual({ _tag: "Start", control: expect.any(SharedArrayBuffer) })
})

it("receives at once, and once, what the fold has sent before it ended", async () => {
  const received: Array<FoldReply> = []
  using opened = open((reply) => void received.push(reply))
  for (let i = 0; i < 3; i++) opened.fold.postMessage(idle)
  opened.port.drain()
  expect(received).toEqual([idle, idle, idle])
  opened.port.post({ _tag: "Wake" })
  await once(opened.fold, "message")
  expect(received).toHaveLength(3)
})

it("fails with what cannot be sent", () => {
  using opened = open(() => {})
  opened.port.post({ _tag: "Attach", attachments: [() => {}] })
  expect(opened.failures).toEqual([expect.objectContaining({ name: "DataCloneError" })])
})

it("fails with what the receiver throws, and receives what comes next", () => {
  let replies = 0
  using opened = open(() => {
    if (++replies === 1) throw new Error("a defect")
  })
  for (let i = 0; i < 2; i++) opened.fold.postMessage(idle)
  opened.port.drain()
  expect([replies, opened.failures]).toEqual([2, [new Error("a defect")]])
})
