/** A store collects the counts of processes in PM2's cluster mode, where the application does not own the primary. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { MetricsStore, type StoreReport } from "mvx-metrics/MetricsStore"
import * as RedisStore from "mvx-metrics/RedisStore"
import { Sold } from "../cluster/fixtures/shop.metrics.ts"
import { soldIn } from "../store/support.ts"
import { has } from "./support/program.ts"
import { hasRedis, makeRedis } from "./support/storeServers.ts"

const script = fileURLToPath(new URL("../store/fixtures/pm2.ts", import.meta.url))

const soldInAll = (report: StoreReport): number =>
  Object.keys(report.recorders).reduce((sum, id) => sum + soldIn(report, id), 0)

describe.skipIf(!has("pm2-runtime", "--version") || !hasRedis())("PM2", () => {
  it("has the counts of all its processes in the store, including a killed and restarted one", async () => {
    await using redis = await makeRedis()
    await redis.start()
    const folder = mkdtempSync(join(tmpdir(), "mvx-metrics-pm2-"))
    const apps = [
      {
        name: "shop",
        script,
        exec_mode: "cluster",
        instances: 3,
        kill_timeout: 10_000,
        node_args: ["--conditions=mvx-metrics-source"]
      }
    ]
    writeFileSync(join(folder, "apps.json"), JSON.stringify({ apps }))
    const env = { ...process.env, PM2_HOME: join(folder, "home"), REDIS: redis.url }
    const pm2 = spawn("pm2-runtime", ["start", join(folder, "apps.json")], { env })
    const exited = once(pm2, "exit")
    let said = ""
    for (const output of [pm2.stdout, pm2.stderr])
      output.on("data", (chunk) => {
        said += chunk
      })
    const scope = Scope.makeUnsafe()
    try {
      const { report } = await Effect.runPromise(
        Scope.provide(
          MetricsStore.makeReader({ store: RedisStore.layer({ url: redis.url }), namespace: "shops", metrics: [Sold] }),
          scope
        )
      )
      const until = async (sold: number): Promise<StoreReport> => {
        for (let i = 0; i < 300; i++) {
          const found = await Effect.runPromise(report)
          if (soldInAll(found) >= sold) return found
          await setTimeout(100)
        }
        throw new Error(`fewer than ${sold} are sold after 30 seconds: ${said}`)
      }
      const first = await until(75)
      expect(first.sources.map(({ state }) => state)).toEqual(["running", "running", "running"])
      const [victim] = Object.keys(first.recorders)
      process.kill(Number(victim!.slice("shop ".length)), "SIGKILL")
      expect(soldInAll(await until(100))).toBe(100)
      pm2.kill("SIGINT")
      await exited
      const last = await Effect.runPromise(report)
      // Each of the three that were left has sold one more at its end.
      expect(soldInAll(last)).toBe(103)
      expect(last.sources.filter(({ state }) => state === "ended")).toHaveLength(3)
    } finally {
      pm2.kill("SIGINT")
      await exited
      await Effect.runPromise(Scope.close(scope, Exit.void))
      rmSync(folder, { recursive: true, force: true })
    }
  }, 120_000)
})
