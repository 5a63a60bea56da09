/**
 * The command `mvx-metrics` as a process.
 */
import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { MetricsRuntime, Replay } from "mvx-metrics"
import * as LivePage from "mvx-metrics/LivePage"
import { Fragile, poison, Ticks, tick } from "../support/probe.metrics.ts"
import { bundled, type NodeOptions } from "../support/runProgram.ts"

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url))
const metrics = fileURLToPath(new URL("../support/probe.metrics.ts", import.meta.url))

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const cliReading = (input: string, ...args: ReadonlyArray<string>) => cliWith(bundled, input, ...args)

const cliWith = (options: NodeOptions, input: string, ...args: ReadonlyArray<string>): Effect.Effect<Outcome> =>
  Effect.callback((resume) => {
    const child = execFile(
      process.execPath,
      [...options.execArgv, "--conditions=mvx-metrics-source", main, ...args],
      { env: { ...process.env, ...options.env, NO_COLOR: "1" } },
      (error, stdout, stderr) => resume(Effect.succeed({ code: Number(error?.code ?? 0), stdout, stderr }))
    )
    child.stdin!.end(input)
  })

const cli = (...args: ReadonlyArray<string>) => cliReading("", ...args)

/** What must not reach a terminal: controls, what turns text around, what is not seen, separators of lines. */
const harmful = /[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|(?!\n)\p{Cc}/u

const hostile = "a\u001b[2Jb\u009bc\u202ed\u2066e\u200bf\u2028g\ufeffh\u{e0041}i\r"

/** A server that answers everything with this. */
const answering = (status: number, body: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<Server>((resume) => {
        const server = createServer((_request, response) => response.writeHead(status).end(body))
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.sync(() => {
          server.close()
          server.closeAllConnections()
        })
    ),
    (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  )

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

  it.live("prints no terminal control sequences, as text and as JSON", () =>
    Effect.gen(function* () {
      const stats = {
        state: hostile,
        capacity: 1,
        offered: 0,
        accepted: hostile,
        refused: 0,
        refusedBy: { overflow: 0, invalid: 0, notRunning: 0 },
        evicted: 0,
        pending: 0
      }
      const metric = {
        name: hostile,
        kind: "custom",
        dimensions: { [hostile]: 1 },
        description: hostile,
        unit: hostile
      }
      const recorder = { recorderId: hostile, entityId: hostile, stats, metrics: [metric], error: hostile }
      const data = { namespace: hostile, at: 0, recorders: [recorder], recorderCount: 1 }
      const url = yield* answering(200, JSON.stringify(data, null, 2))
      const shown = yield* cli("watch", url, "--once")
      expect([shown.code, shown.stderr]).toEqual([0, ""])
      expect(shown.stdout).not.toMatch(harmful)
      const json = yield* cli("watch", url, "--once", "--json")
      expect(json.stdout).not.toMatch(harmful)
      expect(json.stdout.trimEnd()).not.toContain("\n")
      expect(JSON.parse(json.stdout)).toEqual(data)
    })
  )

  it.live.each<[what: string, status: number, body: string, says: string]>([
    ["no JSON", 200, "<html>", "is not the URL of a live page: its answer is not JSON"],
    ["another JSON", 200, '{"recorders":[null]}', "is not the URL of a live page"]
  ])("explains what is wrong with a server that responds with %s", ([, status, body, says]) =>
    Effect.gen(function* () {
      const url = yield* answering(status, body)
      const { code, stderr } = yield* cli("watch", url, "--once")
      expect([code, stderr]).toEqual([1, expect.stringContaining(`${url} ${says}`)])
    })
  )

  it.live("rejects an invalid URL", () =>
    Effect.gen(function* () {
      const { code, stderr } = yield* cli("watch", "localhost:3000", "--once")
      expect([code, stderr]).toEqual([
        1,
        expect.stringContaining("localhost:3000 is not a URL. Pass that of a live page")
      ])
    })
  )

  it.live("reports in one line that a report cannot be served on an invalid port", () =>
    Effect.gen(function* () {
      const url = "redis://127.0.0.1:1"
      const options = ["--redis", url, "--namespace", "shop", "--metrics", metrics, "--serve", "99999"]
      const { code, stderr, stdout } = yield* cli("report", ...options)
      expect(code).toBe(1)
      expect(`${stdout}${stderr}`).toMatch(/--serve must be a port from 0 to 65535, got 99999\s*$/)
      expect(`${stdout}${stderr}`).not.toMatch(/^\s+at /m)
    })
  )

  it.live("reports why a server cannot be reached", () =>
    Effect.gen(function* () {
      const url = yield* Effect.scoped(answering(200, ""))
      const refused = yield* cli("watch", url, "--once")
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(`${url} cannot be read`) })
      expect(refused.stderr).toContain("ECONNREFUSED")
    })
  )

  it.live("exits when its output is closed", () =>
    Effect.gen(function* () {
      const url = yield* livePage
      const args = [...bundled.execArgv, "--conditions=mvx-metrics-source", main, "watch", url, "--json"]
      const env = { ...process.env, ...bundled.env }
      const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] })
      const stderr = text(child.stderr)
      yield* Effect.promise(async () => {
        await once(child.stdout, "data")
        child.stdout.destroy()
      })
      const [code] = yield* Effect.promise(() => once(child, "exit"))
      expect([code, yield* Effect.promise(() => stderr)]).toEqual([0, ""])
    })
  )

  it.live("names the URL that it could not read", () =>
    Effect.gen(function* () {
      const url = new URL("/elsewhere", yield* livePage).href
      const { code, stderr, stdout } = yield* cli("watch", url, "--json")
      expect([code, stdout]).toEqual([1, ""])
      expect(stderr).toContain(`${url} answered 404. Pass the URL of a live page`)
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

  it.live("shows what the metrics would have shown", () =>
    withFile([line(1), line(2)], (file) =>
      Effect.gen(function* () {
        const json = yield* cli("replay", file, "--metrics", metrics, "--json")
        expect(JSON.parse(json.stdout)["probe.ticks"].dimensions).toEqual({ count: 2, sum: 3 })
        const { stdout } = yield* cli("replay", file, "--metrics", metrics)
        expect(stdout).toContain("probe.ticks\n  field  value\n  count      2\n  sum        3\n")
      })
    )
  )

  it.live("reads the events of one recorder, whatever the events of the others are", () =>
    withFile(
      [
        JSON.stringify({ recording: { namespace: "test", at: 0, reason: "death" } }),
        ...["a", "b", "a"].map((recorderId, n) => JSON.stringify({ at: n, event: tick(n + 1), recorderId })),
        JSON.stringify({ at: 5, event: { _tag: "other" }, recorderId: "b" }),
        line(9)
      ],
      (file) =>
        Effect.gen(function* () {
          const { code, stdout } = yield* cli("replay", file, "--metrics", metrics, "--json", "--recorder", "a")
          expect(code).toBe(0)
          expect(JSON.parse(stdout)["probe.ticks"].dimensions).toEqual({ count: 2, sum: 4 })
          const other = yield* cli("replay", file, "--metrics", metrics, "--json", "--recorder", "b")
          expect(other.stderr).toContain("line 5 is not an event of the family")
        })
    )
  )

  it.live("reads the standard input", () =>
    Effect.gen(function* () {
      const { stdout } = yield* cliReading(`${line(1)}\n${line(2)}`, "replay", "-", "--metrics", metrics, "--json")
      expect(JSON.parse(stdout)["probe.ticks"].dimensions).toEqual({ count: 2, sum: 3 })
    })
  )

  it.live("does not run a program given as a module of metrics", () =>
    Effect.gen(function* () {
      const { code, stderr, stdout } = yield* cli("replay", "-", "--metrics", fixture("program.ts"))
      expect(code).toBe(1)
      expect(stdout).not.toContain("the program runs")
      expect(stderr.trim().split("\n")).toEqual([
        "ERROR",
        expect.stringContaining("was imported by the command mvx-metrics and starts a metrics runtime itself")
      ])
    })
  )

  it.live("prints one line for a program that prints its own error", () =>
    Effect.gen(function* () {
      const { code, stderr, stdout } = yield* cli("check", fixture("effectProgram.ts"))
      expect([code, `${stdout}${stderr}`]).toEqual([
        1,
        expect.stringMatching(/^.*was imported by the command mvx-metrics and starts a metrics runtime itself.*\n$/)
      ])
    })
  )

  it.live(
    "prevents a module from starting anything while it is imported for its metrics, on a thread or in process",
    () =>
      Effect.gen(function* () {
        const program = fileURLToPath(new URL("../worker/fixtures/programOfAnyKind.metrics.ts", import.meta.url))
        const { code, stderr, stdout } = yield* cli("catalogue", program)
        expect([code, stdout]).toEqual([1, ""])
        for (const what of ["facade", "make", "layer", "cluster"]) {
          const refused = `${what}: mvx-metrics/MetricsModuleError, was imported by the command mvx-metrics and starts a metrics runtime`
          expect(stderr).toContain(refused)
        }
      })
  )

  it.live("prints a test for a flight recording, which fails like the metric did", () => {
    // What a template literal would take for its own.
    const reason = ["a `b` $", "{1} \\ \u202e"].join("")
    const recording = {
      namespace: "test",
      at: 1000,
      reason: "quarantine",
      recorderId: "app\u202e",
      metric: "probe.fragile",
      error: `RangeError: ${reason}`,
      sequence: 2
    }
    const bad = { at: 2, event: poison(reason), recorderId: "app", sequence: 2 }
    return withFile([JSON.stringify({ recording }), line(1), JSON.stringify(bad)], (file) =>
      Effect.gen(function* () {
        const { code, stderr, stdout } = yield* cli("replay", file, "--metrics", metrics, "--as-test")
        expect([code, stderr]).toEqual([0, ""])
        expect(stdout).not.toMatch(harmful)
        expect(stdout).toMatch(/^\/\/ A flight recording of test, 1970.* at event 2\n\/\/ RangeError: a `b` \$\{1\} /)
        expect(stdout).toMatch(/^import \* as metrics from "\.\/test\/support\/probe\.metrics\.ts"$/m)
        const tests = new Map<string, () => Promise<void>>()
        // Its statements, with what it imports.
        const given = {
          Effect,
          Stream,
          Replay,
          expect,
          metrics: { Fragile },
          it: (title: string, test: () => Promise<void>) => tests.set(title, test)
        }
        const statements = stdout.replaceAll(/^import .*$/gm, "").replaceAll("]!.", "].")
        new Function(...Object.keys(given), statements)(...Object.values(given))
        expect([...tests.keys()]).toEqual(["probe.fragile takes the events on which it failed"])
        const failure = yield* Effect.promise(() =>
          tests.get("probe.fragile takes the events on which it failed")!().catch((failure: Error) => failure.message)
        )
        expect(failure).toContain("RangeError: a `b`")
        expect(failure).toContain("to be undefined")
      })
    )
  })

  it.live("prints tests for captured events, one for each metric", () =>
    withFile([line(1), line(2)], (file) =>
      Effect.gen(function* () {
        const { stdout } = yield* cli("replay", file, "--metrics", metrics, "--as-test")
        expect(stdout.match(/^it\(/gm)).toHaveLength(7)
        expect(stdout).toContain('  const metric = metrics["Ticks"]\n')
        expect(stdout).toContain(
          '  expect(shown[metric.name]).toEqual({ name: "probe.ticks", dimensions: { count: 2, sum: 3 } })\n'
        )
        const other = [JSON.stringify({ recording: { namespace: "test", at: 0, reason: "quarantine", metric: "x" } })]
        yield* withFile(other, (file) =>
          Effect.gen(function* () {
            const { code, stderr } = yield* cli("replay", file, "--metrics", metrics, "--as-test")
            expect(code).toBe(1)
            expect(stderr).toContain('is a recording of the metric "x", which')
          })
        )
      })
    )
  )

  it.live("reports an invalid line or skips it, and names a file that cannot be read", () =>
    withFile([line(1), '{"at":2,"event":{"_tag":"other"}}', line(3)], (file) =>
      Effect.gen(function* () {
        const failed = yield* cli("replay", file, "--metrics", metrics)
        expect([failed.code, failed.stdout]).toEqual([1, ""])
        expect(failed.stderr).toMatch(/events\.ndjson: line 2 is not .*--skip-bad-lines/)
        const skipped = yield* cli("replay", file, "--metrics", metrics, "--json", "--skip-bad-lines")
        expect(skipped.stderr).toContain("skipped line 2")
        const missing = yield* cli("replay", `${file}.gone`, "--metrics", metrics)
        expect([missing.code, missing.stdout]).toEqual([1, ""])
        expect(missing.stderr).toContain("events.ndjson.gone cannot be read: there is no such file")
        expect(JSON.parse(skipped.stdout)["probe.ticks"].dimensions).toEqual({ count: 2, sum: 4 })
      })
    )
  )
})

describe("output generated from a module", () => {
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

  it.live("is printed for the package's own metrics as well, under their module name", () =>
    Effect.gen(function* () {
      const { stdout } = yield* cliWith(
        // Packages are looked for from where the command lies, which is another place for a bundle.
        { execArgv: [], env: {} },
        "",
        ...["catalogue", "mvx-metrics/Http", "mvx-metrics/Fetch", "mvx-metrics/Queues"]
      )
      expect(stdout.match(/^\| `[\w.]+` \|/gm)).toEqual(
        [
          "http.client.request.duration",
          "http.client.active_requests",
          "http.client.request.body.size",
          "http.client.response.body.size",
          "http.server.request.duration",
          "http.server.active_requests",
          "http.server.request.body.size",
          "http.server.response.body.size",
          "effect.queue.size",
          "effect.queue.capacity"
        ].map((name) => `| \`${name}\` |`)
      )
    })
  )

  it.live("has no terminal control sequences, and the same names for other programs", () =>
    Effect.gen(function* () {
      for (const args of [["catalogue"], ["rules"], ["dashboard"]]) {
        const { code, stdout } = yield* cli(args[0]!, fixture("hostile.metrics.ts"), ...args.slice(1))
        expect(code).toBe(0)
        expect(stdout, args.join(" ")).not.toMatch(harmful)
      }
      const { stdout } = yield* cli("dashboard", fixture("hostile.metrics.ts"), "--title", hostile)
      expect(JSON.parse(stdout)).toMatchObject({ title: hostile })
    })
  )

  it.live("is compared with an older version, with an exit code other than that of an error", () =>
    Effect.gen(function* () {
      const changed = yield* cli("diff", fixture("requests.old.metrics.ts"), fixture("requests.metrics.ts"))
      expect(changed).toMatchObject({ code: 3, stderr: "", stdout: expect.stringMatching(/^2 breaking, /m) })
    })
  )

  it.live("requires a module that exports metrics", () =>
    Effect.gen(function* () {
      const missing = yield* cli("catalogue", "missing.ts")
      expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining("missing.ts cannot be imported")])
      const other = yield* cli("catalogue", fileURLToPath(new URL("../support/say.ts", import.meta.url)))
      expect([other.code, other.stderr]).toEqual([1, expect.stringContaining("exports no metric")])
    })
  )
})
