// A value in a folder is the old one or the new one, whole, and one process at a time has it.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { takeLock } from "../../src/internal/durable/folderLock.ts"
import { folderStore, removeUnfinished } from "../../src/internal/durable/folderStore.ts"
import { folder } from "./support.ts"

describe("the store of a folder", () => {
  it.effect("has what was set, by any key", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const store = folderStore(directory)
      const keys = ["a", "../b", "c/d", "é %"]
      for (const [i, key] of keys.entries()) yield* store.set(key, new Uint8Array([i]))
      expect((yield* store.keys).toSorted()).toEqual(keys.toSorted())
      expect([...(yield* store.getUint8Array("c/d"))!]).toEqual([2])
      yield* store.set("a", "text")
      expect(yield* store.get("a")).toBe("text")
      yield* store.remove("a")
      expect(yield* store.getUint8Array("a")).toBeUndefined()
      yield* store.clear
      expect(readdirSync(directory)).toEqual([])
    })
  )

  it.effect("keeps the old value, and nothing else, when a write fails at its last step", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const store = folderStore(directory)
      // A folder cannot be replaced by a file.
      mkdirSync(join(directory, "a.state"))
      writeFileSync(join(directory, "a.state", "old"), "old")
      const error = yield* Effect.flip(store.set("a", "new"))
      expect(error.message).not.toContain("unfinished")
      expect(readdirSync(directory)).toEqual(["a.state"])
      expect(readFileSync(join(directory, "a.state", "old"), "utf8")).toBe("old")
    })
  )

  it.effect("loses what a process that was killed has begun, of its own key only", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      for (const name of ["a.state", "a.state.1.unfinished", "ab.state.1.unfinished"])
        writeFileSync(join(directory, name), "")
      yield* Effect.promise(() => removeUnfinished(directory, "a"))
      expect(readdirSync(directory)).toEqual(["a.state", "ab.state.1.unfinished"])
    })
  )
})

describe("the lock of a folder", () => {
  const inFolder = Effect.map(folder, (directory) => ({ directory, path: join(directory, "a.lock") }))

  it.effect("is one runtime's of a process until it is released", () =>
    Effect.gen(function* () {
      const { directory, path } = yield* inFolder
      const lock = takeLock(path)
      expect(takeLock(path)).toEqual({ owner: process.pid })
      if ("release" in lock) lock.release()
      expect(readdirSync(directory)).toEqual([])
      expect(takeLock(path)).toHaveProperty("release")
    })
  )

  for (const [what, owner] of [
    ["of a process that has ended", { pid: 2 ** 22 + 1, started: "", token: "x" }],
    ["of an earlier process with the id of this one", { pid: process.pid, started: "before", token: "x" }],
    ["of an earlier process with the id of another one", { pid: process.ppid, started: "before", token: "x" }],
    ["that a power cut has emptied", undefined]
  ] as const) {
    it.effect(`${what} is taken over`, () =>
      Effect.gen(function* () {
        const { directory, path } = yield* inFolder
        writeFileSync(path, owner === undefined ? "" : JSON.stringify(owner))
        expect(takeLock(path)).toHaveProperty("release")
        expect(readdirSync(directory)).toEqual(["a.lock"])
        expect(takeLock(path)).toEqual({ owner: process.pid })
      })
    )
  }

  it.skipIf(process.platform !== "linux")("of another thread of this process is left alone", () =>
    Effect.gen(function* () {
      const { path } = yield* inFolder
      const lock = takeLock(path)
      const text = readFileSync(path, "utf8")
      if ("release" in lock) lock.release()
      writeFileSync(path, text)
      expect(takeLock(path)).toEqual({ owner: process.pid })
    }).pipe(Effect.scoped, Effect.runPromise)
  )

  it.effect("of a process that runs is left alone", () =>
    Effect.gen(function* () {
      const { path } = yield* inFolder
      const text = JSON.stringify({ pid: process.ppid, started: "", token: "x" })
      writeFileSync(path, text)
      expect(takeLock(path)).toEqual({ owner: process.ppid })
      expect(readFileSync(path, "utf8")).toBe(text)
      rmSync(path)
    })
  )
})
