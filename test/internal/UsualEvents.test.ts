// If no code may be generated, most events are written directly into their rows, and the others are encoded: the rows
// are the same, for any events and whatever arrives while one is read.
import { deepStrictEqual } from "node:assert/strict"
import { expect, it, vi } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { MostNames } from "../../src/internal/stream/rows/format.ts"
import { layoutOf } from "../../src/internal/stream/rows/layout.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { asMany } from "../support/long.ts"
import { rowSource } from "../support/rowSource.ts"
import { StreamPair } from "../support/streamPair.ts"

const fields = {
  outcome: Schema.String,
  seconds: Schema.Number,
  bytes: Schema.Number,
  first: Schema.optional(Schema.Boolean),
  tenant: Schema.String
}
const read = new Set(["outcome", "seconds", "bytes", "first"])
const layout = layoutOf("save", Schema.Struct(fields).ast, read)!

/** How many of its events were not encoded is seen by `usual`. */
const paired = (isUsual = true, options: ConstructorParameters<typeof StreamPair>[0] = {}) => {
  const pair = new StreamPair({ ...options, generate: false })
  const put = vi.spyOn(pair.writer as never as { putUsual: () => boolean }, "putUsual")
  if (!isUsual) put.mockReturnValue(false)
  const usual = (): number => put.mock.results.filter(({ value }) => value === true).length
  return { pair, usual, emit: pair.recorder(() => layout).emit }
}

const save = (more: object = {}): MetricEvent =>
  Object.assign({ _tag: "save" }, { outcome: "ok", seconds: 0.5, bytes: 7, first: true }, more)

/** What crosses of an event. */
const crossing = (event: object): MetricEvent => {
  const names = ["_tag", ...read].filter((name) => Object.hasOwn(event, name))
  return Object.fromEntries(names.map((name) => [name, event[name as never]])) as never
}

const value = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("ok", "bad", "", "\ud800", true, false) },
  {
    weight: 6,
    arbitrary: fc.constantFrom(0, -0, 1, 2 ** 26 - 1, 2 ** 26, -(2 ** 26), -(2 ** 26) - 1, 0.5, NaN, 2 ** 31, -1e300)
  },
  { weight: 1, arbitrary: fc.constantFrom("x".repeat(300), null, undefined, 5n, [1], { a: 1 }, new Date(0)) }
)

/** Properties in any order, missing ones, those that nobody reads, and those that are not enumerable or inherited. */
const anyEvent = fc
  .record({
    names: fc.shuffledSubarray(["_tag", "outcome", "seconds", "bytes", "first", "tenant", "more"], { minLength: 1 }),
    values: fc.array(value, { minLength: 7, maxLength: 7 }),
    hidden: fc.option(fc.constantFrom(...read)),
    inherits: fc.boolean()
  })
  .map(({ hidden, inherits, names, values }): MetricEvent => {
    const event: object = Object.create(inherits ? { _tag: "save", outcome: "inherited" } : Object.prototype)
    const all = names.includes("_tag") || inherits ? names : ["_tag", ...names]
    for (const [i, name] of all.entries()) {
      Object.defineProperty(event, name, {
        value: name === "_tag" ? "save" : values[i],
        enumerable: name !== hidden,
        configurable: true,
        writable: true
      })
    }
    return event as MetricEvent
  })

it("usual events take as many bytes as if they were encoded, and are read back the same", () => {
  const usualOrder = fc.record({ outcome: value, seconds: value, bytes: value, first: value }).map(save)
  let direct = 0
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 3, arbitrary: usualOrder }, { weight: 1, arbitrary: anyEvent }), {
        maxLength: 40,
        size: "max"
      }),
      (events) => {
        const all = [paired(), paired(false)] as const
        const written = all.map(({ emit, pair }) => {
          const answers = events.map((event) => emit(event))
          pair.flush()
          return { answers, bytes: pair.published.length, came: pair.came }
        })
        deepStrictEqual(written[0], written[1])
        const taken = events.filter((_, i) => written[0]!.answers[i] === "written")
        deepStrictEqual(
          all[0].pair.events.map((event) => crossing(event)),
          taken.map((event) => ({ ...crossing(event), _tag: "save" }))
        )
        direct += all[0].usual()
      }
    ),
    { numRuns: asMany(2000, 200) }
  )
  expect(direct).toBeGreaterThan(100)
})

it("usual events are encoded only the first time, and if a string has no code, or a name is missing, non-enumerable or deep", () => {
  const { emit, pair, usual } = paired()
  const steps: ReadonlyArray<readonly [usual: number, MetricEvent]> = [
    [0, save()],
    [1, save()],
    [1, save({ outcome: "bad" })],
    [2, save({ outcome: "bad", tenant: "t", more: () => 1 })],
    [2, save({ outcome: "x".repeat(300) })],
    [2, save({ first: [1] })],
    [2, Object.defineProperty({ _tag: "save", outcome: "ok", seconds: 1, bytes: 2 }, "first", { value: true })],
    [3, { _tag: "save", outcome: "ok", seconds: 1, bytes: 2 } as MetricEvent]
  ]
  for (const [count, event] of steps) {
    expect(emit(event)).toBe("written")
    expect(usual()).toBe(count)
  }
  pair.flush()
  deepStrictEqual(
    pair.events,
    steps.map(([, event]) => crossing(event))
  )
})

