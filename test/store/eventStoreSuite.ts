/** Requirements of every store of events. */
import { expect, layer } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { TestClock } from "effect/testing"
import { type EventAppend, type EventCommit, EventStore } from "mvx-metrics/MetricsStore"

const bytesOf = (text: string): Uint8Array => Buffer.from(text)
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

const Large = 1_000_000

let namespaces = 0

/** A namespace of its own, and what is done in it. */
const fresh = () => {
  const namespace = `suite ${process.pid} ${Date.now()} {${namespaces++}} é`
  /** Appends batches by their numbers. */
  const append = (numbers: ReadonlyArray<number>, rest: Partial<EventAppend> = {}) =>
    EventStore.use((store) =>
      store.append({
        namespace,
        source: "one",
        batches: numbers.map((number) => ({ number, bytes: bytesOf(`batch ${number}`) })),
        oldest: 1,
        hasEnded: false,
        ...rest
      })
    )
  const read = (after: number, bytes = Large, source = "one") =>
    EventStore.use((store) =>
      Effect.map(store.read(namespace, source, after, bytes), (batches) =>
        batches.map((batch) => [batch.number, textOf(batch.bytes)])
      )
    )
  const commit = (...commits: ReadonlyArray<Partial<EventCommit>>) =>
    EventStore.use((store) =>
      store.commit(
        namespace,
        commits.map((each) => ({
          source: "one",
          base: "",
          version: "v1",
          position: 0,
          parts: new Map(),
          retires: false,
          ...each
        }))
      )
    )
  const state = (source = "one") =>
    EventStore.use((store) =>
      Effect.map(store.state(namespace, source), ({ parts, ...rest }) => ({
        ...rest,
        parts: Object.fromEntries([...parts].sort().map(([key, bytes]) => [key, textOf(bytes)]))
      }))
    )
  const join = (owner: string, millis = 60_000) => EventStore.use((store) => store.join(namespace, owner, millis))
  return { namespace, append, read, commit, state, join }
}

const parts = (texts: { readonly [key: string]: string | undefined }) =>
  new Map(Object.entries(texts).map(([key, text]) => [key, text === undefined ? undefined : bytesOf(text)] as const))

