// Concurrent scrapes run once, and a scrape that nobody waits for is cancelled.
import { expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Latch } from "effect"
import { SharedScrapes } from "../../src/internal/runtime/sharedScrapes.ts"

const setting = Effect.gen(function* () {
  const gate = yield* Latch.make()
  const begun = yield* Latch.make()
  const made: Array<string> = []
  const scrapes = new SharedScrapes<number, string>()
  const make = Effect.gen(function* () {
    const number = made.push("begun")
    yield* begun.open
    yield* gate.await
    made[number - 1] = "made"
    return number
  }).pipe(Effect.onInterrupt(() => Effect.sync(() => void made.push("given up"))))
  const ask = (kind = "text") => Effect.forkChild(scrapes.share(kind, make), { startImmediately: true })
  return { ask, begun, gate, made, scrapes }
})

it.effect("concurrent requests before a scrape begins share its result, and later ones get the next", () =>
  Effect.gen(function* () {
    const { ask, begun, gate, made } = yield* setting
    const first = yield* Effect.forEach([1, 2, 3], () => ask())
    yield* begun.await
    const later = yield* Effect.forEach(Array.from({ length: 20 }), () => ask())
    yield* gate.open
    expect(yield* Fiber.joinAll(first)).toEqual([1, 1, 1])
    expect(new Set(yield* Fiber.joinAll(later))).toEqual(new Set([2]))
    expect(made).toEqual(["made", "made"])
  })
)

it.effect("requests of different kinds have separate scrapes", () =>
  Effect.gen(function* () {
    const { ask, gate } = yield* setting
    const fibers = [yield* ask("text"), yield* ask("openmetrics")]
    yield* gate.open
    expect(yield* Fiber.joinAll(fibers)).toEqual([1, 2])
  })
)

it.effect("a scrape that nobody waits for is cancelled, and no other", () =>
  Effect.gen(function* () {
    const { ask, begun, gate, made } = yield* setting
    const [gone, stays] = [yield* ask(), yield* ask()]
    yield* begun.await
    const waiting = yield* Effect.forEach(Array.from({ length: 40 }), () => ask())
    yield* Fiber.interruptAll(waiting)
    yield* Fiber.interrupt(gone!)
    expect(made).toEqual(["begun"])
    yield* gate.open
    expect(yield* Fiber.join(stays!)).toBe(1)

    const alone = yield* setting
    const only = yield* alone.ask()
    yield* alone.begun.await
    yield* Fiber.interrupt(only)
    expect(alone.made).toEqual(["begun", "given up"])
    yield* alone.gate.open
    expect(yield* Fiber.join(yield* alone.ask())).toBe(3)
  })
)

it.effect("a failure reaches all who share a scrape, and the next request starts a new one", () =>
  Effect.gen(function* () {
    const scrapes = new SharedScrapes<number, string>()
    const failing = yield* Effect.forEach([1, 2], () =>
      Effect.forkChild(scrapes.share("text", Effect.fail("gone")), { startImmediately: true })
    )
    for (const fiber of failing) expect(yield* Fiber.await(fiber)).toEqual(Exit.fail("gone"))
    expect(yield* scrapes.share("text", Effect.succeed(7))).toBe(7)
  })
)
