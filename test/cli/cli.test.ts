/**
 * The command `mvx-metrics`, as a process.
 */
import { execFile } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { MetricsRuntime } from "mvx-metrics"
import * as LivePage from "mvx-metrics/LivePage"
import { Ticks, tick } from "../support/probe.metrics.ts"

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url))
const metrics = fileURLToPath(new URL("../support/probe.metrics.ts", import.meta.url))

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const cli = (...args: ReadonlyArray<string>): Effect.Effect<Outcome> =>
  Effect.callback((resume) => {
    execFile(
      process.execPath,
      ["--conditions=mvx-metrics-source", main, ...args],
      { env: { ...process.env, NO_COLOR: "1" } },
      (error, stdout, stderr) => resume(Effect.succeed({ code: Number(error?.code ?? 0), stdout, stderr }))
    )
  })

/** The URL of a live page, with one recorder that has taken two events. */
const livePage = Effect.gen(function* () {
  const runtime = yield* MetricsRuntime.makeInProcess({ namespace: "test", logging: "silent" })
  yield* runtime.start
  const recorder = yield* runtime.createRecorder("probe")
  yield* recorder.register(Ticks)
  for (const n of [1, 2]) yield* recorder.emit(tick(n))
  const server = createServer(yield* Effect.provideService(LivePage.nodeHandler(), MetricsRuntime, runtime))
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  )
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics/live`
})

describe("watch", () => {
  it.live("prints one update as text", () =>
    Effect.gen(function* () {
      const { code, stdout } = yield* cli("watch", yield* livePage, "--once")
      expect(code).toBe(0)
      expect(stdout).toContain("probe  Running  accepted 2  refused 0  pending 0 of 10,000")
      expect(stdout).toMatch(/probe\.ticks count/)
    })
  )

  it.live("prints one update as a line of JSON", () =>
    Effect.gen(function* () {
      const { code, stdout } = yield* cli("watch", `${yield* livePage}/`, "--json", "--once")
      expect(code).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject({ namespace: "test", recorders: [{ recorderId: "probe" }] })
      expect(stdout.trimEnd()).not.toContain("\n")
    })
  )

  it.live("says which URL it could not read", () =>
    Effect.gen(function* () {
      const url = new URL("/elsewhere", yield* livePage).href
      const { code, stderr, stdout } = yield* cli("watch", url, "--json")
      expect([code, stdout]).toEqual([1, ""])
      expect(stderr).toContain(`${url} answers 404: is it the URL of a live page?`)
    })
  )
})

describe("replay", () => {
  const withFile = (lines: ReadonlyArray<string>, use: (file: string) => Effect.Effect<void>) =>
    Effect.acquireUseRelease(
      Effect.promise(async () => {
        const folder = await mkdtemp(join(tmpdir(), "mvx-metrics-replay-"))
        await writeFile(join(folder, "events.ndjson"), lines.join("\n"))
        return folder
      }),
      (folder) => use(join(folder, "events.ndjson")),
      (folder) => Effect.promise(() => rm(folder, { recursive: true }))
    )

  const line = (n: number): string => JSON.stringify({ at: n, event: tick(n) })

  it.live("shows what metrics would have shown", () =>
    withFile([line(1), line(2)], (file) =>
      Effect.gen(function* () {
        const json = yield* cli("replay", file, "--metrics", metrics, "--json")
        expect(JSON.parse(json.stdout)["probe.ticks"].dimensions).toEqual({ count: 2, sum: 3 })
        const { stdout } = yield* cli("replay", file, "--metrics", metrics)
        expect(stdout).toContain("probe.ticks\n  field  value\n  count      2\n  sum        3\n")
      })
    )
  )

  it.live("says which line is none, or leaves it out", () =>
    withFile([line(1), '{"at":2,"event":{"_tag":"other"}}', line(3)], (file) =>
      Effect.gen(function* () {
        const failed = yield* cli("replay", file, "--metrics", metrics)
        expect([failed.code, failed.stdout]).toEqual([1, ""])
        expect(failed.stderr).toMatch(/events\.ndjson: line 2: .*--skip-bad-lines/)
        const skipped = yield* cli("replay", file, "--metrics", metrics, "--json", "--skip-bad-lines")
        expect(skipped.stderr).toContain("skipped line 2")
        expect(JSON.parse(skipped.stdout)["probe.ticks"].dimensions).toEqual({ count: 2, sum: 4 })
      })
    )
  )
})

describe("what is generated from a module", () => {
  it.live("is printed for other programs", () =>
    Effect.gen(function* () {
      const catalogue = yield* cli("catalogue", metrics)
      expect(catalogue.stdout).toContain("| `probe.ticks` |")
      const rules = yield* cli("rules", metrics, "--json")
      expect(JSON.parse(rules.stdout).groups).toHaveLength(1)
      const dashboard = yield* cli("dashboard", metrics, "--title", "Probes")
      expect(JSON.parse(dashboard.stdout)).toMatchObject({ title: "Probes" })
    })
  )

  it.live("has to be a module that exports metrics", () =>
    Effect.gen(function* () {
      const missing = yield* cli("catalogue", "missing.ts")
      expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining("missing.ts cannot be imported")])
      const other = yield* cli("catalogue", main.replace("main.ts", "sparkText.ts"))
      expect([other.code, other.stderr]).toEqual([1, expect.stringContaining("exports no metric")])
    })
  )
})
