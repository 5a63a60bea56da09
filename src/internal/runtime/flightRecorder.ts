/**
 * The flight recorder of a runtime. After an incident, or on request, it decodes the end of the log and writes it to a
 * file. A failure in here is never more than a warning.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { linesOf } from "../flight/lines.ts"
import {
  type FlightRecorderOptions,
  type FlightRecording,
  type Incident,
  incidents,
  type RecordedEvent
} from "../flight/recording.ts"
import type { FlightLog, LoggedRecorder, LogIncident } from "../link/flightLog.ts"
import type { Link } from "../link/link.ts"
import { familyOfAll } from "../metric/unionFamily.ts"
import type { Family } from "../model/event.ts"
import { RuntimeFailed } from "../model/runtimeErrors.ts"
import { messageOf } from "../util/describeError.ts"
import { nextTurn } from "../util/eventLoopTurn.ts"
import type { RuntimeLifecycle } from "./lifecycle.ts"

const DefaultEvents = 10_000
const DefaultMemory = 4 * 1024 * 1024
const DefaultFiles = 20

/**
 * The maximum number of recordings per minute, and the time in milliseconds during which further overflows belong to
 * the same incident.
 */
const MostPerMinute = 10
const Minute = 60_000

/** Keeps the end of the log, if the options ask for a flight recorder. */
export const flightLogOf = ({
  flightRecorder,
  namespace
}: {
  readonly namespace: string
  readonly flightRecorder?: FlightRecorderOptions | undefined
}): Effect.Effect<FlightLog | undefined, RuntimeFailed> =>
  flightRecorder === undefined
    ? Effect.succeed(undefined)
    : Effect.tryPromise({
        try: async () => {
          const { FlightLog } = await import("../link/flightLog.ts")
          return new FlightLog(flightRecorder.memory ?? DefaultMemory)
        },
        catch: (cause) => new RuntimeFailed({ namespace, cause })
      })

export class FlightRecorder {
  readonly #lifecycle: RuntimeLifecycle
  readonly #options: FlightRecorderOptions
  /** Incidents that are being written. */
  readonly #unwritten = new Set<Deferred.Deferred<void>>()
  /** The times of the incidents recorded in the last minute. */
  #times: ReadonlyArray<number> = []
  /** Until this time another overflow is not a new incident. There may be one for each event. */
  #nextOverflow = 0

  constructor(lifecycle: RuntimeLifecycle, options: FlightRecorderOptions) {
    this.#lifecycle = lifecycle
    this.#options = options
  }

  opened(link: Link): void {
    const { directory, on = incidents, onRecording } = this.#options
    if (directory === undefined && onRecording === undefined) return
    link.flightLog?.onIncident((incident) => {
      if (on.includes(incident.reason) && this.#isDue(incident)) {
        this.#lifecycle.inBackground(this.#onIncident(incident))
      }
    })
  }

  /** The recent events of a recorder, or of all recorders. */
  recent(recorderId: string | undefined): FlightRecording {
    const incident: Incident = { reason: "demand", ...(recorderId !== undefined && { recorderId }) }
    const isOf = (recorder: LoggedRecorder) => recorderId === undefined || recorder.recorderId === recorderId
    return this.#record(incident, isOf).recording
  }

  #isDue({ reason }: LogIncident): boolean {
    const now = performance.now()
    if (reason === "overflow") {
      if (now < this.#nextOverflow) return false
      this.#nextOverflow = now + Minute
    }
    this.#times = this.#times.filter((at) => now - at < Minute)
    if (this.#times.length >= MostPerMinute) return false
    this.#times = [...this.#times, now]
    return true
  }

  /** An incident may occur in the middle of an emission, so handling starts in another turn. */
  #onIncident({ error, metric, of, reason, sequence }: LogIncident): Effect.Effect<void> {
    const written = Deferred.makeUnsafe<void>()
    this.#unwritten.add(written)
    const incident: Incident = {
      reason,
      ...(of !== undefined && { recorderId: of.recorderId }),
      ...(metric !== undefined && { metric }),
      ...(error !== undefined && { error }),
      ...(sequence !== undefined && { sequence })
    }
    return Effect.yieldNow.pipe(
      Effect.andThen(Effect.sync(() => this.#record(incident, (recorder) => of === undefined || recorder === of))),
      Effect.flatMap(({ parts, recording }) => this.#write(recording, parts)),
      Effect.ensuring(
        Effect.sync(() => {
          this.#unwritten.delete(written)
          Deferred.doneUnsafe(written, Exit.void)
        })
      ),
      Effect.flatMap((recording) => this.#tell(recording)),
      Effect.catchCause((cause) =>
        this.#lifecycle.log.warning(
          `the flight recorder could not record a ${reason}: ${messageOf(Cause.squash(cause))}`
        )
      )
    )
  }

  /** Completes when the files of all incidents so far are written. */
  readonly written: Effect.Effect<void> = Effect.andThen(
    // A report from the worker arrives between this turn and the next but one, because the first may start before the
    // event loop polls for messages. It is handled in the turn after that.
    Effect.repeat(nextTurn, { times: 2 }),
    Effect.suspend(() => Effect.forEach([...this.#unwritten], Deferred.await, { discard: true }))
  )

  #record(
    incident: Incident,
    isOf: (recorder: LoggedRecorder) => boolean
  ): { readonly recording: FlightRecording; readonly parts: () => Iterable<string> } {
    const most = this.#options.events ?? DefaultEvents
    const { link, namespace } = this.#lifecycle
    const logged = link!.recent({ most, isOf, upTo: incident.sequence })
    const recorders = new Map(logged.map(({ source }) => [source.recorderId, source]))
    const events = logged.map(({ at, event, sequence, source }): RecordedEvent => {
      const { recorderId } = source
      return { at, event, recorderId, ...(sequence !== undefined && { sequence }) }
    })
    const recording = { namespace, at: Date.now(), incident, events }
    const parts = () => linesOf(recording, (recorderId) => familyOf(recorders.get(recorderId)!))
    return { recording: { ...recording, toNdjson: () => [...parts()].join("") }, parts }
  }

  /** Writes the file, if a folder is configured. */
  #write(made: FlightRecording, parts: () => Iterable<string>): Effect.Effect<FlightRecording, unknown> {
    const { directory, files = DefaultFiles } = this.#options
    if (directory === undefined) return Effect.succeed(made)
    return Effect.gen({ self: this }, function* () {
      const file = yield* Effect.tryPromise({
        try: async () => (await import("../flight/files.ts")).writeRecording(directory, made, parts(), files),
        catch: (cause) => cause
      })
      const { events, incident } = made
      yield* this.#lifecycle.log.warning(`the last ${events.length} events before a ${incident.reason} are in ${file}`)
      return { ...made, file }
    })
  }

  #tell(recording: FlightRecording): Effect.Effect<unknown, unknown> {
    const { onRecording } = this.#options
    if (onRecording === undefined) return Effect.void
    return Effect.flatMap(Effect.try({ try: () => onRecording(recording), catch: (cause) => cause }), (result) =>
      Effect.isEffect(result)
        ? (result as Effect.Effect<unknown, unknown>)
        : Effect.tryPromise({ try: async () => result, catch: (cause) => cause })
    )
  }
}

/** The events that the metrics of a recorder know. */
const familyOf = ({ metrics }: LoggedRecorder): Family | undefined =>
  metrics.length === 0 ? undefined : familyOfAll(metrics.map(({ events }) => events))
