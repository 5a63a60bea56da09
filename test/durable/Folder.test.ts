// A value in a folder is either the old one or the new one, complete, and one process at a time owns it.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { LeaseMillis, renewLock, type Taken, takeLock } from "../../src/internal/durable/folderLock.ts"
import { folderStore, makeFolder, removeUnfinished } from "../../src/internal/durable/folderStore.ts"
import { lockedFolder } from "../../src/internal/durable/lockedFolder.ts"
import { thisProcess } from "../../src/internal/durable/machine.ts"
import { lockOf } from "../../src/internal/durable/places.ts"
import { work } from "./fixtures/durable.metrics.ts"
import { file, folder, inRuntime, recorderOf } from "./support.ts"

describe("the store of a folder", () => {
  it.effect("returns any stored value, by any key", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const store = folderStore(directory)
      const keys = ["a", "../b", "c/d", "é %"]
      for (const [i, key] of keys.entries()) yield* store.set(key, new Uint8Array([i]))
      for (const [i, key] of keys.entries()) expect([...(yield* store.getUint8Array(key))!]).toEqual([i])
      expect(readdirSync(directory)).toHaveLength(keys.length)
      yield* store.set("a", "text")
      expect(Buffer.from((yield* store.getUint8Array("a"))!).toString()).toBe("text")
      expect(yield* store.getUint8Array("b")).toBeUndefined()
    })
  )

  it.skipIf(process.platform === "win32")("is accessible to its owner only", () =>
    Effect.gen(function* () {
      const directory = join(yield* folder, "made")
      yield* Effect.promise(() => makeFolder(directory))
      yield* folderStore(directory).set("a", "text")
      for (const path of [directory, join(directory, "a.state")]) expect(statSync(path).mode & 0o077).toBe(0)
    }).pipe(Effect.scoped, Effect.runPromise)
  )

  it.effect("keeps the old value, and nothing else, if the last step of a write fails", () =>
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

  it.effect("deletes unfinished writes of a killed process, for its own key only", () =>
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
  const own = thisProcess()
  const mine = { owner: expect.objectContaining(own), endsIn: undefined }
  const elsewhere = { ...own, host: "elsewhere", machine: "another boot", pid: 1, token: "x" }

  /** A lock that was renewed so many milliseconds ago. */
  const leave = (path: string, text: string, ago: number): void => {
    writeFileSync(path, text)
    const at = (Date.now() - ago) / 1000
    utimesSync(path, at, at)
  }

  it.effect("is held by one runtime of a process until it is released", () =>
    Effect.gen(function* () {
      const { directory, path } = yield* inFolder
      const lock = takeLock(path)
      expect(takeLock(path)).toEqual(mine)
      if ("release" in lock) lock.release()
      expect(readdirSync(directory)).toEqual([])
      expect(takeLock(path)).toHaveProperty("release")
    })
  )

  for (const [what, owner] of [
    ["of a process that has ended", { ...own, pid: 2 ** 22 + 1, started: "", token: "x" }],
    ["of an earlier process with the id of this one", { ...own, started: "before", token: "x" }],
    ["of an earlier process with the id of another one", { ...own, pid: process.ppid, started: "before", token: "x" }],
    ["of an invisible process, which was not renewed", elsewhere],
    ["emptied by a power cut", undefined]
  ] as const) {
    it.effect(`${what} is taken over`, () =>
      Effect.gen(function* () {
        const { directory, path } = yield* inFolder
        leave(path, owner === undefined ? "" : JSON.stringify(owner), owner === elsewhere ? LeaseMillis + 1000 : 0)
        expect(takeLock(path)).toHaveProperty("release")
        expect(readdirSync(directory)).toEqual(["a.lock"])
        expect(takeLock(path)).toEqual(mine)
      })
    )
  }

  it.effect("of an invisible process is respected until it has not been renewed for a while", () =>
    Effect.gen(function* () {
      const { directory, path } = yield* inFolder
      leave(path, JSON.stringify(elsewhere), LeaseMillis - 5000)
      const taken = takeLock(path)
      expect(taken).toMatchObject({ owner: elsewhere })
      expect((taken as Taken).endsIn).toBeGreaterThan(0)
      expect((taken as Taken).endsIn).toBeLessThan(6000)
      expect(readFileSync(path, "utf8")).toBe(JSON.stringify(elsewhere))
      const left = Date.now()
      leave(lockOf(directory, "b"), JSON.stringify(elsewhere), 0)
      const error = yield* Effect.flip(Effect.scoped(lockedFolder(directory, "b")))
      expect(error).toMatchObject({ problem: "in use" })
      const text = /the process 1 of the host "elsewhere". If that has ended, start again in (\d+)s/
      const seconds = Number(text.exec(error.message)?.[1])
      // Whole ones, by the clock of the file system, which may be a few milliseconds behind.
      expect(seconds * 1000).toBeGreaterThanOrEqual(LeaseMillis - (Date.now() - left))
      expect(seconds * 1000).toBeLessThanOrEqual(LeaseMillis + 1000)
    })
  )

  it.skipIf(process.platform !== "linux")("of another thread of this process is respected", () =>
    Effect.gen(function* () {
      const { path } = yield* inFolder
      const lock = takeLock(path)
      const text = readFileSync(path, "utf8")
      if ("release" in lock) lock.release()
      leave(path, text, 2 * LeaseMillis)
      expect(takeLock(path)).toEqual(mine)
    }).pipe(Effect.scoped, Effect.runPromise)
  )

  it.effect("of a running process is respected", () =>
    Effect.gen(function* () {
      const { path } = yield* inFolder
      const owner = { ...own, pid: process.ppid, started: "", token: "x" }
      leave(path, JSON.stringify(owner), 2 * LeaseMillis)
      expect(takeLock(path)).toEqual({ owner, endsIn: undefined })
    })
  )

  it.effect("is unchanged by a renewal, which only its owner can make", () =>
    Effect.gen(function* () {
      const { path } = yield* inFolder
      const text = JSON.stringify(elsewhere)
      leave(path, text, LeaseMillis)
      yield* Effect.promise(() => renewLock(path, text))
      expect(readFileSync(path, "utf8")).toBe(text)
      expect(statSync(path).mtimeMs).toBeGreaterThan(Date.now() - 5000)
      const other = yield* Effect.flip(Effect.tryPromise(() => renewLock(path, `${text} `)))
      expect(String(other.cause)).toContain('it was taken over by the process 1 of the host "elsewhere"')
      rmSync(path)
      const gone = yield* Effect.flip(Effect.tryPromise(() => renewLock(path, text)))
      expect(String(gone.cause)).toContain("its lock is gone")
    })
  )

  it.effect(
    "prevents its previous runtime, after a takeover, from replacing the state and the other runtime's writes",
    () =>
      Effect.gen(function* () {
        const directory = yield* folder
        yield* inRuntime({ directory }, (runtime) =>
          Effect.gen(function* () {
            const recorder = yield* recorderOf(runtime)
            yield* recorder.emit(work(1))
            yield* runtime.flush()
            const before = readFileSync(join(directory, file))
            const lock = readFileSync(join(directory, `${file}.lock`), "utf8")
            writeFileSync(join(directory, `${file}.lock`), JSON.stringify(elsewhere))
            writeFileSync(join(directory, `${file}.1.unfinished`), "")
            yield* recorder.emit(work(1))
            const failed = yield* Effect.flip(runtime.flush())
            expect(String(failed)).toContain('taken over by the process 1 of the host "elsewhere"')
            expect(readFileSync(join(directory, file))).toEqual(before)
            expect(readdirSync(directory)).toContain(`${file}.1.unfinished`)
            writeFileSync(join(directory, `${file}.lock`), lock)
            yield* runtime.flush()
          })
        )
        yield* inRuntime({ directory }, () =>
          Effect.sync(() => expect(readdirSync(directory).sort()).toEqual([file, `${file}.lock`]))
        )
      })
  )
})
