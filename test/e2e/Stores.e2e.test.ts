/** The stores of this package over their servers, and many processes that write to one. */
import { execFile as execFileOf, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Layer, Scope } from "effect"
import { MetricsStore, type ReaderOptions, type StoreReport } from "mvx-metrics/MetricsStore"
import * as PostgresStore from "mvx-metrics/PostgresStore"
import * as RedisStore from "mvx-metrics/RedisStore"
import { Lowest, ShopMetrics } from "../cluster/fixtures/shop.metrics.ts"
import { Random } from "../crash/random.ts"
import { eventStoreSuite } from "../store/eventStoreSuite.ts"
import { stateStoreSuite } from "../store/stateStoreSuite.ts"
import { soldIn } from "../store/support.ts"
import { bundled } from "../support/runProgram.ts"
import { StoreProcess } from "./support/storeProcesses.ts"
import { hasPostgres, hasRedis, makePostgres, makeRedis, type StoreServer } from "./support/storeServers.ts"

const stores = [
  { name: "Redis", has: hasRedis, make: makeRedis, store: RedisStore, flag: "--redis" },
  { name: "PostgreSQL", has: hasPostgres, make: makePostgres, store: PostgresStore, flag: "--postgres" }
]

/** The time limit of a report of a hundred processes, in milliseconds: two cores are shared with all of them. */
const ReportMillis = 2000

const readerOf = async (options: Omit<ReaderOptions, "namespace" | "metrics">) => {
  const scope = Scope.makeUnsafe()
  const reader = await Effect.runPromise(
    Scope.provide(
      MetricsStore.makeReader({ namespace: "shops", metrics: [ShopMetrics], levels: [Lowest], ...options }),
      scope
    )
  )
  return {
    read: (): Promise<StoreReport> => Effect.runPromise(reader.report),
    [Symbol.asyncDispose]: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url))
const command = [...bundled.execArgv, "--conditions=mvx-metrics-source", main, "report"]
const env = { ...process.env, ...bundled.env }
const shopMetrics = fileURLToPath(new URL("../cluster/fixtures/shop.metrics.ts", import.meta.url))
const execFile = promisify(execFileOf)

