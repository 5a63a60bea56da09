/**
 * Recordings of a flight recorder, which are the last events before something went wrong, and its options.
 */
import { type Check, notBlank, positiveInteger, whyInvalidOptions } from "../model/optionChecks.ts"
import type { Captured } from "../replay/ndjson.ts"

/**
 * Why there is a recording. A recorder, metric or event is left out if it is unknown or if the incident does not
 * concern a single one.
 *
 * @category models
 * @since 0.2.0
 */
export interface Incident {
  /**
   * - `demand`: the application requested it;
   * - `quarantine`: a metric was quarantined;
   * - `death`: a worker has ended;
   * - `overflow`: a recorder was full, and an event was refused or evicted.
   */
  readonly reason: "demand" | "quarantine" | "death" | "overflow"
  readonly recorderId?: string
  /** The name of the metric. */
  readonly metric?: string
  readonly error?: string
  /** The sequence number of the event at which it happened. */
  readonly sequence?: number
}

/**
 * An event in a recording.
 *
 * @category models
 * @since 0.2.0
 */
export interface RecordedEvent extends Captured {
  readonly recorderId: string
  /** Its number among the events that the recorder accepted. Left out before events that were evicted. */
  readonly sequence?: number
}

/**
 * The last events of a runtime, in the order in which they were accepted.
 *
 * @category models
 * @since 0.2.0
 */
export interface FlightRecording {
  readonly namespace: string
  /** When it was made, in milliseconds since the Unix epoch. */
  readonly at: number
  readonly incident: Incident
  /**
   * The events of one recorder, if the incident names one. They end with the event at which the incident happened, if
   * that is known.
   */
  readonly events: ReadonlyArray<RecordedEvent>
  /** Where it was written to. */
  readonly file?: string
  /** The text of its file, which `Replay.fromNdjson` and `npx mvx-metrics replay` read. */
  readonly toNdjson: () => string
}

/**
 * The options of a flight recorder. Events are in pages of memory before and while a worker folds them. A flight
 * recorder only keeps the last of these pages. An event costs no more than without it, except that all of its fields
 * are written, not only those that a metric reads.
 *
 * @example
 * ```ts
 * import { MetricsLayer } from "mvx-metrics"
 *
 * const Metrics = MetricsLayer.layerWorker({
 *   namespace: "example.metrics",
 *   flightRecorder: { directory: "./incidents" }
 * })
 * ```
 *
 * @category options
 * @since 0.2.0
 */
export interface FlightRecorderOptions {
  /** The maximum number of events in a recording: the last ones. Default: 10 000. */
  readonly events?: number
  /**
   * The memory, in bytes, for events that are kept after they were folded, in pages of 256 KiB. It is part of
   * `memoryLimit`. If events find no other room, they replace what is kept. Default: 4 MiB.
   */
  readonly memory?: number
  /**
   * The incidents that are recorded automatically, if there is a `directory` or `onRecording`: at most ten a minute,
   * and an overflow at most once a minute. Default: all incidents.
   */
  readonly on?: ReadonlyArray<"quarantine" | "death" | "overflow">
  /**
   * The folder to which each of these recordings is written, as a file of NDJSON. It is created if it does not exist.
   */
  readonly directory?: string
  /** The maximum number of files in the folder: the oldest are removed. Default: 20. */
  readonly files?: number
  /**
   * Takes each of these recordings, after it was written. If it returns an Effect, that is run, and a promise is
   * awaited. A failure is logged as a warning.
   */
  readonly onRecording?: (recording: FlightRecording) => unknown
}

export const incidents = ["quarantine", "death", "overflow"] as const

const someIncidents: Check = (value) =>
  Array.isArray(value) && value.every((each) => incidents.includes(each))
    ? undefined
    : `must be an array of some of ${incidents.join(", ")}`

const checks: { readonly [K in keyof Required<FlightRecorderOptions>]: Check } = {
  events: positiveInteger,
  memory: positiveInteger,
  on: someIncidents,
  directory: notBlank,
  files: positiveInteger,
  onRecording: (value) => (typeof value === "function" ? undefined : "must be a function of the recording")
}

export const aFlightRecorder: Check = (value) => {
  const invalid = whyInvalidOptions(value, checks, [])
  if (invalid === undefined) return undefined
  return invalid.argument === "options" ? "must be an object of options" : `${invalid.argument}: ${invalid.reason}`
}
