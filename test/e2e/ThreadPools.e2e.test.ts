// Threads of third-party pools emit into the runtime of the main thread.
import { fileURLToPath } from "node:url"
import { MetricsRuntime } from "mvx-metrics/promise"
import { Piscina } from "piscina"
import Tinypool from "tinypool"
import { expect, it } from "vitest"

const filename = fileURLToPath(new URL("./fixtures/threads.task.ts", import.meta.url))

interface Pool {
  readonly run: (count: number) => Promise<number>
  readonly destroy: () => Promise<void>
}

const pools: { readonly [name: string]: () => Pool } = {
  // Its threads block while they have nothing to do.
  piscina: () => new Piscina({ filename, minThreads: 2, maxThreads: 2 }) as Pool,
  tinypool: () => new Tinypool({ filename, runtime: "worker_threads", minThreads: 2, maxThreads: 2 }) as Pool
}

it.each(Object.keys(pools))(
  "every event of the tasks of %s is folded, also when the pool is destroyed",
  async (name) => {
    const runtime = await MetricsRuntime.start({ namespace: "test.pools", logging: "silent" })
    await runtime.acceptThreads()
    const pool = pools[name]!()
    const threads = new Set(await Promise.all(Array.from({ length: 50 }, () => pool.run(20))))
    await runtime.flush()
    expect(runtime.recorderIds.toSorted()).toEqual([...threads].map((id) => `tasks/thread-${id}`).toSorted())
    const counts = runtime.recorderIds.map((id) => runtime.getRecorder(id).stats.applied)
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1000)
    await pool.destroy()
    while (runtime.recorderIds.length > 0) await new Promise((resolve) => setImmediate(resolve))
    const response = await runtime.prometheus().handler(new Request("http://localhost/metrics"))
    expect(await response.text()).toContain(
      'threads_work_total{recorder="tasks/threads",namespace="test.pools",kind="task"} 1000'
    )
    await runtime.shutdown()
  }
)