for (const { flag, has, make, name, store } of stores) {
  describe.skipIf(!has())(name, () => {
    let server: StoreServer
    let folder: string
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "mvx-stores-"))
      server = await make()
      await server.start()
    })
    afterAll(async () => {
      await server?.[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    })

    const opened = Layer.unwrap(Effect.sync(() => store.layer({ url: server.url })))
    stateStoreSuite("as a store of states", opened)
    eventStoreSuite("as a store of events", opened)

    it("has the counts of a hundred processes, whichever are killed, also after a kill of the server", async () => {
      const seed = Number(process.env.SEED ?? 1)
      const random = new Random(seed)
      const module = store.make({ url: server.url, prefix: `hundred_${seed}_`, timeout: "2 seconds" })
      await using reader = await readerOf({ store: module })
      const all: Array<StoreProcess> = []
      let alive: Array<StoreProcess> = []
      const starts = async (count: number): Promise<void> => {
        const started = await Promise.all(
          Array.from({ length: count }, () => StoreProcess.start({ store: module, every: 1000 }))
        )
        all.push(...started)
        alive.push(...started)
      }
      const some = (of: number): ReadonlyArray<StoreProcess> => alive.filter(() => random.isOneIn(of))
      let before = 0
      /** What was written is there, nothing is there that was not counted, and no total goes back. */
      const reports = async (): Promise<void> => {
        const least = all.reduce((sum, { written }) => sum + written, 0)
        const begun = performance.now()
        const report = await reader.read()
        expect(performance.now() - begun, "milliseconds of a report").toBeLessThan(ReportMillis)
        const sold = soldIn(report, "shop")
        expect(sold).toBeGreaterThanOrEqual(Math.max(least, before))
        expect(sold).toBeLessThanOrEqual(all.reduce((sum, { emitted }) => sum + emitted, 0))
        before = sold
      }
      try {
        for (let i = 0; i < 10; i++) await starts(10)
        for (let round = 0; round < 8; round++) {
          await Promise.all(alive.map((each) => each.emits(1 + random.upTo(9))))
          await Promise.all(some(3).map((each) => each.flushes()))
          await reports()
          const [killed, ended] = [some(20), some(20)]
          alive = alive.filter((each) => !killed.includes(each) && !ended.includes(each))
          await Promise.all([
            ...killed.map((each) => each.dies()),
            ...ended.filter((each) => !killed.includes(each)).map((each) => each.ends())
          ])
          await reports()
          if (round === 4) {
            await server.stop()
            await expect(reader.read()).rejects.toThrow(/store ".*": read/)
            const three = alive.slice(0, 3)
            await Promise.all(three.map((each) => each.emits(1)))
            const tried = await Promise.all(three.map((each) => each.flushes()))
            expect(tried).toEqual([false, false, false])
            await server.start()
          }
          await starts(100 - alive.length)
        }
        await Promise.all(alive.map((each) => each.ends()))
        alive = []
        await reports()
        const last = await reader.read()
        expect(last.sources.filter(({ state }) => state === "ended").length + last.ended).toBeGreaterThan(0)
        expect(all.length).toBeGreaterThan(110)
      } finally {
        await Promise.all(all.map((each) => each.dies()))
      }
    }, 240_000)

    it("is shown by the CLI as tables and JSON, and served to Prometheus", async () => {
      const module = store.make({ url: server.url, prefix: "cli_" })
      const args = [flag, server.url, "--prefix", "cli_", "--namespace", "shops", "--metrics", shopMetrics]
      const shop = await StoreProcess.start({ store: module, every: 1000 })
      try {
        await shop.emits(5)
        await shop.flushes()
        const { stdout } = await execFile(process.execPath, [...command, ...args], { env })
        expect(stdout).toContain("processes: 1 running, 0 silent, 0 ended")
        expect(stdout).toMatch(/shop \(processes: 1\)\n[\s\S]*shop.sold\n {2}product +total\n {2}all +5\n {2}tea +5/)
        const json = await execFile(process.execPath, [...command, ...args, "--json"], { env })
        expect(soldIn(JSON.parse(json.stdout), "shop")).toBe(5)
        const sidecar = spawn(process.execPath, [...command, ...args, "--serve", "0"], { env })
        try {
          const [line] = (await once(sidecar.stdout.setEncoding("utf8"), "data")) as [string]
          const url = /http:\S+/.exec(line)![0]
          expect(await (await fetch(url)).text()).toContain(
            'shop_sold_total{recorder="shop",namespace="shops",product="tea"} 5'
          )
        } finally {
          sidecar.kill("SIGTERM")
          await once(sidecar, "exit")
        }
      } finally {
        await shop.dies()
      }
    })

    it("can start after the processes, and then shows what they have counted", async () => {
      await server.stop()
      const module = store.make({ url: server.url, prefix: "late_", timeout: "1 second" })
      const processes = await Promise.all(
        [false, true].map((thread) => StoreProcess.start({ store: module, every: 100, thread }))
      )
      try {
        for (const each of processes) await each.emits(5)
        expect(await Promise.all(processes.map((each) => each.flushes()))).toEqual([false, false])
        await server.start()
        await using reader = await readerOf({ store: module })
        for (let i = 0; i < 100 && soldIn(await reader.read(), "shop") < 10; i++) await setTimeout(100)
        expect(soldIn(await reader.read(), "shop")).toBe(10)
      } finally {
        await Promise.all(processes.map((each) => each.dies()))
      }
    })

    it("counts a process with durable state once, however often it is killed", async () => {
      const random = new Random(7)
      const module = store.make({ url: server.url, prefix: "durable_" })
      await using reader = await readerOf({ store: module })
      let [least, most, before] = [0, 0, 0]
      for (let life = 0; life < 8; life++) {
        const process = await StoreProcess.start({
          store: module,
          every: 50,
          directory: folder,
          thread: life % 2 === 1
        })
        try {
          for (let i = 0; i < 5; i++) {
            await process.emits(1 + random.upTo(9))
            if (random.isOneIn(2)) await process.flushes()
            const sold = soldIn(await reader.read(), "shop")
            expect(sold).toBeGreaterThanOrEqual(Math.max(before, least + process.written))
            expect(sold).toBeLessThanOrEqual(most + process.emitted)
            before = sold
          }
          if (life === 7) await process.ends()
        } finally {
          await process.dies()
        }
        least += process.written
        most += process.emitted
      }
      const last = await reader.read()
      expect(last.sources).toMatchObject([{ isLasting: true, state: "ended" }])
      expect(soldIn(last, "shop")).toBeGreaterThanOrEqual(least)
    })
  })
}
