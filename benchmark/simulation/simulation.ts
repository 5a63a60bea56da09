/**
 * Processes that write to a store, and readers that read it, as discrete events in virtual time. The store does one thing
 * after the other, in the order in which it is asked.
 */
import { quantile } from "../measure.ts"
import { Agenda } from "./agenda.ts"
import type { Lives, Load, Outcome, ReadCost } from "./load.ts"
import { randomFrom } from "./random.ts"

export interface Run {
  readonly seed: number
  /** How much an interval between two writes varies at random: 0.1 is a tenth more or less. */
  readonly jitter: number
  /** Milliseconds that are simulated and not counted, and those that are. */
  readonly warmUp: number
  readonly counted: number
}

/** Sources whose states are asked for at once. */
const AtOnce = 64

/** A process. The one that takes its place goes on with the same object. */
interface Source {
  readonly reader: number
  isRunning: boolean
  /** Of the process, to tell its timers from those of the one before. */
  life: number
  startedAt: number
  /** When the last write was made; `undefined`: the process has not written yet. */
  writtenAt: number | undefined
  /** When the write was made that the last report has. */
  shownAt: number | undefined
  /** What was written since the last report. */
  writes: number
  millis: number
  bytes: number
}

export const simulate = (load: Load, lives: Lives, { counted, jitter, seed, warmUp }: Run): Outcome => {
  const { report, write } = load
  const agenda = new Agenda()
  const random = randomFrom(seed)
  const end = warmUp + counted
  let now = 0
  const isCounted = (): boolean => now >= warmUp

  // --- the store

  let free = 0
  let storeMillis = 0
  let written = 0
  let read = 0
  let writes = 0
  /** Bytes of writes that were not read yet. */
  let unread = 0
  /** Processes that were killed and are in the store yet. */
  let left = 0
  let running = 0
  /** Returns when it is done. */
  const use = (millis: number): number => {
    free = Math.max(free, now) + millis
    if (isCounted()) storeMillis += millis
    return free
  }

  // --- processes

  const start = (source: Source): void => {
    source.isRunning = true
    running++
    source.startedAt = now
    source.writtenAt = undefined
    source.shownAt = undefined
    const life = ++source.life
    writeLater(source, now + random() * write.every)
    agenda.at(now - Math.log(1 - random()) * lives.lifetime, () => stop(source, life))
  }
  const stop = (source: Source, life: number): void => {
    if (source.life !== life) return
    source.isRunning = false
    running--
    source.life++
    if (random() < lives.killed) {
      left++
      agenda.at(now + lives.keeps, () => left--)
    }
    agenda.at(now + lives.restart, () => start(source))
  }
  const writeLater = (source: Source, time: number): void => {
    const { life } = source
    agenda.at(time, () => {
      if (source.life === life) writeNow(source)
    })
  }
  const writeNow = (source: Source): void => {
    const covered = now - (source.writtenAt ?? source.startedAt)
    const bytes = write.ofWrite.bytes + covered * write.ofMilli.bytes
    source.writtenAt = now
    source.writes++
    source.millis += covered
    if (write.isKept) {
      source.bytes += bytes
      unread += bytes
    }
    if (isCounted()) {
      writes++
      written += bytes
    }
    const done = use(write.ofWrite.storeMillis + covered * write.ofMilli.storeMillis)
    writeLater(source, done + write.every * (1 + jitter * (2 * random() - 1)))
  }

  const sources = Array.from({ length: load.sources }, (_, i): Source => {
    const times = { startedAt: 0, writtenAt: undefined, shownAt: undefined }
    return { reader: i % report.readers, isRunning: false, life: 0, ...times, writes: 0, millis: 0, bytes: 0 }
  })
  for (const source of sources) {
    if (random() < lives.restart / (lives.lifetime + lives.restart)) {
      agenda.at(random() * lives.restart, () => start(source))
    } else start(source)
  }
  // Processes were killed before, as many as there are at any time.
  if (Number.isFinite(lives.lifetime)) {
    left = Math.round((load.sources / (lives.lifetime + lives.restart)) * lives.killed * lives.keeps)
    for (let i = 0; i < left; i++) agenda.at(random() * lives.keeps, () => left--)
  }

  // --- readers

  const durations: Array<number> = []
  const intervals: Array<number> = []
  const oldest: Array<number> = []
  let memory = 0
  let readerMillis = 0
  const work = (millis: number): number => {
    if (isCounted()) readerMillis += millis
    return millis
  }

  const reportNow = (reader: number): void => {
    const begun = now
    const own = sources.filter((source) => source.reader === reader)
    const present = running + left
    const portions = Math.max(1, Math.ceil(own.length / AtOnce))

    const portion = (i: number): void => {
      const changed = own.slice(i * AtOnce, (i + 1) * AtOnce).filter(({ writes }) => writes > 0)
      const sum = (of: (source: Source) => number): number => changed.reduce((all, source) => all + of(source), 0)
      const costs: ReadonlyArray<readonly [ReadCost, number]> = [
        [report.ofSource, present / report.readers / portions],
        [report.ofChanged, changed.length],
        [report.ofWrite, sum(({ writes }) => writes)],
        [report.ofMilli, sum(({ millis }) => millis)]
      ]
      const total = (of: keyof ReadCost): number => costs.reduce((all, [cost, times]) => all + cost[of] * times, 0)
      unread -= sum(({ bytes }) => bytes)
      for (const source of changed) {
        source.shownAt = source.writtenAt
        source.writes = 0
        source.millis = 0
        source.bytes = 0
      }
      if (isCounted()) {
        read += total("read")
        written += total("written")
      }
      const done = use(total("storeMillis")) + work(total("readerMillis"))
      agenda.at(done, () => (i + 1 < portions ? portion(i + 1) : agenda.at(now + work(report.millis), finish)))
    }
    const finish = (): void => {
      const next = Math.max(now, begun + report.every)
      agenda.at(next, () => reportNow(reader))
      if (begun < warmUp) return
      durations.push(now - begun)
      intervals.push(next - begun)
      const shown = own.flatMap(({ isRunning, shownAt }) => (isRunning && shownAt !== undefined ? [shownAt] : []))
      if (shown.length > 0) oldest.push(now - shown.reduce((one, other) => Math.min(one, other)))
    }
    portion(0)
  }
  for (let reader = 0; reader < report.readers; reader++) {
    agenda.at(random() * report.every, () => reportNow(reader))
  }

  while (agenda.next < end) {
    if (isCounted()) memory += (agenda.next - now) * ((running + left) * load.memory + unread)
    now = agenda.next
    agenda.runNext()
  }
  const perSecond = (sum: number): number => (sum / counted) * 1000
  const mean = (values: ReadonlyArray<number>): number => values.reduce((all, value) => all + value, 0) / values.length
  return {
    writesPerSecond: perSecond(writes),
    writtenPerSecond: perSecond(written),
    readPerSecond: perSecond(read),
    storeMemory: memory / counted,
    storeBusy: storeMillis / counted,
    readerBusy: readerMillis / counted / report.readers,
    reportMillis: mean(durations),
    reportEvery: mean(intervals),
    oldest: { p50: quantile(oldest, 0.5), p99: quantile(oldest, 0.99) }
  }
}
