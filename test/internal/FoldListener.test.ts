// Changes that the fold returns to a recorder, one batch after the other.
import { expect, it } from "@effect/vitest"
import { Effect, Latch } from "effect"
import { FoldListener } from "../../src/internal/recorder/foldListener.ts"
import type { RecorderParts } from "../../src/internal/recorder/parts.ts"
import type { Change } from "../../src/internal/stream/foldMessages.ts"

it.effect(
  "a listener receives a batch after the previous one was delivered, and each is acknowledged by its own number",
  () =>
    Effect.gen(function* () {
      const happened: Array<unknown> = []
      const latches = [Latch.makeUnsafe(), Latch.makeUnsafe()]
      const parts = {
        config: {},
        lifecycle: {},
        hooks: { fork: Effect.runFork },
        hub: {
          deliver: ([{ sequence }]: readonly [Change]) =>
            Effect.suspend(() => {
              happened.push(`begun ${sequence}`)
              return latches[sequence - 1]!.await
            })
        },
        laneLink: {
          afterFold: (action: () => void) => action(),
          send: (command: unknown) => void happened.push(command)
        }
      }
      const listener = new FoldListener(parts as unknown as RecorderParts)
      // That of a fold that has died, and that of the fold in its place.
      for (const sequence of [1, 2]) {
        const change: Change = { tag: "a", sequence, at: 0, snapshot: { name: "m", dimensions: {} } }
        listener.onMessage({ _tag: "Changes", lane: 0, sequence, changes: [change] })
      }
      yield* Effect.yieldNow
      expect(happened).toEqual(["begun 1"])
      yield* latches[0]!.open
      for (let i = 0; i < 5; i++) yield* Effect.yieldNow
      expect(happened).toEqual(["begun 1", { _tag: "Delivered", sequence: 1 }, "begun 2"])
      yield* latches[1]!.open
      for (let i = 0; i < 5; i++) yield* Effect.yieldNow
      expect(happened.slice(3)).toEqual([{ _tag: "Delivered", sequence: 2 }])
    })
)
