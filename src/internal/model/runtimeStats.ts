/**
 * How much of its limits a runtime uses.
 */

import type { Counts } from "./stats.ts"

/**
 * What is in use of something that has a limit.
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
  /** The recorders that are registered. */
  readonly recorders: number
  /** How often another worker took the place of one that had ended. 0 in process. */
  readonly restarts: number
  /**
   * Bytes of the pages that hold events or commands which are not folded yet, with the page that is being written. A page
   * is free again when the fold has read it to its end. At the limit, which is `memoryLimit` in whole pages, events wait
   * in the queue of their recorder. Commands may go beyond it.
   */
  readonly memory: Usage
  /**
   * Row types: one for each layout that the events of a recorder have. At the limit, events of further layouts cost more,
   * because they are written as rows of variable width.
   */
  readonly types: Usage
  /**
   * Strings of events, such as labels and names of fields, that have a lasting place in the dictionary which both sides
   * share. They stay as long as the runtime. At the limit further strings take turns: each is written out again with the
   * events that have it.
   */
  readonly strings: Usage
  /** How the durable state stands, of a runtime with the option `durable`. */
  readonly durable?: DurableStats
  /** How what it writes to a store stands; absent: it writes to none. `discarded` counts states that could not be written. */
  readonly store?: DurableStats
  /** How the events stand that are appended to a store, of a runtime with the option `stream`. */
  readonly stream?: StreamStats
  /** How the processes stand, of the runtime of a cluster's primary. */
  readonly cluster?: ClusterStats
  /** The threads that are attached, each with the accounting of its recorders. */
  readonly threads?: ReadonlyArray<ThreadStats>
  /** How the exports of each exporter that sends went (OTLP, pushes to Prometheus), if the runtime has any. */
  readonly exports?: ReadonlyArray<ExportStats>
}

/**
 * A thread that is attached to a runtime, with the accounting of the recorders that it has. What those have counted that
 * it has removed, and those of threads that have ended, is in their totals.
 *
 * @category models
 * @since 0.2.0
 */
export interface ThreadStats extends Omit<Counts, "capacity"> {
  /** Its `threadId`. */
  readonly threadId: number
  readonly recorders: number
  /** Bytes of its pages that hold events which are not folded yet, and of all that it has reserved. */
  readonly memory: Usage
}

/**
 * The processes of a cluster, at the last report.
 *
 * @category models
 * @since 0.2.0
 */
export interface ClusterStats {
  /** Processes that run. */
  readonly processes: number
  /** Those of them that did not answer in time: they count with their last report. */
  readonly silent: number
  /** Processes that have ended. */
  readonly ended: number
  /** How old the oldest states are that are in it, in milliseconds. */
  readonly age: number
}

/**
 * How the exports of one exporter went.
 *
 * @category models
 * @since 0.2.0
 */
export interface ExportStats {
  /** What exports, and where to. */
  readonly exporter: string
  /** Exports that arrived as a whole. */
  readonly delivered: number
  /** Exports that arrived, but for points that the receiver rejected for good. */
  readonly partial: number
  /** Exports that did not arrive. What they had comes with the next one. */
  readonly failed: number
  /** Points that the receiver rejected for good. */
  readonly rejectedPoints: number
  /** Why the last export failed, in a word (`"503"`, `"timeout"`, `"ECONNREFUSED"`); `undefined`: it arrived. */
  readonly failing: string | undefined
  /** The last failure or rejection, with its time in milliseconds since the Unix epoch. */
  readonly lastError: { readonly at: number; readonly message: string } | undefined
}

/**
 * How the events of a runtime stand that are appended to a store.
 *
 * @category models
 * @since 0.2.0
 */
export interface StreamStats {
  /** Events that the store has got. */
  readonly events: number
  /** Bytes of events that are kept for the store: until it has them, and cannot lose them any more. */
  readonly kept: Usage
  /** Whether as much is kept as may be. With the overflow policy `backpressure`, nothing is folded then. */
  readonly isFull: boolean
  /** Events that were folded and not appended, because there was no room: with the overflow policy `drop-newest`. */
  readonly dropped: number
  /** Attempts to append that have failed. */
  readonly failures: number
  /** Why the last attempt has failed, if it has. */
  readonly failure: string | undefined
  /** How often the process was taken for ended, because it had not appended for too long, and went on as another source. */
  readonly retirements: number
}

/**
 * How the durable state of a runtime stands.
 *
 * @category models
 * @since 0.2.0
 */
export interface DurableStats {
  /**
   * When the state was last written, or found to be as it was written, in milliseconds since the Unix epoch. Until then,
   * when the state was written that the runtime went on from, if there was one.
   */
  readonly savedAt: number | undefined
  /** Events of this process that were accepted and are not in what was written: those that a kill would lose now. */
  readonly unsaved: number
  /** Writes that have failed. */
  readonly failures: number
  /** Why the last write has failed, if it has. */
  readonly failure: string | undefined
  /**
   * Metrics of recorders whose state could not be written, or was not used in full: because the definition has changed,
   * because the state could not be read, or because the metric had been quarantined. The log names them.
   */
  readonly discarded: number
}