it.each(["outcome", "seconds", "first"])(
  "usual events keep what their property %s emits, and come after it",
  (name) => {
    for (const others of [1, 3000]) {
      const { emit, pair } = paired(true, { fixedMemory: true })
      emit(save())
      const nested = Array.from({ length: others }, (_, i) => save({ outcome: "bad", seconds: i, first: false }))
      let isFirst = true
      const event = Object.defineProperty(save(), name, {
        enumerable: true,
        get: () => {
          if (isFirst) for (const each of nested) expect(emit(each)).toBe("written")
          isFirst = false
          return save()[name as never]
        }
      })
      expect(emit(event)).toBe("written")
      pair.flush()
      deepStrictEqual(pair.events, [save(), ...nested, save()])
    }
  }
)

it.each(["outcome", "seconds", "tenant"])(
  "usual events keep what is written while their property %s is read, even up to the same place of another page",
  (name) => {
    for (const turns of [0, 1]) {
      const { emit, pair, usual } = paired()
      const event = { _tag: "save", outcome: "ok", seconds: 0.5, tenant: "t" }
      for (let i = 0; i < 2; i++) emit(event)
      let others = 0
      const nested = (key: string | symbol): void => {
        if (key !== name || others > 0) return
        const { pos } = pair.writer
        while (pair.foreign(1)) {
          others++
          if (turns === 0 || (pair.writer.turns >= turns && pair.writer.pos === pos)) return
        }
      }
      const causing = new Proxy(event, {
        get: (target, key) => {
          nested(key)
          return target[key as "outcome"]
        },
        // What is not read is still looked for.
        getOwnPropertyDescriptor: (target, key) => {
          if (key === "tenant") nested(key)
          return Object.getOwnPropertyDescriptor(target, key)
        }
      })
      expect(emit(causing)).toBe("written")
      expect(usual()).toBe(1)
      emit(event)
      pair.flush()
      const came = { lane: 1, at: 0, event: crossing(event), by: "generic" }
      deepStrictEqual(pair.came, [came, came, ...Array(others).fill({ lane: 1, foreign: true }), came, came])
    }
  }
)

it("usual events are not written if a property has stopped their recorder or the stream meanwhile", () => {
  for (const stops of ["recorder", "stream"]) {
    const { pair } = paired()
    const write = pair.write(layout)
    const source = rowSource(1, 10, () => false)
    for (let i = 0; i < 2; i++) expect(write(source, save())).toBe(true)
    const event = Object.defineProperty(save(), "bytes", {
      enumerable: true,
      get: () => {
        if (stops === "recorder") source.limit = source.counted
        else pair.writer.close()
        return 1
      }
    })
    const { pos } = pair.writer
    expect(write(source, event)).toBe(false)
    expect([pair.writer.pos, source.counted]).toEqual([pos, 2])
  }
})

it("usual events have the time of their emission", () => {
  const { pair, usual } = paired()
  const write = pair.encoder(layout)
  const times = [0, 0, 1, 1, 5, 3, 3]
  for (const at of times) expect(write(1, save(), at)).toBe(true)
  expect(usual()).toBe(3)
  pair.flush()
  deepStrictEqual(
    pair.came,
    times.map((at) => ({ lane: 1, at, event: save(), by: "generic" }))
  )
})

it("usual events are refused once if a property throws, and leave nothing behind", () => {
  const { emit, pair } = paired()
  emit(save())
  const { pos } = pair.writer
  const throwing = Object.defineProperty(save(), "first", {
    enumerable: true,
    get: () => {
      throw new Error("no")
    }
  })
  expect(emit(throwing)).toBe("invalid")
  expect(pair.writer.pos).toBe(pos)
  emit(save({ bytes: 1 }))
  pair.flush()
  deepStrictEqual(pair.events, [save(), save({ bytes: 1 })])
})

it("usual events fill a page to its end, including those with the maximum number of names", () => {
  const names = Array.from({ length: MostNames }, (_, i) => `n${i}`)
  const wide = layoutOf("wide", Schema.Struct(Object.fromEntries(names.map((name) => [name, Schema.Number]))).ast)!
  for (const [of, make] of [
    [wide, (i: number) => ({ _tag: "wide", ...Object.fromEntries(names.map((name) => [name, i + 0.5])) })],
    [layout, (i: number) => save({ bytes: i })]
  ] as const) {
    const pair = new StreamPair({ generate: false, fixedMemory: true })
    const write = pair.write(of)
    const events = Array.from({ length: 9000 }, (_, i) => make(i) as MetricEvent)
    for (const event of events) expect(write(pair.source(1), event)).toBe(true)
    expect(pair.writer.turns).toBeGreaterThan(0)
    pair.flush()
    deepStrictEqual(pair.events, events)
  }
})
