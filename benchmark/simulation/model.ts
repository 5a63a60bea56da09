/** The formulas of docs/guides/scale.md: what a load comes to as long as the store has time left. */
import type { Lives, Load, Outcome, ReadCost } from "./load.ts"

/** `jitter`: how much an interval between two writes varies at random. */
export const model = (load: Load, { keeps, killed, lifetime, restart }: Lives, jitter = 0): Outcome => {
  const { memory, report, write } = load
  // A process that ends and comes back is away for a while; what killed ones have left stays for longer.
  const cycle = lifetime + restart
  const running = Number.isFinite(lifetime) ? (load.sources * lifetime) / cycle : load.sources
  const left = Number.isFinite(lifetime) ? (load.sources / cycle) * killed * keeps : 0
  const present = running + left
  const writes = running / write.every
  const { readers } = report

  /** The costs of a report that comes so many milliseconds after the one before. */
  const costs = (interval: number, of: (cost: ReadCost) => number): number =>
    (present * of(report.ofSource) +
      running * Math.min(1, interval / write.every) * of(report.ofChanged) +
      writes * interval * of(report.ofWrite) +
      running * interval * of(report.ofMilli)) /
    readers
  const duration = (interval: number): number =>
    report.millis + costs(interval, ({ readerMillis, storeMillis }) => readerMillis + storeMillis)

  const every = intervalOf(report.every, duration)
  const reportMillis = duration(every)
  const perSecond = (cost: (cost: ReadCost) => number): number =>
    Number.isFinite(every) ? ((costs(every, cost) * readers) / every) * 1000 : 0
  const ofWrite = (cost: "bytes" | "storeMillis"): number =>
    writes * 1000 * (write.ofWrite[cost] + write.every * write.ofMilli[cost])
  const written = ofWrite("bytes")
  // At most: of few processes, the oldest states are younger than that.
  const oldest = write.every * (1 + jitter) + reportMillis
  return {
    writesPerSecond: writes * 1000,
    writtenPerSecond: written + perSecond((cost) => cost.written),
    readPerSecond: perSecond((cost) => cost.read),
    // On average, half of what comes between two reports.
    storeMemory: present * memory + (write.isKept ? ((written / 1000) * every) / 2 : 0),
    storeBusy: (ofWrite("storeMillis") + perSecond((cost) => cost.storeMillis)) / 1000,
    readerBusy: Number.isFinite(every) ? (report.millis + costs(every, (cost) => cost.readerMillis)) / every : 1,
    reportMillis,
    reportEvery: every,
    oldest: { p50: oldest, p99: oldest }
  }
}

/**
 * A report that takes longer than the interval delays the next one, which then has more to do: the interval is the one in
 * which a report is done. Infinity: none is long enough.
 */
const intervalOf = (wanted: number, duration: (interval: number) => number): number => {
  let interval = wanted
  for (let i = 0; i < MostSteps; i++) {
    const next = Math.max(wanted, duration(interval))
    if (next - interval <= interval * 1e-9) return next
    interval = next
  }
  return Number.POSITIVE_INFINITY
}

const MostSteps = 10_000
