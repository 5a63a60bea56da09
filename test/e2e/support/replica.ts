/**
 * A replica of a service that measures known values. It measures a round before each scrape.
 */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { Schema } from "effect"
import { Metric, MetricsRuntime } from "mvx-metrics/promise"

const events = Schema.TaggedUnion({ done: { seconds: Schema.Number } })

const time = { events, value: "seconds", unit: "s" } as const

/** The same times in the base unit and in another one. */
export const Seconds = Metric.exponentialHistogram("time", time)
export const Millis = Metric.exponentialHistogram("time.scaled", {
  ...time,
  value: ({ seconds }) => seconds * 1000,
  unit: "ms"
})
/** From a microsecond to two hours, in few buckets. */
export const Hours = Metric.exponentialHistogram("time.hours", {
  ...time,
  value: ({ seconds }) => seconds / 3600,
  unit: "h",
  maxSize: 20,
  range: [1e-6 / 3600, 2]
})
export const Rounds = Metric.counter("values", { events })

export interface Replica extends AsyncDisposable {
  readonly runtime: MetricsRuntime
  readonly port: number
  readonly url: string
  readonly measure: (...seconds: ReadonlyArray<number>) => void
}

/** `round`: the values of a round, in seconds. */
export const startReplica = async (
  namespace: string,
  round: ReadonlyArray<number>,
  options: { readonly maxSchema?: number } = {}
): Promise<Replica> => {
  const runtime = await MetricsRuntime.start({ namespace, inProcess: true, logging: "silent" })
  const recorder = await runtime.createRecorder("api")
  for (const metric of [Seconds, Millis, Hours, Rounds]) await recorder.registerMetric(metric)
  const measure = (...all: ReadonlyArray<number>): void => {
    for (const seconds of all) if (!recorder.registerEvent({ _tag: "done", seconds })) throw new Error("refused")
  }
  const { nodeHandler } = runtime.prometheus(options)
  const server = createServer((request, response) => {
    measure(...round)
    nodeHandler(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return {
    runtime,
    port,
    url: `http://127.0.0.1:${port}/metrics`,
    measure,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await runtime.shutdown()
    }
  }
}
