/**
 * `mvx-metrics diff`, in process: its output and its exit code.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { diff } from "../../src/cli/diff.ts"
import { catalogue } from "../../src/cli/generate.ts"
import { outcomeOf } from "../support/commands.ts"

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))
const old = fixture("requests.old.metrics.ts")
const now = fixture("requests.metrics.ts")

const withFile = <A, E, R>(name: string, text: string, use: (file: string) => Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "mvx-diff-"))),
    (folder) =>
      Effect.flatMap(
        Effect.promise(() => writeFile(join(folder, name), text)),
        () => use(join(folder, name))
      ),
    (folder) => Effect.promise(() => rm(folder, { recursive: true }))
  )

const run = (...args: ReadonlyArray<string>) => outcomeOf(diff, args)

describe("diff", () => {
  it.effect("prints changes, the most severe first, and exits with 3 on a breaking change", () =>
    Effect.gen(function* () {
      const { code, stdout } = yield* run(old, now)
      expect(code).toBe(3)
      expect(stdout).toContain(
        "breaking  label-removed  app.requests no longer has the label host. Each series is a new one."
      )
      expect(stdout).toContain('          in Prometheus: app_requests_total; panels: "app.requests"\n')
      expect(stdout.indexOf("added")).toBeGreaterThan(stdout.indexOf("changed  "))
      expect(stdout).toMatch(/^2 breaking, 3 changed, 1 added$/m)
    })
  )

  it.effect("exits with 0 if nothing changes, or something is added", () =>
    Effect.gen(function* () {
      expect(yield* run(now, now)).toMatchObject({ code: 0, stdout: "0 breaking, 0 changed, 0 added\n" })
      const added = yield* run(fixture("cache.metrics.ts"), fixture("cache.metrics.ts"), now)
      expect(added).toMatchObject({ code: 0, stdout: expect.stringContaining("0 breaking, 0 changed, 3 added\n") })
    })
  )

  it.effect("prints JSON", () =>
    Effect.gen(function* () {
      const { code, stdout } = yield* run(old, now, "--json")
      expect(code).toBe(3)
      const { changes, counts } = JSON.parse(stdout)
      expect(counts).toEqual({ breaking: 2, changed: 3, added: 1 })
      expect(changes[0]).toMatchObject({ code: "label-removed", severity: "breaking", metric: "app.requests" })
    })
  )

  it.effect("compares with a file made by catalogue --json as with its module", () =>
    Effect.gen(function* () {
      const { stdout } = yield* outcomeOf(catalogue, [old, "--json"])
      yield* withFile("metrics.json", stdout, (file) =>
        Effect.gen(function* () {
          expect(yield* run(file, now, "--json")).toEqual(yield* run(old, now, "--json"))
          const { code, stderr } = yield* run(file, now, "--events", "-")
          expect([code, stderr]).toEqual([1, expect.stringContaining("OLD is a file of definitions")])
        })
      )
    })
  )

  it.effect("leaves out accepted changes, and reports an --accept that matches nothing", () =>
    Effect.gen(function* () {
      const accepts = ["label-removed:app.requests", "boundaries-changed", "metric-renamed"].flatMap((code) => [
        "--accept",
        code
      ])
      const { code, stderr, stdout } = yield* run(old, now, ...accepts)
      expect(code).toBe(2)
      expect(stdout).toMatch(/^0 breaking, 3 changed, 1 added, 2 accepted$/m)
      expect(stderr).toBe("--accept metric-renamed accepts nothing here\n")
      const unknown = yield* run(old, now, "--accept", "label-remove")
      expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('Did you mean "label-removed"?')])
    })
  )

  it.effect("rejects inputs that it cannot compare, with exit code 1", () =>
    Effect.gen(function* () {
      for (const [args, reason] of [
        [["missing.ts", now], "missing.ts cannot be imported: there is no such file"],
        [["missing.json", now], "missing.json cannot be read: there is no such file"],
        [[old], "Missing required argument"],
        [[old, now, "--events", "missing.ndjson"], "missing.ndjson cannot be read: there is no such file"],
        [[old, now, "--events", tmpdir()], `${tmpdir()} cannot be read: it is a directory`],
        [[tmpdir(), now], "cannot be imported: it is a directory"],
        [[fileURLToPath(new URL("../../README.md", import.meta.url)), now], "README.md cannot be imported: "],
        [["mvx-metrics/Htp", now], 'Did you mean "mvx-metrics/Http"?'],
        [[now, now, old], "export two different metrics with the name"]
      ] as const) {
        const { code, stderr, stdout } = yield* run(...args)
        expect([code, `${stdout}${stderr}`]).toEqual([1, expect.stringContaining(reason)])
      }
      yield* withFile("other.json", "{}", (file) =>
        Effect.gen(function* () {
          const { code, stderr } = yield* run(file, now)
          expect([code, stderr]).toEqual([1, expect.stringContaining("is not a file of mvx-metrics catalogue --json")])
        })
      )
    })
  )
})

const event = (at: number, fields: object) => JSON.stringify({ at, event: { _tag: "cache.lookup", ...fields } })

describe("diff --events", () => {
  const versions = [fixture("cache.metrics.ts"), fixture("cache.later.metrics.ts")] as const
  const events = [
    event(1, { tier: "l1", hit: true }),
    event(2, { tier: "l2", hit: false }),
    event(3, { tier: "l2", hit: true })
  ]

  it.effect("reports which series appear, disappear and change their numbers", () =>
    withFile("events.ndjson", events.join("\n"), (file) =>
      Effect.gen(function* () {
        // Their definitions differ in functions alone.
        expect((yield* run(...versions)).stdout).toBe("0 breaking, 0 changed, 0 added\n")
        const { code, stdout } = yield* run(...versions, "--events", file)
        expect(code).toBe(3)
        expect(stdout).toContain('series-removed  cache.lookups no longer shows cache_lookups_total{tier="l2"} 2')
        expect(stdout).toContain('series-added  cache.lookups shows cache_lookups_total{tier="other"} 2')
        expect(stdout).toContain("numbers-changed  cache.score shows other numbers: cache_score 2 -> 20")
        expect(stdout).toContain("metric-fails  cache.fragile fails: Error: a miss")
        const { stdout: json } = yield* run(...versions, "--events", file, "--json")
        expect(JSON.parse(json).changes).toContainEqual(
          expect.objectContaining({ code: "numbers-changed", before: { cache_score: 2 }, after: { cache_score: 20 } })
        )
      })
    )
  )

  it.effect("prints nothing for events that yield the same numbers", () =>
    withFile("events.ndjson", events.join("\n"), (file) =>
      Effect.gen(function* () {
        expect(yield* run(versions[0], versions[0], "--events", file)).toMatchObject({ code: 0 })
      })
    )
  )

  it.effect("reports events that only the old version knows, and fails on events that neither version knows", () =>
    Effect.gen(function* () {
      yield* withFile("events.ndjson", event(1, { tier: "l1", hit: true, gone: 1 }), (file) =>
        Effect.gen(function* () {
          const { code, stdout } = yield* run(versions[0], fixture("cache.renamed.metrics.ts"), "--events", file)
          expect(code).toBe(3)
          expect(stdout).toContain(
            "1 captured event is no longer valid, the first of them because line 1 is not an event of the family"
          )
        })
      )
      yield* withFile("events.ndjson", `${events[0]}\nnonsense`, (file) =>
        Effect.gen(function* () {
          const { code, stderr } = yield* run(...versions, "--events", file)
          expect([code, stderr]).toEqual([1, expect.stringContaining("line 2 is not JSON")])
        })
      )
    })
  )
})
