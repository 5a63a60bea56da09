// A program that imports the module named, and where that is the library starts a runtime on a worker: what both took.
import { setTimeout as sleep } from "node:timers/promises"
import type { MetricsRuntime } from "mvx-metrics/promise"

const since = (time: number): number => performance.now() - time

/** Of all threads of the process, in milliseconds. */
const cpuMillis = (): number => {
  const { system, user } = process.cpuUsage()
  return (user + system) / 1000
}

const [module] = process.argv.slice(2) as [string]
const begun = performance.now()
const used = cpuMillis()
const imported: { readonly MetricsRuntime?: typeof MetricsRuntime } = await import(module)
const importCost = { importCpuMillis: cpuMillis() - used, importMillis: since(begun) }
if (imported.MetricsRuntime === undefined) {
  console.log(JSON.stringify(importCost))
} else {
  const before = process.memoryUsage.rss()
  const starting = performance.now()
  const runtime = await imported.MetricsRuntime.start({ namespace: "benchmark", logging: "silent" })
  const startMillis = since(starting)
  // Until what ran for the start is over.
  await sleep(200)
  console.log(JSON.stringify({ ...importCost, startMillis, runtimeBytes: process.memoryUsage.rss() - before }))
  await runtime.shutdown()
}
