/**
 * The end of a runtime's log, for its flight recorder: which recorders the events in the last pages belong to, and what
 * has gone wrong with them.
 */
import type { Place } from "../fold/place.ts"
import type * as Metric from "../metric/definition/metric.ts"
import type { Lane } from "../stream/commands.ts"
import type { LaneMessage } from "../stream/foldMessages.ts"
import { LogHistory, LogTail } from "../stream/logTail.ts"
import { logPosition } from "../stream/rows/log.ts"
import type { RowWriter } from "../stream/writer.ts"
import { messageOf } from "../util/describeError.ts"
import { type LoggedEvent, readTail } from "./tailReader.ts"

/** A recorder whose events are in the log. */
export interface LoggedRecorder {
  readonly recorderId: string
  /** The metrics that are registered now. */
  readonly metrics: ReadonlyArray<Metric.Any>
  /** Returns the metric that was registered n-th. */
  readonly metricAt: (index: number) => Metric.Any | undefined
  /** The sequence number of the last event written to the stream. */
  readonly written: number
}

/** What has gone wrong, and at which event, if that is known. */
export interface LogIncident {
  readonly reason: "quarantine" | "death" | "overflow"
  readonly of: LoggedRecorder | undefined
  readonly metric?: string | undefined
  readonly error?: string
  /** The sequence number of that event. */
  readonly sequence?: number
}

export interface FlightQuery {
  /** The maximum number of events. The last ones are kept. */
  readonly most: number
  /** Selects the recorders whose events are wanted. */
  readonly isOf: (recorder: LoggedRecorder) => boolean
  /** The sequence number of the last event that is wanted. */
  readonly upTo?: number | undefined
}

export class FlightLog extends LogTail {
  readonly #lanes = new LogHistory<LoggedRecorder>()
  /** Closed lanes, and the positions of their ends. */
  readonly #closed: Array<{ readonly lane: Lane; readonly listener: LoggedRecorder; readonly at: number }> = []
  #onIncident: ((incident: LogIncident) => void) | undefined

  /** Sets the only listener, which belongs to the flight recorder. */
  onIncident(listener: (incident: LogIncident) => void): void {
    this.#onIncident = listener
  }

  // --- what the link says

  opened(lane: Lane, at: number, listener: LoggedRecorder): void {
    this.#lanes.set(lane, at, listener, this.oldest)
  }

  closed(lane: Lane, at: number, listener: LoggedRecorder): void {
    this.#forgetClosed()
    this.#closed.push({ lane, listener, at })
  }

  /** Forgets recorders that have no event left in the log. */
  #forgetClosed(): void {
    const { oldest } = this
    const kept = this.#closed.findIndex(({ at }) => at > oldest)
    const gone = this.#closed.splice(0, kept < 0 ? this.#closed.length : kept)
    for (const { lane, listener } of gone) this.#lanes.forget(lane, listener)
  }

  quarantined(of: LoggedRecorder | undefined, message: Extract<LaneMessage, { readonly _tag: "Quarantined" }>): void {
    const { error, name, sequence } = message
    this.#onIncident?.({ reason: "quarantine", of, metric: name, error, sequence })
  }

  /** Reports that a worker has ended at this place in user code, while it folded this recorder. */
  died(of: LoggedRecorder | undefined, place: Place | undefined, cause: unknown): void {
    const metric = place?.metric === undefined ? undefined : of?.metricAt(place.metric)?.name
    // For events that are folded together, the place is that of the first one.
    const at = metric === undefined ? undefined : of!.written + ((place!.sequence - of!.written) | 0)
    this.#onIncident?.({
      reason: "death",
      of,
      metric,
      error: messageOf(cause),
      ...(at !== undefined && { sequence: at })
    })
  }

  /** Reports that an event was refused or evicted because its recorder was full. */
  overflowed(of: LoggedRecorder | undefined): void {
    this.#onIncident?.({ reason: "overflow", of })
  }

  // --- what it is for

  /** Reads the last of all events written so far. They are decoded in this call, which takes a few milliseconds. */
  read(writer: RowWriter, { isOf, most, upTo }: FlightQuery): ReadonlyArray<LoggedEvent<LoggedRecorder>> {
    writer.publish(false)
    const { position } = writer
    const isAllPublished = writer.publishedPosition === position
    const begins = this.beginsTo(writer.turns)
    const { nameLists, strings } = writer.dictionary
    const sourceAt = (lane: number, at: number): LoggedRecorder | undefined => {
      const listener = this.#lanes.at(lane, at)
      return listener !== undefined && isOf(listener) ? listener : undefined
    }
    const lastOf = (listener: LoggedRecorder): number | undefined => (isAllPublished ? listener.written : undefined)
    // Starts with the last page and doubles the number of pages each time, because small events need only a fraction of
    // what is kept.
    for (let count = 1; ; count *= 2) {
      const pages = begins.slice(-count)
      const layouts = this.#layoutsAt(logPosition(pages[0]?.turn ?? 0, 0))
      const all = readTail({ strings, nameLists, layouts, sourceAt, lastOf }, pages)
      const events = upTo === undefined ? all : all.filter(({ sequence }) => sequence === undefined || sequence <= upTo)
      if (events.length >= most || count >= begins.length) return events.slice(-most)
    }
  }

  *#layoutsAt(position: number) {
    for (const type of this.layouts.keys) {
      const layout = this.layouts.at(type, position)
      if (layout !== undefined) yield [type, layout] as const
    }
  }
}
