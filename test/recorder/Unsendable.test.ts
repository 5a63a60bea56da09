// Data that no thread could receive affects only its own event or metric: it is refused, counted or quarantined.
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { MetricEvent, Recorder, Replay, Snapshot } from "mvx-metrics"
import { TestRecorder } from "mvx-metrics/testing"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { Nesting, nestedLists } from "../support/faulty.metrics.ts"
import { heldInStart } from "../support/held.ts"
import { Notes, NotesByText, note, Ticks, tick } from "../support/probe.metrics.ts"

const Limit = 128 * 1024

const nestedObjects = (levels: number): unknown =>
  Array.from({ length: levels - 1 }).reduce<object>((inner) => ({ inner }), {})

const cyclic: Record<string, unknown> = {}
cyclic.itself = cyclic

const detached = new ArrayBuffer(8)
structuredClone(detached, { transfer: [detached] })

const huge = "x".repeat(Limit)

/** What a field of an event may be that is no plain data, or too much of it. */
const unsendable: ReadonlyArray<readonly [what: string, value: unknown]> = [
  ["lists nested 100 levels deep, in an event", nestedLists(100)],
  ["lists nested 3000 levels deep", nestedLists(3000)],
  ["lists nested 100 000 levels deep", nestedLists(100_000)],
  ["objects nested 3000 levels deep", nestedObjects(3000)],
  ["maps nested 3000 levels deep", Array.from({ length: 3000 }).reduce((inner) => new Map([[0, inner]]), 0 as unknown)],
  [
    "errors nested 3000 levels deep",
    Array.from({ length: 3000 }).reduce((cause) => new Error("", { cause }), 0 as unknown)
  ],
  ["an object that contains itself", cyclic],
  ["a text of 256 KiB", huge],
  ["a text of 256 KiB in a list", [huge]],
  ["a text of 256 KiB as the name of a property", { [huge]: 1 }],
  ["many texts", Array.from({ length: 20 }, () => huge.slice(0, Limit / 32))],
  ["a list of 33 000 numbers", new Array(33_000).fill(0)],
  ["a list of 2^32 - 1 holes", new Array(2 ** 32 - 1)],
  ["a bigint of 256 KiB", 1n << BigInt(2 * Limit * 8)],
  ["binary data of 129 KiB", new Uint8Array(Limit + 1024)],
  ["a byte of 129 KiB", new Uint8Array(Limit + 1024).subarray(0, 1)],
  ["shared memory", new SharedArrayBuffer(8)],
  ["a view of shared memory", new Uint8Array(new SharedArrayBuffer(8))],
  ["detached memory", detached],
  ["a WeakRef", new WeakRef({})],
  ["a generator", (function* () {})()],
  ["a Blob", new Blob(["x"])],
  ["a proxy of a map", new Proxy(new Map(), {})],
  ["a function in a map", new Map([[1, () => 1]])],
  ["an error with a function as its cause", new Error("", { cause: () => 1 })]
]

function doubled(levels: number): unknown {
  let value: unknown = 0
  for (let i = 0; i < levels; i++) value = [value, value]
  return value
}

/** In a field that metrics read, and in an event that none reads. */
const eventsWith = (value: unknown): ReadonlyArray<never> =>
  [
    { _tag: "probe.note", text: value, tags: [] },
    { _tag: "unheard.of", value }
  ] as ReadonlyArray<unknown> as ReadonlyArray<never>

