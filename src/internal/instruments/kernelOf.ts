import type * as Metric from "../../Metric.ts"
import { CounterPoints } from "./counter.ts"
import { GaugePoints } from "./gauge.ts"
import { HistogramPoints } from "./histogram.ts"
import type { Instrument } from "./instrument.ts"
import { Kernel } from "./kernel.ts"
import type { Points } from "./points.ts"

const pointsOf: { readonly [K in Instrument["kind"]]: (instrument: Instrument) => Points } = {
  counter: () => new CounterPoints(),
  gauge: () => new GaugePoints(),
  histogram: (instrument) => new HistogramPoints(instrument)
}

/** A fresh fold in place for a built-in instrument; other metrics have none. */
export const kernelOf = ({ instrument }: Metric.Any): Kernel | undefined =>
  instrument === undefined ? undefined : new Kernel(instrument, pointsOf[instrument.kind](instrument))
