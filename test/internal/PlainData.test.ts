// Plain data of any shape is decoded as it was encoded, with its strings in a dictionary or inline. Other data, or too
// much data, is rejected, and leaves the encoder unchanged.
import { deepStrictEqual } from "node:assert/strict"
import { runInNewContext } from "node:vm"
import { describe, expect, it } from "@effect/vitest"
import fc from "fast-check"
import { type MetricEvent, MostBytes, MostDepth } from "../../src/internal/model/event.ts"
import { copyEvent } from "../../src/internal/stream/rows/copyEvent.ts"
import { DataDecoder } from "../../src/internal/stream/rows/decodeData.ts"
import { DataEncoder } from "../../src/internal/stream/rows/encodeData.ts"
import { MostNameLists, MostNames } from "../../src/internal/stream/rows/format.ts"
import { NameLists } from "../../src/internal/stream/rows/nameLists.ts"
import { StringCodes } from "../../src/internal/stream/rows/stringCodes.ts"
import { anyString } from "../support/anyEvents.ts"

/** An encoder with a dictionary of so many strings, and its decoder. */
const codec = (mostStrings: number) => {
  const strings: Array<string> = []
  const lists: Array<ReadonlyArray<string>> = [[]]
  const codes = new StringCodes((code, text) => {
    if (codes.size >= mostStrings) return false
    strings[code] = text
    return true
  })
  const names = new NameLists((code, before, name) => {
    if (codes.lasting(name) < 0) return false
    lists[code] = [...lists[before.code]!, name]
    return true
  })
  const encoder = new DataEncoder(codes, names)
  const decoder = new DataDecoder(strings, lists)
  const roundTrip = (event: MetricEvent): MetricEvent => {
    const { pos } = encoder
    try {
      encoder.event(event, event._tag, null)
      return decoder.event(encoder.i32, pos)
    } finally {
      encoder.pos = pos
    }
  }
  return { encoder, decoder, strings, lists, roundTrip }
}

const copies: ReadonlyArray<readonly [by: string, copy: (event: MetricEvent) => MetricEvent]> = [
  ["copyEvent", copyEvent],
  ["a dictionary", codec(1000).roundTrip],
  ["a small dictionary", codec(2).roundTrip],
  ["strings inline", codec(0).roundTrip]
]

const numbers = [0, -0, 1, -1, 2 ** 26 - 1, 2 ** 26, -(2 ** 26), -(2 ** 26) - 1, 2 ** 31, 0.1, 5e-324, NaN, Infinity]
const bigints = [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 63n, -(2n ** 64n), 2n ** 4000n, -(2n ** 4000n) + 1n]

const { tree } = fc.letrec((tie) => ({
  leaf: fc.oneof(
    anyString.filter((text) => text.length < 20_000),
    fc.constantFrom(...numbers, ...bigints, true, false, null, undefined),
    fc.double(),
    fc.integer(),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array(),
    fc.float64Array(),
    fc.constantFrom(/a\/b/gi, new RangeError("no", { cause: { n: 1 } }), Object("boxed"), Object(1), Object(false))
  ),
  name: fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "toString", "0", "length", "a")),
  pairs: fc.array(fc.tuple(tie("name") as fc.Arbitrary<string>, tie("tree")), { maxLength: 5 }),
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    tie("leaf"),
    fc.sparseArray(tie("tree"), { maxLength: 5 }),
    fc.array(tie("tree"), { maxLength: 5 }),
    (tie("pairs") as fc.Arbitrary<Array<[string, unknown]>>).map((pairs) => Object.fromEntries(pairs)),
    (tie("pairs") as fc.Arbitrary<Array<[string, unknown]>>).map((pairs) => new Map<unknown, unknown>(pairs)),
    fc.array(tie("tree"), { maxLength: 5 }).map((members) => new Set(members))
  )
}))
const anyEvent = fc.record({ _tag: fc.string(), value: tree, other: tree }, { noNullPrototype: true })

