// What the application's thread counts and reports of states that are written, and how long it waits for a write.
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { KeeperEnd } from "../../src/internal/link/keeperEnd.ts"
import type { Command } from "../../src/internal/stream/commands.ts"

const Most = 1000

const keeping = (receive?: (end: KeeperEnd) => void, nextTurn = (action: () => void): void => action()) => {
  const sent: Array<Command> = []
  const held = { count: 0 }
  const end: KeeperEnd = new KeeperEnd({
    by: "durable",
    place: "here",
    send: (command) => void sent.push(command),
    hold: () => {
      held.count++
      return () => void held.count--
    },
    nextTurn,
    receive: receive && (() => receive(end))
  })
  const done = (ticket: number, failure?: string) => end.receive({ _tag: "Persisted", by: "durable", ticket, failure })
  return { sent, held, end, done }
}

const notKept = (end: KeeperEnd, name: string, recorderId = "a", reason = "it differs"): void =>
  end.receive({ _tag: "StateNotKept", by: "durable", name, recorderId, reason })

it("failed writes are counted until one succeeds, and each reason is reported once", () => {
  const { end } = keeping()
  const warnings: Array<string> = []
  end.receive({ _tag: "StateNotWritten", by: "durable", reason: "no space" })
  end.onWarning((text) => void warnings.push(text))
  end.receive({ _tag: "StateNotWritten", by: "durable", reason: "no space" })
  expect(end.progress).toMatchObject({ failures: 2, failure: "no space", events: 0 })
  end.receive({ _tag: "StateWritten", by: "durable", events: 5, savedAt: 7 })
  expect(end.progress).toEqual({ savedAt: 7, events: 5, failures: 2, failure: undefined, discarded: 0 })
  end.receive({ _tag: "StateNotWritten", by: "durable", reason: "no access" })
  expect(warnings).toEqual([expect.stringContaining("no space"), expect.stringContaining("no access")])
})

it("a state that is not kept counts once, and up to 1000 metrics are told apart in warnings", () => {
  const { end } = keeping()
  let warnings = 0
  end.onWarning(() => void warnings++)
  for (const recorder of ["a", "a", "b"]) notKept(end, "m", recorder)
  expect(end.progress.discarded).toBe(2)
  expect(warnings).toBe(1)
  for (let i = 1; i < Most + 5; i++) notKept(end, `m${i}`)
  expect(end.progress.discarded).toBe(Most + 6)
  expect(warnings).toBe(Most)
  // "m" is there twice, so the metric of number 998 is the last one that is told apart.
  for (const known of ["m", `m${Most - 2}`]) notKept(end, known)
  expect(end.progress.discarded).toBe(Most + 6)
  for (const further of [`m${Most - 1}`, `m${Most + 4}`]) notKept(end, further)
  expect(end.progress.discarded).toBe(Most + 8)
})

it.effect("a write keeps the process alive until it is done, and its failure is that of the write", () =>
  Effect.gen(function* () {
    const { done, end, held, sent } = keeping()
    const exits: Array<Exit.Exit<void, Error>> = []
    for (const persist of [end.persist, end.persistLast, end.persist])
      yield* Effect.forkChild(
        persist.pipe(
          Effect.exit,
          Effect.map((exit) => exits.push(exit))
        ),
        { startImmediately: true }
      )
    expect(held.count).toBe(3)
    const orders = [
      { _tag: "Persist", by: "durable", ticket: 0 },
      { _tag: "Persist", by: "durable", ticket: 1, isLast: true },
      { _tag: "Persist", by: "durable", ticket: 2 }
    ]
    expect(sent.splice(0)).toEqual(orders)
    done(0, "no space")
    expect(held.count).toBe(2)
    end.again()
    expect(sent).toEqual(orders.slice(1))
    done(1)
    end.failAll("crash")
    expect(held.count).toBe(0)
    yield* Effect.yieldNow
    expect(exits.map((exit) => Exit.isSuccess(exit))).toEqual([false, true, false])
    expect(Exit.isFailure(yield* Effect.exit(end.persist))).toBe(true)
    expect(held.count).toBe(0)
  })
)

it.effect("an answer resumes its caller in the next turn, and an interrupted caller holds nothing", () =>
  Effect.gen(function* () {
    const turns: Array<() => void> = []
    const { done, end, held } = keeping(undefined, (action) => void turns.push(action))
    const [first, second] = [
      yield* Effect.forkChild(end.persist, { startImmediately: true }),
      yield* Effect.forkChild(end.persist, { startImmediately: true })
    ]
    done(0)
    for (let i = 0; i < 10; i++) yield* Effect.yieldNow
    expect(first.pollUnsafe()).toBeUndefined()
    for (const run of turns) run()
    yield* Fiber.join(first)
    yield* Fiber.interrupt(second)
    expect(held.count).toBe(0)
    done(1)
    expect(turns).toHaveLength(1)
  })
)

it("a blocking write ends when it is done, at its limit, and at once where the fold is in this thread or gone", () => {
  const { end, sent } = keeping((end) =>
    end.receive({ _tag: "Persisted", by: "durable", ticket: 0, failure: undefined })
  )
  end.persistNow(5_000)
  expect(sent).toHaveLength(1)
  let looks = 0
  const deaf = keeping(() => void looks++)
  deaf.end.persistNow(10)
  expect(looks).toBeGreaterThan(0)
  deaf.end.again()
  expect(deaf.sent).toHaveLength(1)
  deaf.end.failAll("crash")
  deaf.end.persistNow(5_000)
  expect(deaf.sent).toHaveLength(1)
  const here = keeping()
  here.end.persistNow(5_000)
  expect(here.sent).toEqual([])
})
