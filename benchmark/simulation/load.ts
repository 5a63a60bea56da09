/** What a way of adding up processes asks of its store and of its readers, in milliseconds and bytes. */
export interface Load {
  /** Processes, or hosts, that write. */
  readonly sources: number
  readonly write: {
    /** From the end of a write to the next one. */
    readonly every: number
    readonly ofWrite: StoreCost
    /** For each millisecond that a write covers, where it has what has happened since the one before. */
    readonly ofMilli: StoreCost
    /** Whether it stays in the store until it is read. The next write replaces it otherwise. */
    readonly isKept: boolean
  }
  /** Bytes that the store needs for a source, beside writes that are kept. */
  readonly memory: number
  /** Bytes a second that go to the store, or from it, at most. */
  readonly network: number
  readonly report: {
    /** From the beginning of a report to that of the next one, if it ends before. */
    readonly every: number
    /** Those who share the sources. */
    readonly readers: number
    /** Time of the reader for each report. */
    readonly millis: number
    /** For each source that is there, those that have ended included. */
    readonly ofSource: ReadCost
    /** For each source that has written since the last report. */
    readonly ofChanged: ReadCost
    /** For each write since the last report. */
    readonly ofWrite: ReadCost
    /** For each millisecond that these writes cover. */
    readonly ofMilli: ReadCost
  }
}

export interface StoreCost {
  readonly bytes: number
  /** Time of the store, which does one thing after the other. */
  readonly storeMillis: number
}

export interface ReadCost {
  /** What the store sends, and what it is sent. */
  readonly read: number
  readonly written: number
  readonly storeMillis: number
  readonly readerMillis: number
}

/** How processes come and go. */
export interface Lives {
  /** The mean lifetime, in milliseconds. Infinity: they stay. */
  readonly lifetime: number
  /** From the end of a process to the start of the one in its place. */
  readonly restart: number
  /** The share of ends that are kills. What a killed process has left stays for `keeps` milliseconds. */
  readonly killed: number
  readonly keeps: number
}

/** What it comes to, by the formulas or by the simulation. */
export interface Outcome {
  readonly writesPerSecond: number
  /** To the store and from it. */
  readonly writtenPerSecond: number
  readonly readPerSecond: number
  /** Bytes. */
  readonly storeMemory: number
  /** The share of its time that the store is busy: 1 is one processor. */
  readonly storeBusy: number
  /** The same of a reader. */
  readonly readerBusy: number
  /** From the beginning of a report to its end, in milliseconds. */
  readonly reportMillis: number
  /** From the beginning of a report to that of the next one. More than `every`: the reader does not keep up. */
  readonly reportEvery: number
  /** The age of the oldest states of a running process, at the end of a report. */
  readonly oldest: { readonly p50: number; readonly p99: number }
}

export const noRead: ReadCost = { read: 0, written: 0, storeMillis: 0, readerMillis: 0 }
export const noWrite: StoreCost = { bytes: 0, storeMillis: 0 }
export const forever: Lives = { lifetime: Number.POSITIVE_INFINITY, restart: 0, killed: 0, keeps: 0 }
