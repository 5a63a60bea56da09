// Data is packed in a store, and unpacked unchanged.
import { deflateRawSync, inflateRawSync } from "node:zlib"
import { expect, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import fc from "fast-check"
import { type EventCommit, EventStore, MetricsStore, StateStore } from "mvx-metrics/MetricsStore"
import { memoryEvents, noEvents } from "../../src/internal/store/memoryEvents.ts"
import { openEvents, openStates } from "../../src/internal/store/openStore.ts"
import { pack, unpack } from "../../src/internal/store/packing.ts"
import { ShopMetrics } from "../cluster/fixtures/shop.metrics.ts"
import { aggregator, namespace } from "../streams/support/processes.ts"
import { recordLogs } from "../support/logs.ts"

/** Bytes of this length that can be deflated to almost nothing. */
const plain = (length: number): Uint8Array => new Uint8Array(length).fill(0xff)

/** As another program would have packed them. */
const packedBy = (bytes: Uint8Array, length = bytes.byteLength): Uint8Array => {
  const head = Buffer.alloc(5, 1)
  head.writeUInt32BE(length, 1)
  return Buffer.concat([head, deflateRawSync(bytes)])
}

it.effect("packed data is the same when it is unpacked, and is never longer in between", () => {
  const some = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    fc
      .tuple(fc.uint8Array({ minLength: 1, maxLength: 30 }), fc.nat(3000))
      .map(([bytes, times]) => Buffer.concat(Array.from({ length: times }, () => bytes)))
  )
  return Effect.promise(() =>
    fc.assert(
      // What begins with the byte that marks others is none of ours.
      fc.asyncProperty(
        some.filter((bytes) => bytes[0] !== 1),
        async (bytes) => {
          const shared = new Uint8Array(new SharedArrayBuffer(bytes.byteLength))
          shared.set(bytes)
          const packed = await Effect.runPromise(pack(shared))
          expect(packed.byteLength).toBeLessThanOrEqual(bytes.byteLength)
          const back = await Effect.runPromise(unpack(packed))
          expect(Buffer.compare(back, bytes)).toBe(0)
        }
      )
    )
  )
})

it.effect(
  "a state of a kilobyte and one of a megabyte are packed to a tenth, after a marker byte and their length",
  () =>
    Effect.gen(function* () {
      for (const length of [1024, 1024 * 1024]) {
        const packed = yield* pack(plain(length))
        expect(packed.byteLength).toBeLessThan(length / 10)
        expect(packed[0]).toBe(1)
        expect(Buffer.from(packed).readUInt32BE(1)).toBe(length)
        expect(Buffer.compare(inflateRawSync(packed.subarray(5)), plain(length))).toBe(0)
        expect(yield* unpack(packedBy(plain(length)))).toEqual(Buffer.from(plain(length)))
      }
    })
)

it.effect("damaged data, or data that would take more memory than stated, is passed on unchanged", () =>
  Effect.gen(function* () {
    const whole = packedBy(plain(100_000))
    const odd = [
      whole.subarray(0, whole.byteLength - 3),
      whole.subarray(0, 4),
      packedBy(plain(100_000), 99_999),
      packedBy(plain(100_000), 100_001),
      packedBy(plain(100_000), 2 ** 32 - 1),
      packedBy(plain(100), 99),
      Buffer.from([1, 0, 0, 0, 9, 0xff, 0xff])
    ]
    for (const bytes of odd) expect(yield* unpack(bytes)).toBe(bytes)
  })
)

it.effect("a store of states packs what is written and retired, and unpacked data from before can be read", () =>
  Effect.gen(function* () {
    const layer = Layer.fresh(MetricsStore.layerMemory)
    const below = Context.get(yield* Layer.build(layer), StateStore)
    const store = yield* openStates(Layer.succeed(StateStore, below))
    const write = {
      ...{ namespace: "n", source: "one", epoch: 1, sequence: 1, base: undefined, removed: [] },
      ...{ hasEnded: false, isLasting: false, entries: new Map([["+a", plain(2000)]]) }
    }
    const entriesOf = (service: StateStore["Service"], of: string) =>
      Effect.map(service.read({ namespace: "n", known: new Map() }), (sources) =>
        Object.fromEntries(
          Array.from(sources.find(({ source }) => source === of)!.entries!, ([key, bytes]) => [key, bytes.byteLength])
        )
      )
    yield* below.write({ ...write, source: "before" })
    expect(yield* store.write(write)).toBe("written")
    expect((yield* entriesOf(below, "one"))["+a"]).toBeLessThan(200)
    expect(yield* entriesOf(store, "one")).toEqual({ "+a": 2000 })
    expect(yield* entriesOf(store, "before")).toEqual({ "+a": 2000 })
    const retired = { namespace: "n", sources: new Map([["one", { epoch: 1, sequence: 1 }]]), base: 0 }
    expect(yield* store.retire({ ...retired, entries: new Map([["-a", plain(3000)]]) })).toBe(true)
    expect((yield* entriesOf(below, ""))["-a"]).toBeLessThan(200)
    expect(yield* entriesOf(store, "")).toEqual({ "-a": 3000 })
  })
)

