// What a thread that begins to read a stream is given, when it is watched, and what is received from it.
import { once } from "node:events"
import { MessageChannel } from "node:worker_threads"
import { describe, expect, it } from "@effect/vitest"
import { AttachedStream } from "../../src/internal/link/attachedStream.ts"
import { ThreadCarrier } from "../../src/internal/link/threadCarrier.ts"
import { PageBytes } from "../../src/internal/stream/rows/page.ts"
import { StreamWords } from "../../src/internal/stream/rows/streamWords.ts"

const connected = () => {
  const watched: Array<"start" | "stop"> = []
  const carrier = new ThreadCarrier({ start: () => watched.push("start"), stop: () => watched.push("stop") })
  const reader = () => {
    const posted: Array<unknown> = []
    carrier.connect({ post: (request) => void posted.push(request), rouse: () => void posted.push("rouse") })
    return posted
  }
  return { carrier, reader, watched }
}

const page = (): SharedArrayBuffer => new SharedArrayBuffer(PageBytes)
const memory = (first: number, buffer: ArrayBufferLike) => ({ _tag: "Memory", first, buffer })

describe("a reader", () => {
  it("gets all memory and then the commands, whether it came before or after them", () => {
    const { carrier, reader } = connected()
    const buffers = [page(), page()]
    const attachments = [{ at: 3, command: { _tag: "Accounts" } }] as never
    const first = reader()
    for (const [i, buffer] of buffers.entries()) carrier.opened(i, buffer)
    carrier.attach(attachments)
    const all = [memory(0, buffers[0]!), memory(1, buffers[1]!), { _tag: "Attach", attachments }]
    expect(first).toEqual(all)
    carrier.disconnect()
    expect(reader()).toEqual(all)
  })

  it("gets no empty list of commands", () => {
    expect(connected().reader()).toEqual([])
  })

  it("gets the streams of attached threads with their memory", () => {
    const { carrier, reader } = connected()
    const stream = new AttachedStream(7, new StreamWords().buffer, () => 0)
    carrier.streams.set(7, stream)
    const opened = stream.opened(0, page())
    expect(reader()).toEqual([{ _tag: "Stream", stream: 7, words: stream.words.buffer }, opened])
  })

  it("does not get memory whose announcement failed, because its writer has not taken it", () => {
    const { carrier, reader } = connected()
    const post = (): void => {
      throw new Error("the port is broken")
    }
    carrier.connect({ post, rouse: () => {} })
    expect(() => carrier.opened(0, page())).toThrow("broken")
    expect(reader()).toEqual([])
  })

  it("that is disconnected gets nothing more", () => {
    const { carrier, reader } = connected()
    const first = reader()
    carrier.disconnect()
    const buffer = page()
    carrier.opened(0, buffer)
    carrier.rouse()
    carrier.wake()
    expect(first).toEqual([])
    expect(reader()).toEqual([memory(0, buffer)])
  })

  it("is watched while it is connected and awake", () => {
    const { carrier, reader, watched } = connected()
    const posted = reader()
    carrier.letSleep()
    carrier.wake()
    carrier.disconnect()
    expect(watched).toEqual(["start", "stop", "start", "stop"])
    expect(posted).toEqual([{ _tag: "Sleep" }, { _tag: "Wake" }])
  })
})

describe("a writer", () => {
  const covers = { page: 1, turn: 1, word: 4 }
  const saved = { id: 1, segment: new SharedArrayBuffer(8), drops: [], covers }

  it("receives the checkpoints that have arrived when a page is full, in that call", () => {
    const { carrier } = connected()
    const { port1, port2 } = new MessageChannel()
    carrier.kept.listen(port1)
    port2.postMessage(saved)
    carrier.turned()
    expect(carrier.kept.place).toEqual(covers)
    port1.close()
  })

  it("takes nothing from the port of a thread that has ended", async () => {
    const { carrier } = connected()
    const { port1, port2 } = new MessageChannel()
    carrier.kept.listen(port1)
    port1.unref()
    const closed = once(port1, "close")
    port2.close()
    await closed
    // Node ends the process with an assertion otherwise.
    carrier.turned()
    expect(carrier.kept.segments.size).toBe(0)
  })

  it("does not keep the process alive until its rows are published", () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length
    const before = timers()
    connected().carrier.soon(() => {})
    expect(timers()).toBe(before)
  })
})
