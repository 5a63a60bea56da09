// Events are taken by value: changing an event after emission changes nothing, and it arrives unchanged.
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import fc from "fast-check"
import { Replay } from "mvx-metrics"
import { newRecorder, onBothLayers, recorderWith } from "../support/bothLayers.ts"
import { heldInStart } from "../support/held.ts"
import { Notes, note, TickLog, Ticks, tick } from "../support/probe.metrics.ts"
import { forEvery } from "../support/property.ts"
import {
  type BoxEvent,
  FieldAfter,
  FieldBefore,
  SumAfter,
  SumBefore,
  WritingFilter,
  WritingLabel,
  WritingReducer
} from "../support/writing.metrics.ts"

const changeable = () => ({ _tag: "probe.note", text: "before", tags: ["first"] })

onBothLayers("events by value", (it) => {
  it.effect("changing an event after emit changes nothing", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldInStart()
      yield* recorder.register(Notes)
      const event = changeable()
      yield* recorder.emit(event)
      event.text = "after"
      yield* release
      expect((yield* recorder.snapshot(Notes)).dimensions).toEqual({ notes: ["before #first"] })
    })
  )

  it.effect("changing a nested value of an event changes nothing", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldInStart()
      yield* recorder.register(Notes)
      const event = changeable()
      recorder.emitUnsafe(event)
      event.tags.push("second")
      event.tags[0] = "other"
      yield* release
      expect((yield* recorder.snapshot(Notes)).dimensions).toEqual({ notes: ["before #first"] })
    })
  )

  it.effect("changing an event that waits for room changes nothing", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldInStart({ capacity: 1, overflow: "backpressure" })
      yield* recorder.register(Notes)
      yield* recorder.emit(note("first in line"))
      const event = changeable()
      const waiting = yield* Effect.forkChild(recorder.emit(event), { startImmediately: true })
      event.text = "after"
      event.tags.push("second")
      yield* release
      yield* Fiber.join(waiting)
      expect((yield* recorder.snapshot(Notes)).dimensions.notes).toEqual(["first in line", "before #first"])
    })
  )

  it.effect("one object can be emitted repeatedly with other values", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      const event = { _tag: "probe.tick", n: 0 }
      for (event.n = 1; event.n <= 100; event.n++) recorder.emitUnsafe(event)
      expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 100, sum: 5050 })
    })
  )

  it.effect("emitting leaves the caller's event unchanged", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const event = changeable()
      yield* recorder.emit(event)
      yield* recorder.snapshots
      expect(event).toEqual(changeable())
      expect(Object.isFrozen(event)).toBe(false)
      expect(Object.isFrozen(event.tags)).toBe(false)
    })
  )

  it.effect("frozen events and events without a prototype are accepted like others", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      yield* recorder.emit(Object.freeze(tick(1)))
      yield* recorder.emit(Object.assign(Object.create(null), tick(2)))
      expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 2, sum: 3 })
    })
  )

  it.effect("changing a snapshot that was read changes nothing", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Notes)
      yield* recorder.emit(note("kept"))
      const { dimensions } = yield* recorder.snapshot(Notes)
      ;(dimensions.notes as Array<string>).push("not an event")
      expect((yield* recorder.snapshot(Notes)).dimensions).toEqual({ notes: ["kept"] })
    })
  )

  it.effect("a long text arrives unchanged", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Notes)
      const text = "Ωß".repeat(30_000)
      yield* recorder.emit(note(text))
      expect((yield* recorder.snapshot(Notes)).dimensions.notes[0] === text).toBe(true)
    })
  )

  it.effect("any number arrives unchanged", () =>
    forEvery(fc.array(fc.double(), { maxLength: 20 }), (numbers) =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(TickLog)
        for (const n of numbers) yield* recorder.emit(tick(n))
        const { log } = (yield* recorder.snapshot(TickLog)).dimensions
        expect(log.map(([n]) => n)).toEqual(numbers)
      })
    )
  )

  it.effect("any text arrives unchanged, alone and in an array", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("", "\0", "\ud800", "\udc00 alone", "ß".repeat(300))
    )
    return forEvery(fc.array(fc.tuple(text, fc.array(text, { maxLength: 3 })), { maxLength: 10 }), (texts) =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Notes)
        for (const [text, tags] of texts) yield* recorder.emit(note(text, ...tags))
        const { notes } = (yield* recorder.snapshot(Notes)).dimensions
        expect(notes).toEqual(texts.map(([text, tags]) => [text, ...tags].join(" #")))
      })
    )
  })
})

const writers = { WritingReducer, WritingLabel, WritingFilter }

const box: BoxEvent = { _tag: "box.row", n: 1, on: new Date(2), inner: { m: 3 } }
const wholeBox: BoxEvent = {
  ...box,
  _tag: "box.whole",
  list: [4],
  map: new Map([["a", 5]]),
  bytes: new Uint8Array([6])
}

onBothLayers(
  "metrics that modify their event",
  (it) => {
    for (const [what, writer] of Object.entries(writers)) {
      for (const [shape, event, sum] of [
        ["a row", box, 6],
        ["a whole event", wholeBox, 21]
      ] as const) {
        it.effect(`${what} changes nothing for the other metrics of ${shape}`, () =>
          Effect.gen(function* () {
            const recorder = yield* recorderWith(FieldBefore, SumBefore, writer, SumAfter, FieldAfter)
            yield* recorder.emit(event)
            yield* recorder.emit(event)
            expect(event).toEqual(shape === "a row" ? box : wholeBox)
            for (const metric of [SumBefore, SumAfter])
              expect((yield* recorder.snapshot(metric)).dimensions).toEqual({ value: 2 * sum })
            for (const metric of [FieldBefore, FieldAfter])
              expect((yield* recorder.snapshot(metric)).dimensions).toEqual({ value: 2 })
          })
        )

        it.effect(`${what} changes nothing for them while the changes of ${shape} are consumed`, () =>
          Effect.gen(function* () {
            const recorder = yield* recorderWith(writer, FieldAfter, SumAfter)
            const changes = yield* Effect.forkChild(
              recorder.changes.pipe(
                Stream.filter(({ snapshot }) => snapshot.name === SumAfter.name),
                Stream.take(2),
                Stream.runCollect
              ),
              { startImmediately: true }
            )
            yield* recorder.emit(event)
            yield* recorder.emit(event)
            expect((yield* Fiber.join(changes)).map(({ snapshot }) => snapshot.dimensions)).toEqual([
              { value: sum },
              { value: 2 * sum }
            ])
            expect((yield* recorder.snapshot(FieldAfter)).dimensions).toEqual({ value: 2 })
          })
        )
      }
    }
  },
  [new URL("../support/writing.metrics.ts", import.meta.url)]
)

it("a replay changes none of its events", () => {
  const captured = [box, wholeBox].map((event, at) => ({ at, event }))
  const shown = Replay.run([WritingReducer, FieldAfter, SumAfter], captured)
  expect(shown["box.sum.after"]!.dimensions).toEqual({ value: 27 })
  expect(shown["box.field.after"]!.dimensions).toEqual({ value: 2 })
  expect(captured.map(({ event }) => event)).toEqual([
    { _tag: "box.row", n: 1, on: new Date(2), inner: { m: 3 } },
    { ...box, _tag: "box.whole", list: [4], map: new Map([["a", 5]]), bytes: new Uint8Array([6]) }
  ])
})