it.effect("a store of events packs batches and parts, and unpacked data from before can be read", () =>
  Effect.gen(function* () {
    const stored = noEvents()
    const below = memoryEvents(() => stored)
    const store = yield* openEvents(Layer.succeed(EventStore, below))
    const append = { namespace: "n", source: "one", oldest: 1, hasEnded: false }
    yield* below.append({ ...append, batches: [{ number: 1, bytes: plain(2000) }] })
    yield* store.append({ ...append, batches: [{ number: 2, bytes: plain(3000) }] })
    const lengths = (service: EventStore["Service"]) =>
      Effect.map(service.read("n", "one", 0, 1e6), (batches) => batches.map(({ bytes }) => bytes.byteLength))
    expect((yield* lengths(below))[1]).toBeLessThan(200)
    expect(yield* lengths(store)).toEqual([2000, 3000])
    const commit: EventCommit = {
      ...{ source: "one", base: "", version: "v", position: 1, retires: false },
      parts: new Map([
        ["a", plain(4000)],
        ["b", undefined]
      ])
    }
    expect(yield* store.commit("n", [commit])).toBe(true)
    const parts = (service: EventStore["Service"]) =>
      Effect.map(service.state("n", "one"), (state) =>
        Array.from(state.parts, ([key, bytes]) => [key, bytes.byteLength])
      )
    expect((yield* parts(below))[0]![1]).toBeLessThan(200)
    expect(yield* parts(store)).toEqual([["a", 4000]])
  })
)

const MostBytes = 256 * 1024 * 1024

it.effect("data read from one source together never takes more than a gigabyte, and the remainder is named", () =>
  Effect.gen(function* () {
    const below = Context.get(yield* Layer.build(Layer.fresh(MetricsStore.layerMemory)), StateStore)
    // They say that they have so many bytes, which is what is counted.
    const large = ["+a", "+b", "+c", "+d"].map((key) => [key, packedBy(plain(100_000), MostBytes)] as const)
    const write = {
      ...{ namespace: "n", epoch: 1, sequence: 1, base: undefined, removed: [] },
      ...{ hasEnded: false, isLasting: false }
    }
    const last = ["+last", packedBy(plain(2000))] as const
    yield* below.write({ ...write, source: "small", entries: new Map([last]) })
    yield* below.write({ ...write, source: "large", entries: new Map([...large, last]) })
    const layer = Layer.succeed(StateStore, below)
    const sources = yield* (yield* openStates(layer)).read({ namespace: "n", known: new Map() })
    const lengths = sources.map(({ entries, source }) => [source, entries!.get("+last")!.byteLength])
    expect(Object.fromEntries(lengths)).toEqual({ small: 2000, large: last[1].byteLength })
    const reader = yield* MetricsStore.makeReader({ store: layer, namespace: "n", metrics: [ShopMetrics] })
    const { unreadable = [] } = yield* reader.report
    const reasons = Object.fromEntries(unreadable.map(({ reason, source, what }) => [`${source}, ${what}`, reason]))
    expect(reasons).toMatchObject({
      'small, the recorder "last"': "is not a state of mvx-metrics",
      'large, the recorder "a"': expect.stringContaining(`not inflated to its ${MostBytes} bytes`),
      'large, the recorder "last"': expect.stringContaining("not inflated to its 2000 bytes")
    })
  })
)

it.effect("a state or a batch of events that is too large to inflate fails its source with that reason", () =>
  Effect.gen(function* () {
    const below = memoryEvents()
    const tooLarge = packedBy(plain(100_000), MostBytes + 1)
    const append = { namespace, source: "one", oldest: 1, hasEnded: false }
    yield* below.append({ ...append, batches: [{ number: 1, bytes: tooLarge }] })
    const { layer, lines } = recordLogs()
    const stream = yield* Effect.provide(aggregator(below), layer)
    yield* stream.foldNow
    const reason = `not inflated to its ${MostBytes + 1} bytes`
    expect(lines.map(({ text }) => text).join("\n")).toContain(reason)
    const [{ version } = { version: "" }] = (yield* below.join(namespace, "x", 0)).sources
    const commit = { source: "one", base: version, version: "v", position: 1, retires: false }
    yield* below.commit(namespace, [{ ...commit, parts: new Map([["r:1", tooLarge]]) }])
    yield* below.append({ ...append, batches: [{ number: 2, bytes: plain(10) }] })
    expect((yield* Effect.flip(stream.foldNow)).message).toContain(reason)
  }).pipe(Effect.scoped)
)
