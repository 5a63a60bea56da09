/**
 * The programs of the recipe for pods in docs/guides/stores.md, as processes with what Kubernetes gives a container: its
 * environment, a hook before the stop, SIGTERM, a grace period, and restarts. There is no Kubernetes here.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import { bundled } from "../support/runProgram.ts"
import { freePort } from "./support/program.ts"
import { hasRedis, makeRedis, type StoreServer } from "./support/storeServers.ts"

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const node = [...bundled.execArgv, "--conditions=mvx-metrics-source"]
const metricsOf = (version: 1 | 2): string => file(`../store/fixtures/pod${version === 1 ? "" : "V2"}.metrics.ts`)

/** `terminationGracePeriodSeconds` of a pod, unless it says otherwise. */
const GraceMillis = 30_000

/** The words behind `npx mvx-metrics` in the deployment of the page. */
const recipe = (): ReadonlyArray<string> => {
  const page = readFileSync(file("../../docs/guides/stores.md"), "utf8")
  const [, command, args] = /command: (\[[^\]]*\])\s+args:\s+(\[[^\]]*\])/.exec(page)!
  const words: ReadonlyArray<string> = [...JSON.parse(command!), ...JSON.parse(args!)]
  expect(words.slice(0, 3)).toEqual(["npx", "mvx-metrics", "report"])
  return words.slice(2)
}

describe.skipIf(!hasRedis())("pods", () => {
  let redis: StoreServer
  const all: Array<ChildProcess> = []
  beforeAll(async () => {
    redis = await makeRedis()
    await redis.start()
  })
  afterAll(async () => {
    for (const each of all) each.kill("SIGKILL")
    await redis?.[Symbol.asyncDispose]()
  })

  const start = (args: ReadonlyArray<string>, env: { readonly [name: string]: string }): ChildProcess => {
    // Of the machine, a container has the PATH.
    const started = spawn(process.execPath, [...node, ...args], {
      env: { PATH: process.env.PATH, ...bundled.env, ...env },
      stdio: ["ignore", "inherit", "inherit"]
    })
    all.push(started)
    return started
  }

  const pod = (name: string, version: 1 | 2): ChildProcess =>
    start([file("../store/fixtures/pod.ts")], { HOSTNAME: name, REDIS: redis.url, METRICS: metricsOf(version) })

  /** The deployment that reads. */
  const reader = async (version: 1 | 2) => {
    const port = await freePort()
    const values: { readonly [word: string]: string } = {
      "redis://redis:6379": redis.url,
      shop: "pods",
      "./shop.metrics.mjs": metricsOf(version),
      "9464": String(port)
    }
    start([file("../../src/cli/main.ts"), ...recipe().map((word) => values[word] ?? word)], {
      HOSTNAME: "shop-metrics"
    })
    let last = 0
    /** Scrapes until so many are sold. The total never goes back. */
    const until = async (sold: number): Promise<number> => {
      for (let i = 0; i < 300; i++) {
        await setTimeout(100)
        const response = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined)
        if (response?.ok !== true) continue
        const found = (await response.text()).matchAll(/^shop_sold_total\{.*recorder="shop".*\} (\d+)$/gm)
        const now = Array.from(found, ([, value]) => Number(value)).reduce((sum, value) => sum + value, 0)
        expect(now).toBeGreaterThanOrEqual(last)
        last = now
        if (now >= sold) return now
      }
      throw new Error(`${last} are sold after 30 seconds, and not ${sold}`)
    }
    return until
  }

  /** As the kubelet ends a container: the hook, then SIGTERM, and SIGKILL after the grace period. */
  const end = async (container: ChildProcess): Promise<ReadonlyArray<unknown>> => {
    const exited = once(container, "exit")
    container.kill("SIGUSR2")
    await setTimeout(200)
    container.kill("SIGTERM")
    const timer = globalThis.setTimeout(() => container.kill("SIGKILL"), GraceMillis)
    try {
      return await exited
    } finally {
      clearTimeout(timer)
    }
  }

  it("are counted once over restarts and a rolling update, and the reader of each version names the other", async () => {
    const first = await reader(1)
    const [one, two] = [pod("shop-7d4f-a", 1), pod("shop-7d4f-b", 1)]
    expect(await first(50)).toBe(50)
    // Out of memory: the container starts again in its pod, under the same name.
    const exited = once(one, "exit")
    one.kill("SIGKILL")
    await exited
    const again = pod("shop-7d4f-a", 1)
    expect(await first(75)).toBe(75)
    // A rolling update: the deployment that reads comes first, then pods by other names take the place of the old ones.
    const second = await reader(2)
    const [three, four] = [pod("shop-9c2e-a", 2), pod("shop-9c2e-b", 2)]
    expect(await second(50)).toBe(50)
    expect(await end(again)).toEqual([0, null])
    expect(await end(two)).toEqual([0, null])
    expect(await first(79)).toBe(79)
    for (const each of [three, four]) expect(await end(each)).toEqual([0, null])
    expect(await second(54)).toBe(54)
  }, 180_000)
})
