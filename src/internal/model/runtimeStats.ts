/**
 * Statistics of a runtime.
 */

import type { Counts } from "./stats.ts"

/**
 * The used amount of a limited resource, and its limit.
 *
 * @category models
 * @since 0.2.0
 */
export interface Usage {
  readonly used: number
  readonly limit: number
}

/**
 * How full the memory, the types and the dictionary of a runtime are, and how often its worker was replaced.
 *
 * @category models
 * @since 0.2.0
 */
export interface RuntimeStats {
  /** The number of registered recorders. */
  readonly recorders: number
  /** How often an ended worker was replaced. 0 in process. */
  readonly restarts: number
  /**
   * Bytes of the pages with events or commands that are not folded yet, including the page that is being written. A
   * page is free again when the fold has read all of it. At the limit, which is `memoryLimit` in whole pages, events
   * wait in the queue of their recorder. Commands may go beyond it.
   */
  readonly memory: Usage
  /**
   * Row types: one for each layout that the events of a recorder have. At the limit, events with further layouts cost
   * more, because they are written as rows of variable width.
   */
  readonly types: Usage
  /**
   * Strings of events, such as labels and names of fields, that have a lasting place in the dictionary which both sides
   * share. They stay as long as the runtime. Beyond the limit, strings are written out again with the events that
   * contain them.
   */
  readonly strings: Usage
  /** The status of the durable state, for a runtime with the option `durable`. */
  readonly durable?: DurableStats
  /**
   * The status of its writes to a store. Absent if it writes to none. `discarded` counts states that could not be
   * written.
   */
  readonly store?: DurableStats
  /** The status of the events that are appended to a store, for a runtime with the option `stream`. */
  readonly stream?: StreamStats
  /** The status of the processes, for the runtime of a cluster's primary. */
  readonly cluster?: ClusterStats
  /** The attached threads, each with the accounting of its recorders. */
  readonly threads?: ReadonlyArray<ThreadStats>
  /** The results of the exports of each sending exporter (OTLP, pushes to Prometheus), if the runtime has any. */
  readonly exports?: ReadonlyArray<ExportStats>
}

/**
 * A thread that is attached to a runtime, with the accounting of its current recorders. The counts of removed
 * recorders, and those of ended threads, are in their totals.
 *
 * @category models
 * @since 0.2.0
 */
export interface ThreadStats extends Omit<Counts, "capacity"> {
  /** Its `threadId`. */
  readonly threadId: number
  readonly recorders: number
  /** Bytes of its pages with events that are not folded yet, and of all memory that it has reserved. */
  readonly memory: Usage
}

/**
 * The processes of a cluster, at the last report.
 *
 * @category models
 * @since 0.2.0
 */
export interface ClusterStats {
  /** The number of running processes.  */
  readonly processes: number
  /** The number of running processes that did not answer in time. They count with their last report. */
  readonly silent: number
  /** The number of ended processes. */
  readonly ended: number
  /** The age of the oldest states in the report, in milliseconds. */
  readonly age: number
}

/**
 * The results of the exports of one exporter.
 *
 * @category models
 * @since 0.2.0
 */
export interface ExportStats {
  /** The exporter and its destination. */
  readonly exporter: string
  /** The number of exports that arrived completely. */
  readonly delivered: number
  /** The number of exports that arrived, except for points that the receiver rejected permanently. */
  readonly partial: number
  /** The number of exports that did not arrive. The next export includes their data. */
  readonly failed: number
  /** The number of points that the receiver rejected permanently. */
  readonly rejectedPoints: number
  /** Why the last export failed, in a word (`"503"`, `"timeout"`, `"ECONNREFUSED"`); `undefined`: it arrived. */
  readonly failing: string | undefined
  /** The last failure or rejection, with its time in milliseconds since the Unix epoch. */
  readonly lastError: { readonly at: number; readonly message: string } | undefined
}

/**
 * The status of the events that a runtime appends to a store.
 *
 * @category models
 * @since 0.2.0
 */
export interface StreamStats {
  /** The number of events that the store has received. */
  readonly events: number
  /** Bytes of events that are kept until the store has them and can no longer lose them. */
  readonly kept: Usage
  /** Whether this memory is full. With the overflow policy `backpressure`, nothing is folded then. */
  readonly isFull: boolean
  /**
   * The number of events that were folded but not appended for lack of room, with the overflow policy `drop-newest`.
   */
  readonly dropped: number
  /** The number of failed attempts to append. */
  readonly failures: number
  /** Why the last attempt failed, if it did. */
  readonly failure: string | undefined
  /**
   * How often the process counted as ended, because it had not appended for too long, and continued as another source.
   */
  readonly retirements: number
}

/**
 * The status of the durable state of a runtime.
 *
 * @category models
 * @since 0.2.0
 */
export interface DurableStats {
  /**
   * The time when the state was last written or found unchanged, in milliseconds since the Unix epoch. Before the first
   * write, the time of the restored state, if there was one.
   */
  readonly savedAt: number | undefined
  /** The number of accepted events of this process that are not in the written state. A kill would lose them now. */
  readonly unsaved: number
  /** The number of failed writes. */
  readonly failures: number
  /** Why the last write failed, if it did. */
  readonly failure: string | undefined
  /**
   * The number of metrics of recorders whose state could not be written, or was not fully restored, because the
   * definition has changed, the state could not be read, or the metric had been quarantined. The log names them.
   */
  readonly discarded: number
}