onBothLayers("an event that cannot be sent", (it) => {
  it.effect("is rejected while its recorder runs and while it starts, and is counted", () =>
    Effect.gen(function* () {
      const running = yield* newRecorder()
      const { recorder: starting, release } = yield* heldInStart()
      for (const recorder of [running, starting]) {
        for (const metric of [Ticks, Notes, NotesByText]) yield* recorder.register(metric)
        yield* recorder.emit(tick(1))
        for (const [what, value] of unsendable) {
          for (const event of eventsWith(value)) expect(recorder.emitUnsafe(event), what).toBe(false)
          yield* recorder.emit(tick(1))
        }
      }
      yield* release
      const count = unsendable.length + 1
      for (const recorder of [running, starting]) {
        const { snapshots, stats } = yield* recorder.report
        expect(snapshots[Ticks.name]?.dimensions).toEqual({ count, sum: count })
        expect(snapshots[Notes.name]?.dimensions).toEqual({ notes: [] })
        const invalid = 2 * unsendable.length
        expect(stats).toMatchObject({
          offered: count + invalid,
          accepted: count,
          applied: count,
          pending: 0,
          refusedBy: { overflow: 0, invalid, notRunning: 0 }
        })
      }
    })
  )

  it.effect("fails with an error that explains what is wrong with it", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const reasonOf = (value: unknown) =>
        Effect.map(Effect.flip(recorder.emit(note(value as string))), (error) => error.message)
      expect(yield* reasonOf(nestedLists(3000))).toBe(
        "event: must be plain data: it is nested more than 100 levels deep"
      )
      expect(recorder.emitUnsafe(note(doubled(40) as string)), "lists that each contain the last one twice").toBe(false)
      expect(yield* reasonOf(huge)).toBe("event: must be plain data: it is larger than 131072 bytes")
      expect(yield* reasonOf({ deep: [() => 1] })).toBe("event: must be plain data: it contains a function")
      expect(yield* reasonOf(new Uint8Array(new SharedArrayBuffer(1)))).toMatch(/Uint8Array.*not plain data/)
    })
  )

  it.effect("differs from one that is exactly as deep and as large as an event may be", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Notes)
      // The event is the first level.
      const deep = { _tag: "unheard.of", value: nestedLists(MetricEvent.MostDepth - 1) }
      expect(yield* recorder.emit(deep)).toBe(true)
      const named = 2 * ("probe.note".length + "text".length + "tags".length)
      // Six values and names, the event itself among them.
      const text = "x".repeat((Limit - named - 6 * 4) / 2)
      expect(yield* recorder.emit(note(text))).toBe(true)
      expect(recorder.emitUnsafe(note(`${text}x`))).toBe(false)
      expect((yield* recorder.snapshot(Notes)).dimensions.notes).toEqual([text])
    })
  )

  it.effect("differs from data of many kinds, which arrives unchanged", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Notes)
      const value = {
        list: [1, "a", null, undefined, [2n ** 70n], new Date(0)],
        map: new Map([["a", new Set([1])]]),
        bytes: new Uint8Array([1, 2]),
        error: new RangeError("no"),
        pattern: /x/g,
        ["__proto__"]: { own: true }
      }
      expect(yield* recorder.emit({ _tag: "probe.note", text: "seen", tags: [value] } as never)).toBe(true)
      expect((yield* recorder.snapshot(Notes)).dimensions.notes).toEqual([`seen #${String(value)}`])
    })
  )
})

describe.each([
  ["TestRecorder.layer", TestRecorder.layer],
  ["TestRecorder.layerSync", TestRecorder.layerSync]
])("an event that cannot be sent, with %s", (_name, make) => {
  it.effect("is rejected and counted as refused", () =>
    Effect.gen(function* () {
      const recorder = yield* Recorder
      const event = note(nestedLists(3000) as string)
      expect(recorder.emitUnsafe(event)).toBe(false)
      expect(yield* Effect.flip(recorder.emit(event))).toMatchObject({
        _tag: "mvx-metrics/InvalidArgument",
        argument: "event"
      })
      yield* recorder.emit(note("good"))
      expect((yield* TestRecorder.events).map(({ event }) => event)).toEqual([note("good")])
      expect((yield* TestRecorder.refused).map(({ reason }) => reason)).toEqual(["invalid", "invalid"])
      expect(yield* recorder.snapshots).toMatchObject({ [Notes.name]: { dimensions: { notes: ["good"] } } })
    }).pipe(Effect.provide(make({ metrics: [Notes] })))
  )
})

it("an event that cannot be sent is rejected by Replay as well", () => {
  const captured = [
    { at: 0, event: note("good") },
    { at: 0, event: note(nestedLists(3000) as string) }
  ]
  expect(() => Replay.run(Notes, captured)).toThrow(
    "captured[1]: must be plain data: it is nested more than 100 levels deep"
  )
})

onBothLayers(
  "a metric whose view cannot be sent",
  (it) => {
    it.effect("is quarantined alone, and its state is left out", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        for (const metric of [Nesting, Notes]) yield* recorder.register(metric)
        yield* recorder.emit(note("50"))
        expect((yield* recorder.snapshot(Nesting)).quarantine).toBeUndefined()
        expect(Object.keys(yield* recorder.states)).toEqual([Nesting.name, Notes.name])
        yield* recorder.emit(note("5000"))
        expect(yield* recorder.states).toEqual({
          [Notes.name]: { definition: expect.anything(), state: ["50", "5000"] }
        })
        const snapshots = yield* recorder.snapshots
        expect(snapshots[Nesting.name]?.quarantine?.error).toContain("nested more than 100 levels deep")
        expect(snapshots[Notes.name]).toEqual({ name: Notes.name, dimensions: { notes: ["50", "5000"] } })
      })
    )

    it.effect("is quarantined alone if changes are consumed", () =>
      Effect.gen(function* () {
        const seen: Array<string> = []
        const recorder = yield* newRecorder({
          onMetricChanged: ({ snapshot }) =>
            Effect.sync(() => void seen.push(`${snapshot.name} ${Snapshot.isQuarantined(snapshot)}`))
        })
        for (const metric of [Nesting, Notes]) yield* recorder.register(metric)
        yield* recorder.emit(note("5000"))
        yield* recorder.snapshots
        expect(seen).toEqual([`${Nesting.name} true`, `${Notes.name} false`])
      })
    )
  },
  [new URL("../support/probe.metrics.ts", import.meta.url), new URL("../support/faulty.metrics.ts", import.meta.url)]
)
