// Folds one event in place. Returns whether it concerned the metric.
import type { InPlace } from "../../src/internal/fold/kernels/kernel.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"

export const foldEvent = (kernel: InPlace, event: MetricEvent, at: number): boolean => {
  const concerns = kernel.read(event, at)
  if (concerns) kernel.take()
  return concerns
}
