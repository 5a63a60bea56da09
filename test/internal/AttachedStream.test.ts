import { describe, expect, it } from "@effect/vitest"
import { AttachedStream } from "../../src/internal/link/attachedStream.ts"
import { logPosition } from "../../src/internal/stream/rows/log.ts"
import { clearPage, fixedBytesOf, PageBytes, pagesOf, publish } from "../../src/internal/stream/rows/page.ts"
import { StreamWords, WordPos } from "../../src/internal/stream/rows/streamWords.ts"

const streamOf = () => {
  const words = new StreamWords()
  const stream = new AttachedStream(1, words.buffer, () => 0)
  const memory = new SharedArrayBuffer(fixedBytesOf(2 * PageBytes))
  stream.opened(0, memory)
  return { words, stream, page: pagesOf(0, memory)[0]! }
}

// Whether the worker is taken for stuck hangs on it.
describe("the stream of an exited thread", () => {
  it("is not behind if the thread has never written to its memory", () => {
    const { stream } = streamOf()
    stream.end()
    expect(stream.isBehind).toBe(false)
  })

  it("is not behind if the fold has moved past a page whose end is the last that the thread published", () => {
    const { page, stream, words } = streamOf()
    clearPage(page, 0)
    const row = page.first + 1
    words.i32[WordPos] = row
    publish(page, row + 1)
    stream.end()
    expect(stream.isBehind).toBe(true)
    words.read = logPosition(0, 1)
    expect(stream.isBehind).toBe(true)
    words.read = logPosition(1, 0)
    expect(stream.isBehind).toBe(false)
  })
})
