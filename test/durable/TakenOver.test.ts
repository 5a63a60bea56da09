// A replacement worker has not yet read everything that the previous one had written.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { KeyValueStore } from "effect/persistence"
import { DurableState } from "../../src/internal/durable/durableState.ts"
import { foldOf } from "../support/replaying.ts"
import { namespace, openStore } from "./support.ts"

it.effect("a replacement fold writes no state before it has read whatever the previous one may have read", () =>
  Effect.gen(function* () {
    const fold = foldOf({ send: () => {} })
    const to = { position: 1 }
    Object.defineProperty(fold.reader, "position", { get: () => to.position })
    const place = { page: 0, turn: 0, word: 0 }
    const gone = { lanes: [], to: 5 }
    fold.restore({ careful: 0, counters: [], seen: [], gone, poisoned: [], segments: new Map(), place })
    const store = yield* KeyValueStore.KeyValueStore
    const settings = {
      namespace,
      directory: undefined,
      lock: undefined,
      intervalMillis: 1e6,
      levels: false,
      keepMillis: 0,
      reads: false
    }
    const state = new DurableState({ fold, store, settings, covered: () => 0, wake: () => {}, beside: () => {} })
    fold.command({ _tag: "Persist", by: "durable", ticket: 0 })
    expect([state.isPending, state.goOn(), state.isPending]).toEqual([false, false, false])
    to.position = 5
    expect(state.isPending).toBe(true)
  }).pipe(Effect.provide(openStore().store))
)
