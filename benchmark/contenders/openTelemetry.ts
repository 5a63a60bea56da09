/** The SDK of OpenTelemetry. Without a reader it would record nothing; this one is never asked by a timer. */
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics"
import type { Contender } from "../contender.ts"
import { boundaries } from "../document.metrics.ts"
import { bytesOf, durationOf, outcomeOf } from "../documentSave.ts"

class QuietReader extends MetricReader {
  protected override async onShutdown(): Promise<void> {}
  protected override async onForceFlush(): Promise<void> {}
}

export const openTelemetry = (): Contender => {
  const reader = new QuietReader()
  const meter = new MeterProvider({ readers: [reader] }).getMeter("benchmark")
  const saves = meter.createCounter("saves")
  const durations = meter.createHistogram("durations", { advice: { explicitBucketBoundaries: [...boundaries] } })
  const bytes = meter.createGauge("bytes")
  return {
    name: "OpenTelemetry SDK, three metrics",
    work: (events) => {
      for (let i = 0; i < events; i++) {
        const attributes = { outcome: outcomeOf(i) }
        saves.add(1, attributes)
        durations.record(durationOf(i), attributes)
        bytes.record(bytesOf(i))
      }
    },
    counted: async () => {
      const { resourceMetrics } = await reader.collect()
      const counter = resourceMetrics.scopeMetrics[0]!.metrics.find(({ descriptor }) => descriptor.name === "saves")!
      return counter.dataPoints.reduce((total, { value }) => total + (value as number), 0)
    }
  }
}
