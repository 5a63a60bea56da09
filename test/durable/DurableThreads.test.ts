// The counts of threads are in their total after a restart, once, wherever else they are kept.

import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { MetricsStore } from "mvx-metrics/MetricsStore"
import { MetricsRuntime } from "mvx-metrics/promise"
import { expect, it } from "vitest"
import { openStore } from "../store/support.ts"
import { until } from "../support/until.ts"
import { attachThread } from "../worker/fixtures/threads/startThread.ts"
import { WorkMetrics } from "../worker/fixtures/threads/threads.metrics.ts"

const namespace = "test.durableThreads"

/** What a scrape shows, by recorder, over all labels. */
const scraped = async (runtime: MetricsRuntime): Promise<{ [recorder: string]: number }> => {
  const response = await runtime.prometheus().handler(new Request("http://localhost"))
  const found = (await response.text()).matchAll(/^threads_work_total\{.*recorder="([^"]*)".*\} (\d+)$/gm)
  const sums: { [recorder: string]: number } = {}
  for (const [, recorder, value] of found) sums[recorder!] = (sums[recorder!] ?? 0) + Number(value)
  return sums
}

it("the total includes the counts of all threads, including those that ran when the process ended", () =>
  Effect.gen(function* () {
    const store = yield* openStore
    const reader = yield* MetricsStore.makeReader({ store: store.layer, namespace, metrics: [WorkMetrics] })
    const directory = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "mvx-threads-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    )
    const reported = Effect.map(reader.report, ({ recorders }) =>
      Object.fromEntries(
        Object.entries(recorders).map(([id, { snapshots }]) => [
          id,
          (snapshots["threads.work"]!.dimensions as { readonly value: number }).value
        ])
      )
    )
    const process = async (counts: ReadonlyArray<number>, stays: number) => {
      const durable = { directory, interval: "1 hour" as const }
      await using runtime = await MetricsRuntime.start({ namespace, logging: "silent", durable })
      await runtime.writeTo({ store: store.module, every: "1 hour" })
      await runtime.acceptThreads({ metrics: [WorkMetrics] })
      for (const count of counts) {
        const thread = await attachThread("work")
        await thread.run("emit", count, 50)
        await thread.terminate()
        await until(() => runtime.recorderIds.length === 0)
      }
      const own = await scraped(runtime)
      await runtime.flush()
      const before = await Effect.runPromise(reported)
      const thread = await attachThread("work")
      await thread.run("emit", stays, 50)
      await runtime.shutdown()
      await thread.terminate()
      return { own, before, after: await Effect.runPromise(reported) }
    }
    const first = yield* Effect.promise(() => process([120], 3))
    const has = (value: number) => ({ "work/threads": value })
    expect(first).toEqual({ own: has(120), before: has(120), after: has(123) })
    const second = yield* Effect.promise(() => process([1000], 4000))
    expect(second).toEqual({ own: has(1123), before: has(1123), after: has(5123) })
  }).pipe(Effect.scoped, Effect.runPromise))
