// A stream has only so many types for layouts. What comes beyond them lies in rows of no fixed width, and what has a type goes on.
import { expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { FirstLayout, TypeMask } from "../../src/internal/stream/rows/format.ts"
import { type Layout, layoutOf } from "../../src/internal/stream/rows/layout.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { type Came, StreamPair } from "../support/streamPair.ts"

const types = TypeMask + 1 - FirstLayout

const layout = (tag: string, schema: Schema.Top): Layout => layoutOf(tag, schema.ast)!
const number = layout("number", Schema.Struct({ n: Schema.Number }))
const text = layout("text", Schema.Struct({ text: Schema.String }))
const none = layout("none", Schema.Struct({}))

/** A stream with so many types left. */
const streamWithLeft = (left: number): StreamPair => {
  const pair = new StreamPair()
  for (let i = left; i < types; i++) {
    pair.encoder({ ...none })(0, { _tag: "none" }, 0)
    if (i % 1000 === 0) pair.flush()
  }
  pair.flush()
  pair.came.length = 0
  return pair
}

/** How the events come that a recorder emits. */
const come = (pair: StreamPair, events: ReadonlyArray<MetricEvent>): ReadonlyArray<Came> => {
  const { emit } = pair.recorder((tag) => (tag === "number" ? number : text))
  for (const event of events) expect(emit(event)).toBe("written")
  pair.flush()
  return pair.came
}

const came = (by: "row" | "generic", event: MetricEvent): Came => ({ lane: 1, at: 0, event, by })
const n = (value: number): MetricEvent & { readonly n: number } => ({ _tag: "number", n: value })
const a: MetricEvent & { readonly text: string } = { _tag: "text", text: "a" }

it("writes events without a layout where no type is left for it, or for a field to widen, in order", () => {
  const pair = streamWithLeft(1)
  expect(come(pair, [n(1), a, n(0.5), n(2), n(-0), a, n(3)])).toEqual([
    came("row", n(1)),
    came("generic", a),
    came("generic", n(0.5)),
    came("row", n(2)),
    came("generic", n(-0)),
    came("generic", a),
    came("row", n(3))
  ])
  expect(pair.layouts).toHaveLength(types)
})

it("uses the last type for a field that is widened", () => {
  const pair = streamWithLeft(2)
  expect(come(pair, [n(1), n(0.5), n(2), a])).toEqual([
    came("row", n(1)),
    came("row", n(0.5)),
    came("row", n(2)),
    came("generic", a)
  ])
  expect(pair.layouts).toHaveLength(types)
})

/** Layouts that differ in what they hold and how long they are. */
const numbered = (i: number): Layout =>
  layout(`tag${i}`, Schema.Struct({ text: Schema.String, ...(i % 2 === 0 && { n: Schema.Number }) }))
const event = (i: number): MetricEvent => {
  const read = { _tag: `tag${i}`, text: `text ${i}` }
  return i % 2 === 0 ? Object.assign(read, { n: i }) : read
}

it("gives the types of layouts that nobody uses any more to others, each of whose rows is read by its own", async () => {
  const pair = new StreamPair()
  const stays = pair.recorder(() => number)
  const expected: Array<Came> = []
  for (let i = 0; i < 500; i++) {
    const { emit, metricsChanged } = pair.recorder(() => numbered(i))
    expect([emit(event(i)), stays.emit(n(i)), emit(event(i))]).toEqual(["written", "written", "written"])
    expected.push(came("row", event(i)), came("row", n(i)), came("row", event(i)))
    metricsChanged()
    await undefined
  }
  // Read at the end: rows of many layouts that had the same type lie behind each other.
  pair.flush()
  expect(pair.came).toEqual(expected)
  // That of the one that stays, and as many as are kept for those who come back.
  expect(pair.writer.usage.types.used).toBe(1 + 64)
})

it("keeps the types of layouts that are used again soon", async () => {
  const pair = new StreamPair()
  const layouts = Array.from({ length: 60 }, (_, i) => numbered(i))
  for (let i = 0; i < 300; i++) {
    const { emit, metricsChanged } = pair.recorder(() => layouts[i % 60]!)
    emit(event(i % 60))
    metricsChanged()
    await undefined
  }
  pair.flush()
  expect(pair.layouts).toHaveLength(60)
})

it("keeps the type of an event that is being written, whatever a property does while it is read", async () => {
  const pair = new StreamPair()
  const one = pair.recorder(() => numbered(1))
  one.emit(event(1))
  const others = Array.from({ length: 65 }, (_, i) => pair.recorder(() => numbered(i + 2)))
  const late = others.pop()!
  for (const [i, other] of others.entries()) other.emit(event(i + 2))
  pair.flush()
  pair.came.length = 0
  const hostile = {
    _tag: "tag1",
    get text() {
      // The layout that is being written is the one for which there is no room among those without a user.
      for (const { metricsChanged } of [one, ...others]) metricsChanged()
      late.emit(event(66))
      return "text 1"
    }
  }
  expect(one.emit(hostile)).toBe("written")
  await undefined
  late.emit(event(66))
  pair.flush()
  expect(pair.came).toEqual([event(66), event(1), event(66)].map((each) => came("row", each)))
})

it("has a type for a layout that found none, once there is one again", async () => {
  const pair = new StreamPair()
  const held = Array.from({ length: types }, (_, i) => {
    const encoder = pair.writer.encoder({ ...none })!
    expect(encoder.write(pair.source(1), { _tag: "none" })).toBe(true)
    if (i % 1000 === 0) pair.flush()
    return encoder
  })
  pair.flush()
  pair.came.length = 0
  const { emit } = pair.recorder(() => text)
  emit(a)
  for (const encoder of held.slice(0, 100)) pair.writer.release(encoder)
  await undefined
  emit(a)
  pair.flush()
  expect(pair.came).toEqual([came("generic", a), came("row", a)])
  expect(pair.writer.usage.types.used).toBe(types - (100 - 64) + 1)
})

it("has the type of a tag once, whatever tags without a layout come between", async () => {
  const pair = new StreamPair()
  const { emit, metricsChanged } = pair.recorder((tag) =>
    tag === "text" ? text : tag === "number" ? number : "foreign"
  )
  for (let i = 0; i < 10; i++) for (const each of [a, { _tag: `foreign ${i}` }, n(i)]) emit(each)
  metricsChanged()
  const others = Array.from({ length: 64 }, (_, i) => pair.recorder(() => numbered(i)))
  for (const [i, other] of others.entries()) {
    other.emit(event(i))
    other.metricsChanged()
  }
  await undefined
  // All that are left have no user, so that those two had to go.
  expect(pair.writer.usage.types.used).toBe(64)
})
