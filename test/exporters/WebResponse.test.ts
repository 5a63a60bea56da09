// The response to a scrape as a Response: a reader of the whole body gets it in slices, and otherwise it behaves like
// any other.
import { expect, it } from "@effect/vitest"
import { webResponse } from "../../src/internal/exporters/webResponse.ts"

/** Of many pieces, with characters across their borders. */
const text = `\n${"añ€😀".repeat(500_000)}`
const body = new TextEncoder().encode(text)
const PieceBytes = 200_000
const pieces = Array.from({ length: Math.ceil(body.length / PieceBytes) }, (_, i) =>
  body.slice(i * PieceBytes, (i + 1) * PieceBytes)
)
const headers = { "content-type": "text/plain" }
const respond = () => webResponse({ status: 200, headers, body: pieces }, true)

/** Never goes back, nor behind the real one. */
let now = 1e12

/** How many turns of the event loop pass in which it is read, where each look at the clock takes a millisecond. */
const turnsOf = async (read: () => Promise<unknown>): Promise<number> => {
  const clock = Object.getOwnPropertyDescriptor(performance, "now")
  Object.defineProperty(performance, "now", { value: () => now++, configurable: true })
  let turns = 0
  let isCounting = true
  const next = (): void => {
    turns++
    if (isCounting) setImmediate(next)
  }
  setImmediate(next)
  try {
    await read()
    return turns
  } finally {
    isCounting = false
    if (clock === undefined) Reflect.deleteProperty(performance, "now")
    else Object.defineProperty(performance, "now", clock)
  }
}

const readers: { readonly [name: string]: (response: Response) => Promise<unknown> } = {
  arrayBuffer: (response) => response.arrayBuffer(),
  bytes: (response) => (response as never as { readonly bytes: () => Promise<Uint8Array> }).bytes(),
  text: (response) => response.text()
}

it.each(Object.entries(readers))("a response is read in slices by %s(), and is used afterwards", async (_, read) => {
  const response = respond()
  expect(pieces.length).toBeGreaterThan(20)
  expect(await turnsOf(() => read(response))).toBeGreaterThanOrEqual(pieces.length / 4)
  expect(response.bodyUsed).toBe(true)
  await expect(read(response)).rejects.toThrow(TypeError)
})

it("a response has the same content whichever way it is read", async () => {
  expect(new Uint8Array(await respond().arrayBuffer())).toEqual(body)
  expect(await readers.bytes!(respond())).toEqual(body)
  expect((await respond().text()) === text).toBe(true)
  expect((await respond().clone().text()) === text).toBe(true)
  expect(new Uint8Array(await (await respond().blob()).arrayBuffer())).toEqual(body)
  expect(new Uint8Array(await new Response(respond().body).arrayBuffer())).toEqual(body)
})

it("a reader owns its bytes, apart from concurrent scrapes", async () => {
  const mine = new Uint8Array(await respond().arrayBuffer())
  mine.fill(0)
  expect(new Uint8Array(await respond().arrayBuffer())).toEqual(body)
})

it("a response cannot be read twice, nor while its stream has a reader", async () => {
  const response = respond()
  response.body!.getReader()
  await expect(response.arrayBuffer()).rejects.toThrow(TypeError)
  const [first, second] = await Promise.allSettled([respond(), respond()].map((each) => each.text()))
  expect([first?.status, second?.status]).toEqual(["fulfilled", "fulfilled"])
  const once = respond()
  const both = await Promise.allSettled([once.text(), once.text()])
  expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"])
})

it.each(Object.entries(readers))(
  "a response is read by %s() before its clone, and the clone afterwards",
  async (_, read) => {
    const response = respond()
    const clone = response.clone()
    expect(await read(response)).toEqual(await read(respond()))
    expect((await clone.text()) === text).toBe(true)
  }
)

it("a response has neither a body nor a copy of one if nobody requested it", async () => {
  const response = webResponse({ status: 200, headers, body: pieces }, false)
  expect([response.body, response.headers.get("content-length"), await response.text()]).toEqual([
    null,
    String(body.byteLength),
    ""
  ])
})
