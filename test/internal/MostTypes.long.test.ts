// A stream has a limited number of layout types, and here none is left. Runs in `npm run test:long` only, because
// generating the code for that many takes seconds.
import { expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { FirstLayout, TypeMask } from "../../src/internal/stream/rows/format.ts"
import { type Layout, layoutOf } from "../../src/internal/stream/rows/layout.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { type Came, StreamPair } from "../support/streamPair.ts"

/** Layouts without a user that keep their types. */
const MostUnused = 64
const types = TypeMask + 1 - FirstLayout

const layout = (tag: string, schema: Schema.Top): Layout => layoutOf(tag, schema.ast)!
const number = layout("number", Schema.Struct({ n: Schema.Number }))
const text = layout("text", Schema.Struct({ text: Schema.String }))
const none = layout("none", Schema.Struct({}))

/** A stream without a type left, and what gives some back. */
const fullStream = () => {
  const pair = new StreamPair()
  const held = Array.from({ length: types }, (_, i) => {
    const encoder = pair.writer.encoder({ ...none })!
    expect(encoder.write(pair.source(1), { _tag: "none" })).toBe(true)
    if (i % 1000 === 0) pair.flush()
    return encoder
  })
  const release = async (count: number): Promise<void> => {
    for (const encoder of held.splice(0, count)) pair.writer.release(encoder)
    await undefined
  }
  pair.flush()
  pair.came.length = 0
  return { pair, release }
}

/** How the events come that a recorder emits. */
const come = (pair: StreamPair, events: ReadonlyArray<MetricEvent>): ReadonlyArray<Came> => {
  // Objects of their own: layouts that no other recorder has a type for.
  const [ofNumber, ofText] = [{ ...number }, { ...text }]
  const { emit } = pair.recorder((tag) => (tag === "number" ? ofNumber : ofText))
  for (const event of events) expect(emit(event)).toBe("written")
  pair.flush()
  return pair.came.splice(0)
}

const came = (by: "row" | "generic", event: MetricEvent): Came => ({ lane: 1, at: 0, event, by })
const n = (value: number): MetricEvent & { readonly n: number } => ({ _tag: "number", n: value })
const a: MetricEvent & { readonly text: string } = { _tag: "text", text: "a" }

it("events are written without a layout if no type is left for them or for a wider field, and with one after a type is freed", async () => {
  const { pair, release } = fullStream()
  const { emit } = pair.recorder(() => text)
  emit(a)
  await release(MostUnused + 36)
  emit(a)
  pair.flush()
  expect(pair.came.splice(0)).toEqual([came("generic", a), came("row", a)])
  expect(pair.writer.usage.types.used).toBe(types - 36 + 1)

  // One that is left.
  for (let i = 0; i < 34; i++) come(pair, [a])
  expect(pair.writer.usage.types.used).toBe(types - 1)
  expect(come(pair, [n(1), a, n(0.5), n(2), n(-0), a, n(3)])).toEqual([
    came("row", n(1)),
    came("generic", a),
    came("generic", n(0.5)),
    came("row", n(2)),
    came("generic", n(-0)),
    came("generic", a),
    came("row", n(3))
  ])
  expect(pair.writer.usage.types.used).toBe(types)

  // Two: the last one is for a field that is widened.
  await release(2)
  expect(pair.writer.usage.types.used).toBe(types - 2)
  expect(come(pair, [n(1), n(0.5), n(2), a])).toEqual([
    came("row", n(1)),
    came("row", n(0.5)),
    came("row", n(2)),
    came("generic", a)
  ])
  expect(pair.layouts.length).toBe(types)
})
