// A third-party store that hangs, throws, is interrupted or returns nonsense fails each call with an error that says
// so.
import { expect, it } from "@effect/vitest"
import { Cause, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { EventStore, type EventStoreService, StateStore, type StateStoreService } from "mvx-metrics/MetricsStore"
import { makeMemory } from "../../src/internal/store/memory.ts"
import { memoryEvents } from "../../src/internal/store/memoryEvents.ts"
import { openEvents, openStates } from "../../src/internal/store/openStore.ts"
import { simulatingOutside } from "../streams/support/processes.ts"

type Calls<S> = { readonly [Name in Exclude<keyof S, "place">]: (store: S) => Effect.Effect<unknown, unknown> }

const source = { namespace: "n", source: "one" }

const statesCalls: Calls<StateStoreService> = {
  write: ({ write }) =>
    write({
      ...{ ...source, epoch: 1, sequence: 1, base: undefined, entries: new Map(), removed: [] },
      ...{ hasEnded: false, isLasting: false }
    }),
  read: ({ read }) => read({ namespace: "n", known: new Map() }),
  retire: ({ retire }) => retire({ namespace: "n", sources: new Map(), entries: new Map(), base: 0 }),
  forget: ({ forget }) => forget("n", 1)
}

const eventsCalls: Calls<EventStoreService> = {
  append: ({ append }) => append({ ...source, batches: [], oldest: 1, hasEnded: false }),
  join: ({ join }) => join("n", "a", 1),
  leave: ({ leave }) => leave("n", "a"),
  state: ({ state }) => state("n", "one"),
  read: ({ read }) => read("n", "one", 0, 1),
  commit: ({ commit }) => commit("n", []),
  forget: ({ forget }) => forget("n", 1)
}

/** Each function does this. */
const all = <S extends object>(calls: S, answer: () => unknown): never =>
  ({ place: "theirs", ...Object.fromEntries(Object.keys(calls).map((name) => [name, answer])) }) as never

const opened = {
  states: (answer: () => unknown) => openStates(Layer.succeed(StateStore, all(statesCalls, answer))),
  events: (answer: () => unknown) => openEvents(Layer.succeed(EventStore, all(eventsCalls, answer)))
}

const failures = <S>(calls: Calls<S>, store: S, before: Effect.Effect<void> = Effect.void) =>
  Effect.forEach(Object.entries<(store: S) => Effect.Effect<unknown, unknown>>(calls), ([operation, call]) =>
    Effect.gen(function* () {
      const calling = yield* Effect.forkChild(Effect.flip(call(store)))
      yield* before
      const error = (yield* Fiber.join(calling)) as Error
      expect(error).toMatchObject({ _tag: "mvx-metrics/MetricsStoreError", store: "theirs", operation })
      return [operation, error.message] as const
    })
  )

it.effect("no call of a hanging store takes longer than a minute", () =>
  Effect.gen(function* () {
    const wait = Effect.andThen(Effect.yieldNow, TestClock.adjust("1 minute"))
    const found = [
      ...(yield* failures(statesCalls, yield* opened.states(() => Effect.never), wait)),
      ...(yield* failures(eventsCalls, yield* opened.events(() => Effect.never), wait))
    ]
    for (const [operation, message] of found) expect(message).toContain(`${operation}: no answer within 1m`)
    expect(found).toHaveLength(11)
  }).pipe(simulatingOutside, Effect.scoped)
)

it.effect.each<readonly [string, () => unknown, string]>([
  [
    "throws",
    () => {
      throw new Error("not connected")
    },
    "not connected"
  ],
  ["dies", () => Effect.die(new Error("not connected")), "not connected"],
  ["is interrupted", () => Effect.interrupt, "it was interrupted"],
  [
    "interrupts its own fiber",
    () =>
      Effect.withFiber((fiber) =>
        Effect.andThen(
          Effect.sync(() => fiber.interruptUnsafe()),
          Effect.never
        )
      ),
    "it was interrupted"
  ],
  ["returns no effect", () => undefined, ""]
])("each call of a store that %s fails", ([_, answer, reason]) =>
  Effect.gen(function* () {
    const found = [
      ...(yield* failures(statesCalls, yield* opened.states(answer))),
      ...(yield* failures(eventsCalls, yield* opened.events(answer)))
    ]
    for (const [, message] of found) expect(message).toContain(reason)
  })
)

it.effect("an invalid answer fails the call", () =>
  Effect.gen(function* () {
    const { forget: _, ...states } = statesCalls
    const { forget: __, leave: ___, ...events } = eventsCalls
    const answers = ["what", { last: "1" }, [{ source: 1 }], { parts: {}, version: "", position: 0 }]
    for (const value of answers) {
      const answer = () => Effect.succeed(value)
      const found = [
        ...(yield* failures(states as typeof statesCalls, yield* opened.states(answer))),
        ...(yield* failures(events as typeof eventsCalls, yield* opened.events(answer)))
      ]
      for (const [, message] of found) expect(message).toContain("its answer is not ")
    }
  })
)

it.effect("an answer that does not match the request fails the call", () =>
  Effect.gen(function* () {
    const answered = function* (calls: object, open: (answer: () => unknown) => unknown, answer: unknown) {
      const store = yield* open(() => Effect.succeed(answer)) as Effect.Effect<unknown, unknown>
      return (yield* failures(calls as Calls<unknown>, store))[0]![1]
    }
    // Everything was written, and each of these would be asked again at once.
    const { write } = statesCalls
    expect(yield* answered({ write }, opened.states, "incomplete")).toContain("a write of everything")
    const known = { source: "one", epoch: 1, sequence: 1, age: 0, entries: undefined }
    expect(yield* answered({ read: statesCalls.read }, opened.states, [known])).toContain("no entries")
    const batch = (number: number) => ({ number, bytes: new Uint8Array(1) })
    const append = ({ append }: EventStoreService) =>
      append({ ...source, batches: [batch(3), batch(4)], oldest: 2, hasEnded: false })
    for (const last of [0, 2, 3]) {
      const end = { last, committed: 0, isRetired: false }
      expect(yield* answered({ append }, opened.events, end)).toContain("were not appended")
    }
    const read = ({ read }: EventStoreService) => read("n", "one", 2, 1000)
    for (const numbers of [[2], [3, 3], [4, 3]]) {
      expect(yield* answered({ read }, opened.events, numbers.map(batch))).toContain("the next ones")
    }
  })
)

it.effect("a store that has lost batches, or has more than it was sent, reports that", () =>
  Effect.gen(function* () {
    const batch = { number: 3, bytes: new Uint8Array(1) }
    const ends = [1, 3, 4].map((last) => ({ last, committed: 0, isRetired: false }))
    for (const end of [...ends, { last: 0, committed: 0, isRetired: true }]) {
      const { append } = yield* opened.events(() => Effect.succeed(end))
      expect(yield* append({ ...source, batches: [batch], oldest: 2, hasEnded: false })).toEqual(end)
    }
  })
)

it.effect("an interrupted call gets no answer", () =>
  Effect.gen(function* () {
    const { read } = yield* opened.states(() => Effect.never)
    const calling = yield* Effect.forkChild(read({ namespace: "n", known: new Map() }), { startImmediately: true })
    yield* Fiber.interrupt(calling)
    const exit = yield* Fiber.await(calling)
    expect(exit._tag === "Failure" && Cause.hasInterruptsOnly(exit.cause)).toBe(true)
  })
)

it.effect("an interrupted layer of a store fails to open", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(openStates(Layer.effect(StateStore, Effect.interrupt)))
    expect(error).toMatchObject({ _tag: "mvx-metrics/MetricsStoreError", operation: "open" })
    expect(error.message).toContain("it was interrupted")
  })
)

it.effect("a correct store is used unchanged", () =>
  Effect.gen(function* () {
    const states = yield* openStates(Layer.succeed(StateStore, makeMemory()))
    const events = yield* openEvents(Layer.succeed(EventStore, memoryEvents()))
    for (const call of Object.values(statesCalls)) yield* call(states)
    for (const call of Object.values(eventsCalls)) yield* call(events)
  })
)
