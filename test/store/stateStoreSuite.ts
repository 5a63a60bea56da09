/** Requirements of every store of states. */
import { expect, layer } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { type SourceWrite, StateStore } from "mvx-metrics/MetricsStore"

const bytesOf = (text: string): Uint8Array => Buffer.from(text)

const entries = (texts: { readonly [key: string]: string }): ReadonlyMap<string, Uint8Array> =>
  new Map(Object.entries(texts).map(([key, text]) => [key, bytesOf(text)]))

/** All that a namespace has, by source, as plain data without ages. */
const all = (namespace: string, known: ReadonlyMap<string, { epoch: number; sequence: number }> = new Map()) =>
  Effect.gen(function* () {
    const sources = yield* (yield* StateStore).read({ namespace, known })
    return Object.fromEntries(
      [...sources]
        .sort((one, other) => (one.source < other.source ? -1 : 1))
        .map(({ age, entries, isLasting, source, ...rest }) => {
          expect(isLasting).toBe(source.startsWith("lasting"))
          expect(age).toBeGreaterThanOrEqual(0)
          const texts =
            entries && Object.fromEntries([...entries].sort().map(([key, b]) => [key, Buffer.from(b).toString()]))
          return [source, { ...rest, entries: texts }]
        })
    )
  })

let namespaces = 0

