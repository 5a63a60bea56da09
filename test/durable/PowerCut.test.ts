// A folder after a power cut, on a disk that tears writes, runs full and drops syncs.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { folderStore } from "../../src/internal/durable/folderStore.ts"
import { readState, StateWriter } from "../../src/internal/durable/format.ts"
import { failingDisk } from "../crash/disk.ts"
import { folder, namespace } from "./support.ts"

const bytesOf = (savedAt: number): Uint8Array => {
  const bytes = new Uint8Array(500).fill(savedAt)
  const metrics = [{ recorderId: "a", name: "m", measured: "hash", goneSince: undefined, bytes }]
  const writer = new StateWriter({ namespace, savedAt, measured: new Map([["hash", {}]]), shapes: new Map(), metrics })
  while (writer.goOn(64));
  return writer.bytes
}

/** What is there when the power comes back, and which write was the last one that was acknowledged. */
const afterPowerCut = (seed: number, dropsSyncs: boolean, runsFull: boolean) =>
  Effect.gen(function* () {
    const directory = yield* folder
    const log = join(directory, "log")
    const undo = failingDisk({ directory, log, seed, dropsSyncs, runsFull })
    let acknowledged = 0
    const store = folderStore(directory)
    yield* Effect.gen(function* () {
      for (let n = 1; n <= 6; n++) {
        if (Exit.isSuccess(yield* Effect.exit(store.set("k", bytesOf(n))))) acknowledged = n
      }
    }).pipe(Effect.ensuring(Effect.sync(undo)))
    const found = yield* store.getUint8Array("k")
    const faults = readFileSync(log, "utf8")
    return { acknowledged, faults, state: found && readState(found, namespace) }
  }).pipe(Effect.scoped)

const seeds = Array.from({ length: 8 }, (_, i) => i)

it.effect("an acknowledged write survives a power cut intact", () =>
  Effect.gen(function* () {
    for (const seed of seeds) {
      const { acknowledged, faults, state } = yield* afterPowerCut(seed, false, true)
      expect(faults).toContain("torn write")
      if (acknowledged > 0) expect(state).not.toHaveProperty("problem")
      expect((state as { savedAt?: number } | undefined)?.savedAt ?? 0).toBeGreaterThanOrEqual(acknowledged)
    }
  })
)

it.effect("on a disk that drops syncs, the state is an older one or detected as damaged", () =>
  Effect.gen(function* () {
    const problems: Array<unknown> = []
    for (const seed of seeds) {
      const { acknowledged, state } = yield* afterPowerCut(seed, true, false)
      if (state !== undefined && "problem" in state) problems.push(state.problem)
      else expect(state?.savedAt ?? 0).toBeLessThanOrEqual(acknowledged)
    }
    expect(problems.length).toBeGreaterThan(0)
    expect(problems).toEqual(problems.map(() => "damaged"))
  })
)
