// Memory that scrapes are written to: it is reused, by one at a time, and never sent.
import { expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { Metric } from "mvx-metrics"
import { Fold } from "../../src/internal/fold/fold.ts"
import { packStats } from "../../src/internal/formats/packedStats.ts"
import type { Format } from "../../src/internal/model/format.ts"
import type { Render } from "../../src/internal/stream/commands.ts"
import { ChunkBytes } from "../../src/internal/stream/foldedCounters.ts"
import type { FoldMessage } from "../../src/internal/stream/foldMessages.ts"
import { PieceBytes } from "../../src/internal/util/pieces.ts"
import { SpareMemory } from "../../src/internal/util/spareMemory.ts"

const isShared = ({ buffer }: Uint8Array): boolean => buffer instanceof SharedArrayBuffer

it("spare memory is reused after its release, by one user at a time", () => {
  const [one, other] = [new SpareMemory(), new SpareMemory()]
  const first = [one.take(), one.take()]
  const second = other.take()
  expect(new Set([...first, second].map(({ buffer }) => buffer)).size).toBe(3)
  expect([...first, second].every((block) => isShared(block) && block.length === PieceBytes)).toBe(true)
  one.release()
  one.release()
  const again = [other.take(), other.take()]
  expect(new Set(again)).toEqual(new Set(first))
  other.release()
})

it("memory beyond a limit is not kept", () => {
  const memory = new SpareMemory()
  const blocks = Array.from({ length: 300 }, () => memory.take())
  const shared = blocks.filter(isShared)
  expect(shared.length).toBe(256)
  expect(blocks.every(({ length }) => length === PieceBytes)).toBe(true)
  memory.release()
  const again = Array.from({ length: 300 }, () => memory.take())
  expect(new Set(again.filter(isShared))).toEqual(new Set(shared))
  memory.release()
})

const Family = Schema.TaggedUnion({ ping: { of: Schema.Number } })
const Numbers = 60_000

/** Long texts, and nothing that is measured but their length. */
const Many = Metric.make("many", {
  events: Family,
  initial: {} as { readonly [name: string]: number },
  reduce: {
    ping: (_, { of }) => Object.fromEntries(Array.from({ length: Numbers }, (_, i) => [`number of something ${i}`, of]))
  }
})

const render = (request: number, format: Format): Render => ({
  _tag: "Render",
  request,
  rendering: format === "protobuf" ? { format, maxSchema: 3 } : { format },
  now: 10,
  namespace: "n",
  recorderIds: ["r"],
  lanes: Int32Array.of(0),
  stats: packStats([]),
  foldLag: undefined,
  runtime: undefined
})

it.each(["openmetrics", "protobuf"] as const)(
  "memory sent for a long scrape in %s, which comes in parts, is not shared",
  (format) => {
    const sent: Array<FoldMessage> = []
    const fold = new Fold({
      send: (message, transfers) => {
        const { body } = message as { readonly body?: ReadonlyArray<Uint8Array> }
        if (body !== undefined) expect(new Set(body.map(({ buffer }) => buffer))).toEqual(new Set(transfers))
        sent.push(structuredClone(message, { transfer: [...(transfers ?? [])] }))
      },
      sendCopies: true,
      onPageRead: () => {}
    })
    Object.defineProperty(fold.reader, "position", { value: 1 })
    fold.command({ _tag: "Counters", chunk: 0, buffer: new ArrayBuffer(ChunkBytes) })
    fold.command({ _tag: "Open", lane: 0, recorderId: "r" })
    fold.command({ _tag: "Register", lane: 0, name: Many.name, metric: Many, at: 0 })
    const bodies = [1, 2].map((of) => {
      fold.main.event(0, { _tag: "ping", of } as never, 1)
      fold.command(render(of, format))
      while (fold.work.isPending) fold.work.goOn()
      const messages = sent
        .splice(0)
        .map((message) => message as FoldMessage & { readonly body?: ReadonlyArray<Uint8Array> })
      expect(messages.map(({ _tag }) => _tag)).toEqual(["Rendering", "RenderedPart", "Rendered"])
      return Buffer.concat(messages.flatMap(({ body = [] }) => body))
    })
    const [one, two] = bodies as [Buffer, Buffer]
    expect(one.length).toBeGreaterThan(1 << 22)
    expect(two.length).toBe(one.length)
    if (format === "protobuf") return
    for (const [i, body] of bodies.entries()) {
      const lines = body.toString().split("\n")
      expect(lines.filter((line) => line.startsWith("many{") && line.endsWith(`} ${i + 1}`)).length).toBe(Numbers)
      expect(lines.at(-2)).toBe("# EOF")
    }
  }
)
