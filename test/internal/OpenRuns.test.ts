// Rows of the dictionary that are written while a run is open: the run ends before them, and everything arrives as it
// was emitted.
import { deepStrictEqual } from "node:assert/strict"
import { afterEach, beforeEach, expect, it, vi } from "@effect/vitest"
import { Schema } from "effect"
import { layoutOf } from "../../src/internal/stream/rows/layout.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { StreamPair } from "../support/streamPair.ts"

// A run is open for longer than one event only while the live clock stands still.
beforeEach(() => void vi.spyOn(Date, "now").mockReturnValue(1000))
afterEach(() => void vi.restoreAllMocks())

const layout = layoutOf("save", Schema.Struct({ tenant: Schema.String, bytes: Schema.Number }).ast)!
const save = (tenant: string, bytes: number): MetricEvent => Object.assign({ _tag: "save" }, { tenant, bytes })

it.each([
  ["of the dictionary", 1],
  ["with passing codes", 300]
])("strings %s that are new in the middle of a run arrive with their rows", (_, length) => {
  const pair = new StreamPair()
  const write = pair.write(layout)
  const events = Array.from({ length: 200 }, (_, n) => save(`${n % 7 === 0 ? n : 0}`.padEnd(length), n))
  for (const event of events) expect(write(pair.source(1), event)).toBe(true)
  pair.flush()
  deepStrictEqual(
    pair.came,
    events.map((event) => ({ lane: 1, at: 1000, event, by: "row" }))
  )
})

it("names that are new after a property has emitted other events arrive with their event", () => {
  const pair = new StreamPair()
  const write = pair.write(layout)
  const emit = (event: object): void =>
    expect(pair.writer.writeEvent(pair.source(2), event as MetricEvent, "any", false)).toBe(true)
  const event = (fields: object): MetricEvent => Object.assign({ _tag: "any" }, fields)
  // Both names have their codes. Only the list of them in the other order is new.
  emit(event({ bytes: 1, tenant: 2 }))
  for (let n = 0; n < 40; n++) write(pair.source(1), save("a", n))
  const emitting = Object.defineProperty(event({ tenant: 3 }), "tenant", {
    get: () => {
      expect(write(pair.source(1), save("a", 40))).toBe(true)
      return 3
    }
  })
  emit(Object.assign(emitting, { bytes: 4 }))
  pair.flush()
  const came = (lane: number, event: MetricEvent, by: string) => ({ lane, at: 1000, event, by })
  deepStrictEqual(pair.came, [
    came(2, event({ bytes: 1, tenant: 2 }), "generic"),
    ...Array.from({ length: 41 }, (_, n) => came(1, save("a", n), "row")),
    came(2, event({ tenant: 3, bytes: 4 }), "generic")
  ])
})