export const stateStoreSuite = (name: string, store: Layer.Layer<StateStore, unknown>): void => {
  layer(store)(name, (it) => {
    /** A namespace of its own, and a write of it. */
    const fresh = () => {
      const namespace = `suite ${process.pid} ${Date.now()} {${namespaces++}} é`
      const write = (written: Partial<SourceWrite> & { readonly texts?: { readonly [key: string]: string } }) =>
        StateStore.use((self) =>
          self.write({
            namespace,
            source: "one",
            epoch: 1_700_000_000_000,
            sequence: 1,
            base: undefined,
            removed: [],
            hasEnded: false,
            isLasting: false,
            entries: entries(written.texts ?? {}),
            ...written
          })
        )
      return { namespace, write }
    }
    const epoch = 1_700_000_000_000

    it.effect("returns what was written, byte for byte", () =>
      Effect.gen(function* () {
        const { namespace, write } = fresh()
        const every = Uint8Array.from({ length: 256 }, (_, i) => i)
        const key = 'a key\0 with "everything" ünd ∑'.replace("\0", "\n")
        const written = new Map([
          [key, every],
          ["empty", new Uint8Array(0)],
          ["part of another array", every.subarray(10, 13)]
        ])
        expect(yield* write({ entries: written })).toBe("written")
        const [found] = yield* (yield* StateStore).read({ namespace, known: new Map() })
        expect(found).toMatchObject({ source: "one", epoch, sequence: 1, hasEnded: false })
        expect([...found!.entries!].map(([each, bytes]) => [each, [...bytes]]).sort()).toEqual(
          [...written].map(([each, bytes]) => [each, [...bytes]]).sort()
        )
      })
    )

    it.effect("has nothing in an unused namespace", () =>
      Effect.gen(function* () {
        expect(yield* all(fresh().namespace)).toEqual({})
      })
    )

    it.effect("separates namespaces and sources", () =>
      Effect.gen(function* () {
        const [one, other] = [fresh(), fresh()]
        yield* one.write({ texts: { a: "1" } })
        yield* one.write({ source: "two", texts: { a: "2" }, hasEnded: true })
        yield* other.write({ texts: { a: "3" } })
        expect(yield* all(one.namespace)).toEqual({
          one: { epoch, sequence: 1, hasEnded: false, entries: { a: "1" } },
          two: { epoch, sequence: 1, hasEnded: true, entries: { a: "2" } }
        })
        expect((yield* all(other.namespace)).one!.entries).toEqual({ a: "3" })
      })
    )

    it.effect("accepts the same write once, and never an older one", () =>
      Effect.gen(function* () {
        const { namespace, write } = fresh()
        yield* write({ sequence: 2, texts: { a: "second" } })
        expect(yield* write({ sequence: 2, texts: { a: "again" } })).toBe("outdated")
        expect(yield* write({ sequence: 1, texts: { a: "first" } })).toBe("outdated")
        expect(yield* write({ epoch: epoch - 1, sequence: 9, texts: { a: "before" } })).toBe("outdated")
        expect((yield* all(namespace)).one).toMatchObject({ sequence: 2, entries: { a: "second" } })
        expect(yield* write({ epoch: epoch + 1, sequence: 1, texts: { b: "next" } })).toBe("written")
        expect((yield* all(namespace)).one).toMatchObject({ epoch: epoch + 1, sequence: 1, entries: { b: "next" } })
      })
    )

    it.effect("changes some entries on top of the write that they are based on", () =>
      Effect.gen(function* () {
        const { namespace, write } = fresh()
        yield* write({ texts: { a: "1", b: "1", c: "1" } })
        expect(yield* write({ sequence: 2, base: 1, texts: { b: "2", d: "2" }, removed: ["c"] })).toBe("written")
        expect((yield* all(namespace)).one).toEqual({
          epoch,
          sequence: 2,
          hasEnded: false,
          entries: { a: "1", b: "2", d: "2" }
        })
        expect(yield* write({ sequence: 3, base: 2, hasEnded: true })).toBe("written")
        expect((yield* all(namespace)).one).toMatchObject({ sequence: 3, hasEnded: true })
      })
    )

    it.effect("rejects a partial write whose base it does not have", () =>
      Effect.gen(function* () {
        const { namespace, write } = fresh()
        expect(yield* write({ sequence: 2, base: 1, texts: { a: "2" } })).toBe("incomplete")
        expect(yield* all(namespace)).toEqual({})
        yield* write({ texts: { a: "1" } })
        expect(yield* write({ sequence: 3, base: 2, texts: { a: "3" } })).toBe("incomplete")
        expect(yield* write({ epoch: epoch + 1, sequence: 2, base: 1, texts: { a: "4" } })).toBe("incomplete")
        expect((yield* all(namespace)).one).toMatchObject({ epoch, sequence: 1, entries: { a: "1" } })
      })
    )

    it.effect("recognises a source that has nothing new, and still exists", () =>
      Effect.gen(function* () {
        const { namespace, write } = fresh()
        expect(yield* write({ sequence: 1, base: 1 })).toBe("incomplete")
        yield* write({ texts: { a: "1" } })
        expect(yield* write({ sequence: 1, base: 1 })).toBe("written")
        expect(yield* write({ sequence: 2, base: 2 })).toBe("incomplete")
        expect((yield* all(namespace)).one).toEqual({ epoch, sequence: 1, hasEnded: false, entries: { a: "1" } })
      })
    )

    it.effect("recognises a source whose state outlives its process", () =>
      Effect.gen(function* () {
        const { namespace, write } = fresh()
        yield* write({ source: "lasting", isLasting: true, texts: { a: "1" } })
        expect(yield* all(namespace)).toMatchObject({ lasting: { hasEnded: false } })
        yield* write({ source: "lasting", isLasting: true, hasEnded: true, sequence: 2, base: 1 })
        expect(yield* all(namespace)).toMatchObject({ lasting: { hasEnded: true, entries: { a: "1" } } })
        yield* write({ source: "lasting", isLasting: true, epoch: epoch + 1, texts: { a: "2" } })
        expect(yield* all(namespace)).toMatchObject({ lasting: { hasEnded: false, entries: { a: "2" } } })
      })
    )

    it.effect("replaces everything by a complete write", () =>
      Effect.gen(function* () {
        const { namespace, write } = fresh()
        yield* write({ texts: { a: "1", b: "1" } })
        yield* write({ sequence: 2, texts: { b: "2" } })
        expect((yield* all(namespace)).one!.entries).toEqual({ b: "2" })
      })
    )

    it.effect("returns no entries of a version that the reader has", () =>
      Effect.gen(function* () {
        const { namespace, write } = fresh()
        yield* write({ texts: { a: "1" } })
        yield* write({ source: "two", texts: { a: "2" } })
        const known = new Map([
          ["one", { epoch, sequence: 1 }],
          ["two", { epoch, sequence: 7 }],
          ["gone", { epoch, sequence: 1 }]
        ])
        const found = yield* all(namespace, known)
        expect(Object.keys(found)).toEqual(["one", "two"])
        expect(found.one).toMatchObject({ sequence: 1, entries: undefined })
        expect(found.two!.entries).toEqual({ a: "2" })
      })
    )

    it.effect("replaces sources by their total", () =>
      Effect.gen(function* () {
        const { namespace, write } = fresh()
        const store = yield* StateStore
        for (const source of ["one", "two", "three"]) yield* write({ source, texts: { a: source } })
        const version = { epoch, sequence: 1 }
        const first = {
          namespace,
          base: 0,
          sources: new Map([
            ["one", version],
            ["two", version]
          ]),
          entries: entries({ a: "one and two" })
        }
        expect(yield* store.retire(first)).toBe(true)
        const total = { epoch: 0, sequence: 1, hasEnded: true, entries: { a: "one and two" } }
        expect(yield* all(namespace)).toMatchObject({ "": total, three: { entries: { a: "three" } } })
        expect(Object.keys(yield* all(namespace))).toEqual(["", "three"])
        expect(yield* store.retire(first)).toBe(false)
        const next = { namespace, base: 1, sources: new Map([["three", version]]), entries: entries({ b: "all" }) }
        expect(yield* store.retire(next)).toBe(true)
        expect(yield* all(namespace)).toEqual({ "": { ...total, sequence: 2, entries: { b: "all" } } })
      })
    )

    it.effect("retires nothing if a source has written since", () =>
      Effect.gen(function* () {
        const { namespace, write } = fresh()
        const store = yield* StateStore
        yield* write({ texts: { a: "1" } })
        yield* write({ source: "two", texts: { a: "1" } })
        yield* write({ source: "two", sequence: 2, texts: { a: "2" } })
        const before = yield* all(namespace)
        const version = { epoch, sequence: 1 }
        for (const sources of [
          [
            ["one", version],
            ["two", version]
          ],
          [
            ["one", version],
            ["nobody", version]
          ],
          [["one", { epoch: epoch - 1, sequence: 1 }]]
        ] as const) {
          expect(yield* store.retire({ namespace, base: 0, sources: new Map(sources), entries: new Map() })).toBe(false)
        }
        expect(yield* all(namespace)).toEqual(before)
      })
    )

    it.effect("lets one of several callers retire a source", () =>
      Effect.gen(function* () {
        const { namespace, write } = fresh()
        const store = yield* StateStore
        yield* write({ texts: { a: "1" } })
        const sources = new Map([["one", { epoch, sequence: 1 }]])
        const retires = Array.from({ length: 8 }, (_, i) =>
          store.retire({ namespace, base: 0, sources, entries: entries({ by: String(i) }) })
        )
        const retired = yield* Effect.all(retires, { concurrency: "unbounded" })
        expect(retired.filter((each) => each)).toHaveLength(1)
        expect((yield* all(namespace))[""]!.entries).toEqual({ by: String(retired.indexOf(true)) })
      })
    )

    it.effect("accepts no write of a retired source until it is forgotten", () =>
      Effect.gen(function* () {
        const { namespace, write } = fresh()
        const store = yield* StateStore
        yield* write({ texts: { a: "1" } })
        const sources = new Map([["one", { epoch, sequence: 1 }]])
        yield* store.retire({ namespace, base: 0, sources, entries: entries({ a: "1" }) })
        yield* store.forget(namespace, 60_000)
        expect(yield* write({ sequence: 2, base: 1, texts: { a: "2" } })).toBe("retired")
        expect(yield* write({ epoch: epoch + 1, texts: { a: "2" } })).toBe("retired")
        yield* store.forget(namespace, -1)
        expect(Object.keys(yield* all(namespace))).toEqual([""])
        expect(yield* write({ epoch: epoch + 1, texts: { a: "2" } })).toBe("written")
      })
    )

    it.effect("accepts concurrent writes of many sources", () =>
      Effect.gen(function* () {
        const { namespace, write } = fresh()
        const numbers = Array.from({ length: 20 }, (_, i) => i)
        yield* Effect.forEach(
          numbers,
          (i) =>
            Effect.gen(function* () {
              yield* write({ source: `s${i}`, texts: { a: "1", b: `${i}` } })
              yield* write({ source: `s${i}`, sequence: 2, base: 1, texts: { a: "2" } })
            }),
          { concurrency: "unbounded" }
        )
        const found = yield* all(namespace)
        expect(Object.keys(found)).toHaveLength(20)
        for (const i of numbers) expect(found[`s${i}`]!.entries).toEqual({ a: "2", b: `${i}` })
      })
    )
  })
}
