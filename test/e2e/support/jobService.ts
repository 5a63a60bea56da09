/**
 * A service over `node:http` that runs jobs and shows its metrics. It runs a round of jobs before each scrape, so the
 * expected scrape is known exactly.
 */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { Metric, MetricsRuntime } from "mvx-metrics/promise"
import * as metrics from "../fixtures/jobs.metrics.ts"

/** Milliseconds of the jobs of a round, for each queue: 1 to 100, so that quantiles are known. */
const times = Array.from({ length: 100 }, (_, i) => i + 1)

export interface JobService extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Rounds that were done. */
  readonly rounds: () => number
  /** No further rounds. */
  readonly rest: () => void
}

/** The id of the trace of a job, as long as they usually are. */
export const traceOf = (queue: string, milliseconds: number): string =>
  `${metrics.queues.indexOf(queue)}${milliseconds}`.padStart(32, "0")

export const jobsOfRound = times.length

export const startJobService = async (): Promise<JobService> => {
  const runtime = await MetricsRuntime.start({
    namespace: "e2e",
    logging: "silent",
    metrics: new URL("../fixtures/jobs.metrics.ts", import.meta.url)
  })
  const recorder = await runtime.createRecorder('service "one"')
  for (const each of Object.values(metrics)) if (Metric.isMetric(each)) await recorder.registerMetric(each)
  const { nodeHandler } = runtime.prometheus()
  let rounds = 0
  let resting = false
  const round = (): void => {
    rounds++
    for (const queue of metrics.queues) {
      for (const milliseconds of times) {
        const trace = traceOf(queue, milliseconds)
        const event: metrics.JobEvent = {
          _tag: "job.done",
          queue,
          milliseconds,
          bytes: 10,
          ok: milliseconds > 25,
          trace
        }
        if (!recorder.registerEvent(event)) throw new Error("an event was refused")
      }
    }
    recorder.registerEvent({ _tag: "job.waiting", change: 3 })
    recorder.registerEvent({ _tag: "job.waiting", change: -1 })
  }
  const server = createServer((request, response) => {
    if (!resting) round()
    nodeHandler(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}/metrics`,
    rounds: () => rounds,
    rest: () => {
      resting = true
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await runtime.shutdown()
    }
  }
}
