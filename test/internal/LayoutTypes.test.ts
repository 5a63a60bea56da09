// A stream has a limited number of layout types. Further layouts use rows without fixed width, and existing types
// continue.
import { expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { type Layout, layoutOf } from "../../src/internal/stream/rows/layout.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { type Came, StreamPair } from "../support/streamPair.ts"

const layout = (tag: string, schema: Schema.Top): Layout => layoutOf(tag, schema.ast)!
const number = layout("number", Schema.Struct({ n: Schema.Number }))
const text = layout("text", Schema.Struct({ text: Schema.String }))

const came = (by: "row" | "generic", event: MetricEvent): Came => ({ lane: 1, at: 0, event, by })
const n = (value: number): MetricEvent & { readonly n: number } => ({ _tag: "number", n: value })
const a: MetricEvent & { readonly text: string } = { _tag: "text", text: "a" }

/** Layouts that differ in what they hold and how long they are. */
const numbered = (i: number): Layout =>
  layout(`tag${i}`, Schema.Struct({ text: Schema.String, ...(i % 2 === 0 && { n: Schema.Number }) }))
const event = (i: number): MetricEvent => {
  const read = { _tag: `tag${i}`, text: `text ${i}` }
  return i % 2 === 0 ? Object.assign(read, { n: i }) : read
}

it("the types of unused layouts are reassigned, and each row is read by its own layout", async () => {
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

it("the types of layouts that are soon used again are kept", async () => {
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

it("the type of an event that is being written is kept, whatever a property does while it is read", async () => {
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

it("a tag has one type, whatever tags without a layout come in between", async () => {
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
