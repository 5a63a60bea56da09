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

/** Writes the events in one turn, and expects them to arrive as rows. */
const expectRows = (events: ReadonlyArray<MetricEvent>): void => {
  const pair = new StreamPair()
  const write = pair.write(layout)
  for (const event of events) expect(write(pair.source(1), event)).toBe(true)
  pair.flush()
  deepStrictEqual(
    pair.came,
    events.map((event) => ({ lane: 1, at: 1000, event, by: "row" }))
  )
}

it.each([
  ["of the dictionary", 1],
  ["with passing codes", 300]
])("strings %s that are new in the middle of a run arrive with their rows", (_, length) => {
  expectRows(Array.from({ length: 200 }, (_, n) => save(`${n % 7 === 0 ? n : 0}`.padEnd(length), n)))
})

it("a field that needs more room from the middle of a run on arrives with its rows", () => {
  expectRows(Array.from({ length: 60 }, (_, n) => save("a", n < 40 ? n : n + 0.5)))
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

it("an event that follows a turn whose run could not be ended has its own time", () => {
  const pair = new StreamPair()
  const write = pair.write(layout)
  // The turn ends within this test, by its own action.
  const writer = pair.writer as never as { readonly endTurn: () => void; readonly pauseRun: () => void }
  for (let n = 0; n < 40; n++) write(pair.source(1), save("a", n))
  vi.spyOn(writer, "pauseRun").mockImplementationOnce(() => {
    throw new RangeError("Maximum call stack size exceeded")
  })
  expect(writer.endTurn).toThrow("call stack")
  vi.mocked(Date.now).mockReturnValue(2000)
  expect(write(pair.source(1), save("a", 40))).toBe(true)
  pair.flush()
  expect(pair.came.map((each) => "at" in each && each.at)).toEqual([...new Array(40).fill(1000), 2000])
})

it("an event whose properties emit others and take long has a time after theirs", () => {
  const pair = new StreamPair()
  const emit = (event: object): boolean => pair.writer.writeEvent(pair.source(1), event as MetricEvent, "any", false)
  const slow = {
    _tag: "any",
    get millis() {
      emit({ _tag: "any", millis: 0 })
      vi.mocked(Date.now).mockReturnValue(1007)
      return 7
    }
  }
  expect(emit(slow)).toBe(true)
  pair.flush()
  const came = (at: number, millis: number) => ({ lane: 1, at, event: { _tag: "any", millis }, by: "generic" })
  deepStrictEqual(pair.came, [came(1000, 0), came(1007, 7)])
})
