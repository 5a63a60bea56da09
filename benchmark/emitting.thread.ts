/** An application thread that is attached to the runtime of the benchmark, and says what its events cost it. */
import { parentPort } from "node:worker_threads"
import { MetricsRuntime } from "mvx-metrics/promise"
import { three } from "./document.metrics.ts"
import { documentSave } from "./documentSave.ts"
import { costOf } from "./measure.ts"
import { defaultCapacity } from "./metricsUnderTest.ts"

/** What a burst has cost, in nanoseconds per event, and what the recorder has refused so far. */
export interface Emitted {
  readonly cost: number
  readonly refused: number
}

const runtime = await MetricsRuntime.attach()
const recorder = await runtime.createRecorder("documents", { capacity: defaultCapacity })
for (const metric of three) await recorder.registerMetric(metric)
const emit = recorder.registerEvent.bind(recorder)

parentPort!.on("message", async ({ events, loops }: { readonly events: number; readonly loops: number }) => {
  let cost = 0
  for (let loop = 0; loop < loops; loop++) {
    cost += costOf(() => {
      for (let i = 0; i < events; i++) emit(documentSave(i))
    })
    await recorder.flush()
  }
  parentPort!.postMessage({ cost: cost / (events * loops), refused: recorder.stats.refused } satisfies Emitted)
})
parentPort!.postMessage("ready")
