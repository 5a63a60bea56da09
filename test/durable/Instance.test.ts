// The exported data of a restored state belongs to one instance of the service, whatever process exports it.
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { MetricsRuntime } from "mvx-metrics"
import { instanceIn } from "../../src/internal/durable/lockedFolder.ts"
import { internalsOf } from "../../src/internal/runtime/internals.ts"
import { recordLogs } from "../support/logs.ts"
import { file, folder, inRuntime, openStore } from "./support.ts"

const instance = (runtime: MetricsRuntime["Service"]) => internalsOf(runtime).instanceId

const other = "0d0c0b0a-0000-4000-8000-000000000000"

it.effect("a process is one instance, with and without a store", () =>
  Effect.gen(function* () {
    const runtimes = Array.from({ length: 2 }, () => MetricsRuntime.makeInProcess({ namespace: "a" }))
    const [first, second] = yield* Effect.all(runtimes.map((made) => Effect.flatMap(made, instance)))
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(second).toBe(first)
    expect(yield* inRuntime({ store: openStore().store }, instance)).toBe(first)
  }).pipe(Effect.scoped)
)

it.effect("a folder keeps its first instance, for each namespace", () =>
  Effect.gen(function* () {
    const directory = join(yield* folder, "made")
    const made = yield* inRuntime({ directory }, instance)
    const path = join(directory, `${file}.instance`)
    expect(readFileSync(path, "utf8")).toBe(`${made}\n`)
    if (process.platform !== "win32") expect(statSync(path).mode & 0o077).toBe(0)
    expect(yield* Effect.promise(() => instanceIn(directory, "other", other))).toBe(other)
    expect(yield* Effect.promise(() => instanceIn(directory, "other", made))).toBe(other)
    // As another process had it, and as one left it that was killed.
    writeFileSync(path, other)
    expect(yield* inRuntime({ directory }, instance)).toBe(other)
    writeFileSync(path, "")
    expect(yield* inRuntime({ directory }, instance)).toBe(made)
  }).pipe(Effect.scoped)
)

it.effect("a folder that cannot keep the instance is logged, and the process is the instance", () =>
  Effect.gen(function* () {
    const directory = yield* folder
    mkdirSync(join(directory, `${file}.instance`))
    const logs = recordLogs()
    const found = yield* Effect.provide(inRuntime({ directory, logging: "normal" }, instance), logs.layer)
    expect(found).toBe(yield* inRuntime({ store: openStore().store }, instance))
    expect(logs.lines.map(({ text }) => text).join("\n")).toContain(
      "service.instance.id will change at the next restart: EISDIR"
    )
  }).pipe(Effect.scoped)
)
