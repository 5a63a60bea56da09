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
