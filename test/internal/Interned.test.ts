// Values derived from the same key are created once, and none is retained merely because it was created.
import { setImmediate as nextTurn } from "node:timers/promises"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { expect, it } from "@effect/vitest"
import { Interned } from "../../src/internal/util/interned.ts"

setFlagsFromString("--expose-gc")
const collect: () => void = runInNewContext("gc")

it("an interned value is created once while it is in use", async () => {
  const interned = new Interned<object>()
  const used = interned.get("used", () => ({}))
  for (let i = 0; i < 1000; i++) interned.get(`passing ${i}`, () => ({}))
  await nextTurn()
  collect()
  const again = () => interned.get("used", () => expect.fail("made again"))
  expect(again()).toBe(used)
})

it("the most recent values are kept, and all other unused ones are dropped", async () => {
  const interned = new Interned<object>()
  for (let i = 0; i < 1000; i++) interned.get(`passing ${i}`, () => ({}))
  // References are weak from the next turn on; the registry is told in a turn after that.
  for (let i = 0; i < 100 && interned.size > 64; i++) {
    await nextTurn()
    collect()
  }
  expect(interned.size).toBe(64)
})