it("data that is not an event may have as many levels as allowed", () => {
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)])
  const { encoder } = codec(0)
  expect(() => encoder.data(nested(MostDepth))).not.toThrow()
  expect(() => encoder.data(nested(MostDepth + 1))).toThrow(RangeError)
})

describe.each(copies)("an event, copied with %s", (_, copy) => {
  it("is equal to the original, whatever plain data it contains", () => {
    fc.assert(
      fc.property(anyEvent, (event) => deepStrictEqual(copy(event), event)),
      { numRuns: 300 }
    )
  })

  it.each([
    ["numbers", numbers],
    ["bigints", bigints],
    ["holes", Object.assign(new Array(5), { 0: 1, 2: undefined, 4: 2 })],
    ["holes at the end", Object.assign(new Array(3), { 0: 1 })],
    ["lone surrogates", ["\ud800", "\udc00\ud800", "a\udfff"]],
    ["a property called __proto__", JSON.parse('{ "__proto__": { "own": 1 } }')],
    ["long texts", ["x".repeat(256), "x".repeat(257), "\u2028".repeat(30_000)]],
    ["views", [new Uint8Array([1, 2]), new Uint16Array(new Uint16Array([1, 2, 3]).buffer, 2, 1), new BigInt64Array(2)]],
    ["a DataView", new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2)],
    ["an ArrayBuffer", new Uint8Array([1, 2, 3]).buffer],
    ["errors", [new TypeError("a", { cause: new Error("b") }), new AggregateError([]), new SyntaxError()]],
    [
      "a map with keys of any kind",
      new Map<unknown, unknown>([
        [{ a: 1 }, [2]],
        [NaN, -0]
      ])
    ] // prettier-ignore
  ])("keeps %s as structured clone does", (_, value) => {
    deepStrictEqual(copy({ _tag: "t", value } as MetricEvent), { _tag: "t", value: structuredClone(value) })
  })

  it("keeps the stack and the class of an error", () => {
    const value = new RangeError("no")
    const { value: copied } = copy({ _tag: "t", value } as MetricEvent) as never as { readonly value: RangeError }
    expect(copied).toBeInstanceOf(RangeError)
    expect(copied.stack).toBe(value.stack)
    expect(Object.keys(copied)).toEqual([])
    expect(Object.hasOwn(copied, "cause")).toBe(false)
  })

  it("omits inherited properties, and has its own properties as fields, including non-enumerable ones", () => {
    const event = Object.create({ _tag: "t", inherited: 1 })
    Object.defineProperty(event, "hidden", { value: { x: [1] } })
    event.shown = 2
    event[Symbol("s")] = 3
    deepStrictEqual(copy(event), { _tag: "t", shown: 2, hidden: { x: [1] } })
    const withTag = Object.defineProperty({ n: 1 }, "_tag", { value: "own" }) as never as MetricEvent
    deepStrictEqual(copy(withTag), { _tag: "own", n: 1 })
  })

  it("drops the classes of its contents, and what they hide", () => {
    class Point {
      x = 1
      readonly #y = 2
      get y() {
        return this.#y
      }
    }
    class Stamp extends Date {}
    const event = { _tag: "t", point: new Point(), at: new Stamp(5), list: Object.assign([1], { extra: 2 }) }
    deepStrictEqual(copy(event), { _tag: "t", point: { x: 1 }, at: new Date(5), list: [1] })
  })

  it("accepts values of another realm", () => {
    const source = `({ _tag: "t", map: new Map([[1, { a: [new Date(5)] }]]), set: new Set([1n]), error: new TypeError("x") })`
    const { error, ...event } = copy(runInNewContext(source)) as never as { readonly error: Error }
    deepStrictEqual(event, { _tag: "t", map: new Map([[1, { a: [new Date(5)] }]]), set: new Set([1n]) })
    expect(error).toBeInstanceOf(TypeError)
  })

  it("has each of its properties read once", () => {
    const reads: Array<string> = []
    const counting = <A extends object>(target: A, name: string): A =>
      new Proxy(target, {
        get: (object, key, receiver) => {
          reads.push(`${name}.${String(key)}`)
          return Reflect.get(object, key, receiver)
        }
      })
    copy(counting({ _tag: "t", a: counting({ b: 1 }, "a"), list: counting([7], "list") }, "event"))
    expect(reads.sort()).toEqual(["a.b", "event._tag", "event.a", "event.list", "list.0", "list.length"])
  })

  it("allows other events to be emitted while it is read", () => {
    const inner = { _tag: "inner", list: ["x".repeat(40_000), 2] }
    const seen: Array<unknown> = []
    const nested = (levels: number): MetricEvent =>
      ({
        _tag: `level ${levels}`,
        before: "y".repeat(30_000),
        get value() {
          seen.push(copy(levels === 0 ? inner : nested(levels - 1)))
          return levels
        },
        after: [levels]
      }) as MetricEvent
    deepStrictEqual(copy(nested(4)), { _tag: "level 4", before: "y".repeat(30_000), value: 4, after: [4] })
    expect(seen.length).toBe(5)
    deepStrictEqual(seen[0], inner)
    deepStrictEqual(seen[4], { _tag: "level 3", before: "y".repeat(30_000), value: 3, after: [3] })
  })

  const failing = (fail: () => unknown): ReadonlyArray<object> => [
    Object.defineProperty({}, "a", { get: fail, enumerable: true }),
    new Proxy({}, { ownKeys: fail as never }),
    new Proxy({}, { getPrototypeOf: fail as never }),
    new Proxy([1], { get: fail as never }),
    new Map([[1, Object.defineProperty({}, "a", { get: fail, enumerable: true })]])
  ]
  const fails = (): never => {
    throw new Error("not now")
  }
  const overflows = (): number => overflows() + 1

  it("is correct after any failure of the previous one", () => {
    const event = { _tag: "t", text: "fine", list: [1, { a: 2.5 }] }
    for (const [i, value] of [...failing(fails), ...failing(overflows)].entries()) {
      expect(() => copy({ _tag: "t", before: ["b".repeat(300)], value } as MetricEvent), String(i)).toThrow()
      deepStrictEqual(copy(event), event)
    }
    const recurse = (): void => {
      try {
        copy(event)
      } finally {
        recurse()
      }
    }
    expect(recurse).toThrow(RangeError)
    deepStrictEqual(copy(event), event)
  })

  const nested = (levels: number): unknown => (levels === 0 ? 0 : [nested(levels - 1)])
  const cyclic: Record<string, unknown> = {}
  cyclic.itself = cyclic

  it.each([
    ["a function", () => 1, "it contains a function"],
    ["a symbol", [Symbol("s")], "it contains a symbol"],
    ["too many levels", nested(MostDepth), `it is nested more than ${MostDepth} levels deep`],
    ["itself", cyclic, `it is nested more than ${MostDepth} levels deep`],
    ["a long text", "x".repeat(MostBytes / 2), `it is larger than ${MostBytes} bytes`],
    ["a long name", { ["x".repeat(MostBytes / 2)]: 1 }, `it is larger than ${MostBytes} bytes`],
    ["one short text too often", Array(9000).fill("abcdefghijkl"), `it is larger than ${MostBytes} bytes`],
    ["a list of holes", new Array(2 ** 32 - 1), `it is larger than ${MostBytes} bytes`],
    ["a large bigint", 1n << BigInt(2 ** 25), `it is larger than ${MostBytes} bytes`],
    ["large memory", new Uint8Array(MostBytes + 1).subarray(0, 1), `it is larger than ${MostBytes} bytes`],
    [
      "shared memory",
      new Uint8Array(new SharedArrayBuffer(8)),
      "it contains [object Uint8Array], which is not plain data"
    ],
    ["a WeakRef", new WeakRef({}), "could not be cloned"],
    ["a boxed bigint", Object(1n), "it contains [object BigInt], which is not plain data"]
  ])("is rejected with %s", (_, value, reason) => {
    expect(() => copy({ _tag: "t", value } as never)).toThrow(reason)
  })

  it.each<readonly [string, (inner: unknown) => unknown]>([
    ["a list", (inner) => [inner]],
    ["an object", (inner) => ({ inner })],
    ["an instance of a class", (inner) => Object.assign(new (class Point {})(), { inner })],
    ["a key of a map", (inner) => new Map([[inner, 1]])],
    ["a value of a map", (inner) => new Map([[1, inner]])],
    ["a set", (inner) => new Set([inner])],
    ["the cause of an error", (inner) => new Error("failed", { cause: inner })]
  ])("has a level for %s", (_, within) => {
    const event = (levels: number): MetricEvent => Object.assign({ _tag: "t" }, { value: within(nested(levels)) })
    // Those of the event and of this one.
    expect(() => copy(event(MostDepth - 2))).not.toThrow()
    expect(() => copy(event(MostDepth - 1))).toThrow("levels deep")
  })

  it("has no level more for a field that is not enumerable", () => {
    const event = (levels: number): MetricEvent =>
      Object.defineProperty({ _tag: "t" }, "hidden", { value: nested(levels) })
    expect(() => copy(event(MostDepth - 1))).not.toThrow()
    expect(() => copy(event(MostDepth))).toThrow("levels deep")
  })

  it("may be as deep and as large as an event may be, to the byte", () => {
    const deep = { _tag: "t", value: nested(MostDepth - 1) }
    deepStrictEqual(copy(deep), deep)
    // The tag, the event, two names, the list and the last value. Each string has one code unit, which counts 4 bytes.
    const room = MostBytes / 4 - (2 + 1 + 2 + 1 + 2 + 1)
    const full: MetricEvent = Object.assign({ _tag: "t" }, { v: new Array(room).fill(0), w: 0 })
    deepStrictEqual(copy(full), full)
    expect(() => copy(Object.assign({}, full, { w: 0.5 }))).toThrow("larger")
    // A name that is too long for a list of names has two halves of its own, and one for each two of its code units.
    const partly: MetricEvent = Object.assign({ _tag: "t" }, { v: new Array(room - 128).fill(0), ["x".repeat(257)]: 0 })
    deepStrictEqual(copy(partly), partly)
    expect(() => copy(Object.assign({}, partly, { v: new Array(room - 127).fill(0) }))).toThrow("larger")
  })
})

