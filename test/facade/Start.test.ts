/** The thread on which a runtime of `mvx-metrics/promise` folds. */
import { expect, it, vi } from "@effect/vitest"
import { MetricsRuntime } from "mvx-metrics/promise"
import { Ticks, tick } from "../support/probe.metrics.ts"
import { CacheMetrics, lookup } from "../worker/fixtures/declared/cache.metrics.ts"

const options = { namespace: "test.facade.start", logging: "silent" } as const

/** The threads that start while `run` does. */
const threadsOf = async (run: () => Promise<unknown>): Promise<ReadonlyArray<string>> => {
  const names: Array<string> = []
  const onWorker = (worker: { readonly threadName?: string }) => void names.push(String(worker.threadName))
  process.on("worker", onWorker)
  await run()
  process.off("worker", onWorker)
  return names
}

it("a runtime folds on a worker thread by default", async () => {
  const started = await threadsOf(async () => {
    await using runtime = await MetricsRuntime.start(options)
    const recorder = await runtime.createRecorder("storage")
    recorder.registerEvent(tick())
    expect((await recorder.getReport()).stats).toMatchObject({ accepted: 1, ignored: 1, pending: 0 })
  })
  expect(started).toEqual(["mvx-metrics"])
})

it("the worker imports the module of a registered set, without a log line", async () => {
  await using runtime = await MetricsRuntime.start(options)
  const recorder = await runtime.createRecorder("cache")
  const metrics = await recorder.registerMetric(CacheMetrics)
  expect([lookup(true), lookup(false)].map(metrics.emit)).toEqual([true, true])
  expect(await recorder.getMetricSnapshot(CacheMetrics)).toMatchObject({
    "declared.lookups": { dimensions: { value: 2 } },
    "declared.hits": { dimensions: { hits: 1, misses: 1 } }
  })
})

it("a runtime folds in process with inProcess: true, and supports any metric", async () => {
  const started = await threadsOf(async () => {
    await using runtime = await MetricsRuntime.start({ ...options, inProcess: true })
    const recorder = await runtime.createRecorder("storage")
    await recorder.registerMetric(Ticks)
    recorder.registerEvent(tick(2))
    expect((await recorder.getMetricSnapshot(Ticks)).dimensions).toEqual({ count: 1, sum: 2 })
  })
  expect(started).toEqual([])
})

it.each([
  ["metrics", new URL("../support/probe.metrics.ts", import.meta.url)],
  ["spawn", vi.fn()],
  ["startTimeout", "1 second"],
  ["sharedMemory", true]
] as const)("inProcess: true with %s is rejected, because only a worker has it", async (option, value) => {
  const started = MetricsRuntime.start({ ...options, inProcess: true, [option]: value } as never)
  await expect(started).rejects.toMatchObject({
    _tag: "mvx-metrics/InvalidArgument",
    argument: option,
    reason: "is an option of a worker thread, which inProcess: true does without. Remove one of them"
  })
})

it("an inProcess other than true or false is rejected", async () => {
  const started = MetricsRuntime.start({ ...options, inProcess: "yes" } as never)
  await expect(started).rejects.toMatchObject({ argument: "inProcess", reason: 'must be true or false, got "yes"' })
})