export const eventStoreSuite = (name: string, store: Layer.Layer<EventStore, unknown>): void => {
  layer(store)(name, (it) => {
    it.effect("returns batches byte for byte and in order", () =>
      Effect.gen(function* () {
        const { append, namespace } = fresh()
        const every = Uint8Array.from({ length: 256 }, (_, i) => i)
        const batches = [every, new Uint8Array(0), every.subarray(10, 13)].map((bytes, i) => ({ number: i + 1, bytes }))
        expect(yield* append([], { batches })).toEqual({ last: 3, committed: 0, isRetired: false })
        const found = yield* EventStore.use((self) => self.read(namespace, "one", 0, Large))
        expect(found.map(({ bytes, number }) => [number, [...bytes]])).toEqual(
          batches.map(({ bytes, number }) => [number, [...bytes]])
        )
      })
    )

    it.effect("skips batches that it already has, and appends nothing after a gap", () =>
      Effect.gen(function* () {
        const { append, read } = fresh()
        yield* append([1, 2])
        expect(yield* append([1, 2, 3])).toMatchObject({ last: 3 })
        expect(yield* append([5])).toMatchObject({ last: 3 })
        expect(yield* append([4, 6])).toMatchObject({ last: 4 })
        expect((yield* read(0)).map(([number]) => number)).toEqual([1, 2, 3, 4])
      })
    )

    it.effect("continues from the oldest batch of a source whose earlier ones it does not know", () =>
      Effect.gen(function* () {
        const { append, read } = fresh()
        expect(yield* append([57, 58], { oldest: 57 })).toMatchObject({ last: 58 })
        expect((yield* read(0)).map(([number]) => number)).toEqual([57, 58])
      })
    )

    it.effect("reads at most the requested amount, but at least one batch", () =>
      Effect.gen(function* () {
        const { append, read } = fresh()
        yield* append([1, 2, 3])
        expect(yield* read(0, 1)).toEqual([[1, "batch 1"]])
        expect(yield* read(1, 9)).toHaveLength(2)
        expect(yield* read(3)).toEqual([])
        expect(yield* read(0, Large, "unknown")).toEqual([])
      })
    )

    it.effect("commits parts and the position together, and removes the batches before it", () =>
      Effect.gen(function* () {
        const { append, commit, read, state } = fresh()
        expect(yield* state()).toEqual({ version: "", position: 0, parts: {} })
        yield* append([1, 2, 3])
        expect(yield* commit({ position: 2, parts: parts({ a: "1", b: "2" }) })).toBe(true)
        expect(yield* state()).toEqual({ version: "v1", position: 2, parts: { a: "1", b: "2" } })
        expect(yield* read(0)).toEqual([[3, "batch 3"]])
        expect(yield* append([4])).toEqual({ last: 4, committed: 2, isRetired: false })
        expect(yield* commit({ base: "v1", version: "v2", position: 3, parts: parts({ a: undefined, b: "3" }) })).toBe(
          true
        )
        expect(yield* state()).toEqual({ version: "v2", position: 3, parts: { b: "3" } })
      })
    )

    it.effect("rejects a whole commit if one change was made from another version", () =>
      Effect.gen(function* () {
        const { append, commit, state } = fresh()
        yield* append([1])
        yield* append([1], { source: "two" })
        yield* commit({ position: 1, parts: parts({ a: "1" }) })
        const twice = yield* commit(
          { source: "two", position: 1, parts: parts({ a: "2" }) },
          { base: "", version: "v2", position: 1, parts: parts({ a: "3" }) }
        )
        expect(twice).toBe(false)
        expect(yield* state()).toEqual({ version: "v1", position: 1, parts: { a: "1" } })
        expect(yield* state("two")).toEqual({ version: "", position: 0, parts: {} })
      })
    )

    it.effect("accepts only one of two concurrent commits", () =>
      Effect.gen(function* () {
        const { append, commit, state } = fresh()
        yield* append([1])
        const both = yield* Effect.all([commit({ version: "x", position: 1 }), commit({ version: "y", position: 1 })], {
          concurrency: 2
        })
        expect([...both].sort()).toEqual([false, true])
        expect((yield* state()).version).toBe(both[0] ? "x" : "y")
      })
    )

    it.effect("continues after a committed position of batches that it has lost", () =>
      Effect.gen(function* () {
        const { append, commit } = fresh()
        yield* append([1])
        yield* commit({ position: 3 })
        expect(yield* append([2, 3, 4])).toMatchObject({ last: 4, committed: 3 })
      })
    )

    it.effect("retires a source together with the total that includes it", () =>
      Effect.gen(function* () {
        const { append, commit, join, read, state } = fresh()
        yield* append([1, 2], { hasEnded: true })
        yield* commit({ position: 1, parts: parts({ a: "1" }) })
        const retire = (position: number) =>
          commit(
            { base: "v1", version: "v2", position, retires: true, parts: parts({ left: "3" }) },
            { source: "", version: "t1", parts: parts({ sum: "1" }) }
          )
        // It has a batch that nobody has folded.
        expect(yield* retire(1)).toBe(false)
        expect(yield* retire(2)).toBe(true)
        expect(yield* state()).toEqual({ version: "v2", position: 2, parts: { left: "3" } })
        expect(yield* state("")).toEqual({ version: "t1", position: 0, parts: { sum: "1" } })
        expect(yield* append([3])).toEqual({ last: 2, committed: 2, isRetired: true })
        expect(yield* read(0)).toEqual([])
        expect(yield* join("a")).toEqual({ owners: ["a"], sources: [], total: "t1" })
      })
    )

    it.effect("forgets retired sources, and no others", () =>
      Effect.gen(function* () {
        const { append, commit, join, namespace, state } = fresh()
        yield* append([1])
        yield* append([1], { source: "two" })
        yield* commit({ position: 1, retires: true, parts: parts({ left: "1" }) })
        const forget = (olderThan: number) => EventStore.use((self) => self.forget(namespace, olderThan))
        yield* forget(60_000)
        expect(yield* append([2])).toMatchObject({ isRetired: true })
        expect(yield* state()).toMatchObject({ position: 1, parts: { left: "1" } })
        yield* forget(-1)
        expect(yield* state()).toEqual({ version: "", position: 0, parts: {} })
        expect((yield* join("a")).sources.map(({ source }) => source)).toEqual(["two"])
        expect(yield* append([2], { oldest: 2 })).toMatchObject({ last: 2, isRetired: false })
      })
    )

    it.effect("lists the aggregators that have joined and not left", () =>
      Effect.gen(function* () {
        const { join, namespace } = fresh()
        yield* join("a")
        expect([...(yield* join("b")).owners].sort()).toEqual(["a", "b"])
        yield* EventStore.use((self) => self.leave(namespace, "a"))
        expect((yield* join("b")).owners).toEqual(["b"])
        // Its time is over at once.
        yield* join("c", 0)
        expect((yield* join("b")).owners).toEqual(["b"])
      })
    )

    it.effect(
      "keeps no aggregator for longer than the others are joined, even if its time was set by a later clock",
      () =>
        Effect.gen(function* () {
          const { join } = fresh()
          yield* join("a", 3_600_000)
          yield* join("reader", 0)
          expect((yield* join("b", 500)).owners).toContain("a")
          for (let i = 0; i < 10_000; i++) {
            yield* TestClock.adjust(1)
            const { owners } = yield* join("reader", 0)
            if (!owners.includes("a")) return
          }
          expect.fail("it is still joined")
        })
    )

    it.effect("reports the state of sources, and separates namespaces", () =>
      Effect.gen(function* () {
        const one = fresh()
        const other = fresh()
        yield* one.append([1, 2])
        yield* one.append([], { source: "idle" })
        const { sources } = yield* one.join("a")
        expect(
          Object.fromEntries(
            sources.map(({ age, source, ...rest }) => {
              expect(age).toBeGreaterThanOrEqual(0)
              return [source, rest]
            })
          )
        ).toEqual({
          one: { last: 2, committed: 0, version: "", hasEnded: false },
          idle: { last: 0, committed: 0, version: "", hasEnded: false }
        })
        yield* one.commit({ position: 1 })
        expect((yield* one.join("a")).sources.find(({ source }) => source === "one")).toMatchObject({
          last: 2,
          committed: 1,
          version: "v1"
        })
        expect(yield* other.join("b")).toEqual({ owners: ["b"], sources: [], total: "" })
        expect(yield* other.state()).toEqual({ version: "", position: 0, parts: {} })
      })
    )
  })
}
