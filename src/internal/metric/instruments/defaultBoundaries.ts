/** The default boundaries of a histogram, by its unit. */
export const defaultBoundaries: ReadonlyMap<string, ReadonlyArray<number>> = new Map([
  // As for HTTP durations in OpenTelemetry's semantic conventions.
  ["s", [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]],
  // The default of the OpenTelemetry SDK.
  ["ms", [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000]],
  ["By", Array.from({ length: 12 }, (_, i) => 64 * 4 ** i)]
])