it("a new encoder knows no name, not even the empty one", () => {
  const { roundTrip } = codec(0)
  deepStrictEqual(roundTrip({ _tag: "", "": 1 } as MetricEvent), { _tag: "", "": 1 })
  const { roundTrip: withCodes, strings } = codec(10)
  strings.push("other")
  deepStrictEqual(withCodes({ _tag: "", "": 1 } as MetricEvent), { _tag: "", "": 1 })
})

describe("lists of names", () => {
  it("an object whose names came before in this order takes one half-word for all of them, wherever it is", () => {
    const { encoder, lists, roundTrip } = codec(1000)
    const event = { _tag: "t", a: 1, b: 2, inner: { a: 1, c: [{ b: 3 }, { b: 4 }] } } as MetricEvent
    const halves = (): number => {
      encoder.event(event, "t", null)
      const { pos } = encoder
      encoder.pos = 0
      return pos
    }
    deepStrictEqual(roundTrip(event), event)
    expect(lists).toEqual([[], ["a"], ["a", "b"], ["a", "b", "inner"], ["a", "c"], ["b"]])
    // The tag; the event, a and b; its object and its a; the list, two objects and their b; no span.
    expect(halves()).toBe(1 + 3 + 2 + 5 + 1)
    expect(lists).toHaveLength(6)
  })

  it("grow from the longest known prefix, whichever came last", () => {
    const { lists, roundTrip } = codec(1000)
    const events = [{ a: 1, b: 2 }, { b: 1 }, { a: 1, c: 3 }, { a: 1, b: 2, c: 3 }, { a: 1 }, {}]
    for (const fields of [...events, ...events]) {
      deepStrictEqual(roundTrip({ _tag: "t", ...fields }), { _tag: "t", ...fields })
    }
    expect(lists).toEqual([[], ["a"], ["a", "b"], ["b"], ["a", "c"], ["a", "b", "c"]])
  })

  it("have individual and total limits, beyond which names are stored with their values", () => {
    const { lists, roundTrip } = codec(1_000_000)
    const wide = Object.fromEntries(Array.from({ length: MostNames + 3 }, (_, i) => [`field ${i}`, i]))
    deepStrictEqual(roundTrip({ _tag: "t", ...wide }), { _tag: "t", ...wide })
    expect(lists).toHaveLength(1 + MostNames)
    for (let i = 0; i < MostNameLists + 10; i++) {
      const event = { _tag: "t", [`of ${i}`]: i, "field 0": 1, last: { a: 1 } }
      const copy = roundTrip(event)
      if (i > MostNameLists - 10 || i < 10) deepStrictEqual(copy, event)
    }
    expect(lists).toHaveLength(MostNameLists)
  })

  it("omit a name that is too long, or __proto__, and all that follow", () => {
    const { lists, roundTrip } = codec(1000)
    const events = [
      JSON.parse('{ "_tag": "t", "a": 1, "__proto__": { "x": 1 }, "b": 2 }'),
      { _tag: "t", a: 1, ["x".repeat(257)]: 2, b: 3 }
    ]
    for (const event of [...events, ...events]) deepStrictEqual(roundTrip(event), event)
    expect(lists).toEqual([[], ["a"], ["x"]])
  })

  it("are not lost if a property emits other events while it is read", () => {
    const { lists, roundTrip } = codec(1000)
    const inner = { _tag: "t", a: 1, c: 2 }
    const outer = {
      _tag: "t",
      a: 0,
      get b() {
        return roundTrip(inner)
      },
      c: 3
    } // prettier-ignore
    for (let i = 0; i < 2; i++) deepStrictEqual(roundTrip(outer as never), { _tag: "t", a: 0, b: inner, c: 3 })
    expect(new Set(lists.map(String)).size).toBe(lists.length)
  })

  it("are written again under the same code if the first write failed", () => {
    const written: Array<readonly [code: number, name: string]> = []
    let fails: "throws" | "no room" | undefined
    const lists = new NameLists((code, _, name) => {
      written.push([code, name])
      if (fails === "throws") throw new RangeError("no stack")
      return fails === undefined
    })
    fails = "no room"
    expect(lists.longer(lists.none, "a")).toBeUndefined()
    fails = "throws"
    expect(() => lists.longer(lists.none, "b")).toThrow("no stack")
    fails = undefined
    expect(lists.longer(lists.none, "b")).toMatchObject({ code: 1, length: 1 })
    expect(lists.longer(lists.none, "a")).toMatchObject({ code: 2, length: 1 })
    expect(lists.longer(lists.none, "b")).toMatchObject({ code: 1 })
    expect(written).toEqual([
      [1, "a"],
      [1, "b"],
      [1, "b"],
      [2, "a"]
    ]) // prettier-ignore
  })
})

it("an encoder keeps no more memory than one event needs after nested events", () => {
  const { encoder, roundTrip } = codec(0)
  const nested = (levels: number): MetricEvent =>
    ({
      _tag: "t",
      text: "x".repeat(40_000),
      get inner() {
        return levels === 0 ? 0 : void roundTrip(nested(levels - 1))
      }
    }) as never // prettier-ignore
  roundTrip({ _tag: "t" })
  const { length } = encoder.i32
  roundTrip(nested(10))
  expect(encoder.i32.length).toBeGreaterThan(3 * length)
  roundTrip({ _tag: "t" })
  expect(encoder.i32.length).toBe(length)
  expect(encoder.pos).toBe(0)
})
