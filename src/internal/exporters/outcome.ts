/** Counts the outcomes of an exporter's exports, and logs changes. */
import * as Effect from "effect/Effect"
import type { ExportStats } from "../model/runtimeStats.ts"
import type { Log } from "../recorder/logging.ts"

/** The receiver's answer to an accepted request. */
interface Answered {
  /** Points that it rejected for good. */
  readonly rejected: number
  readonly message: string
}

export class Outcome {
  readonly #exporter: string
  readonly #log: Log
  readonly #now: () => number
  #delivered = 0
  #partial = 0
  #failed = 0
  #rejectedPoints = 0
  #failing: string | undefined
  #lastError: ExportStats["lastError"]
  /** The number of consecutive failed exports. */
  #outage = 0
  /** What was logged about the last export that arrived. */
  #remark = ""

  constructor(exporter: string, log: Log, now: () => number) {
    this.#exporter = exporter
    this.#log = log
    this.#now = now
  }

  get stats(): ExportStats {
    return {
      exporter: this.#exporter,
      delivered: this.#delivered,
      partial: this.#partial,
      failed: this.#failed,
      rejectedPoints: this.#rejectedPoints,
      failing: this.#failing,
      lastError: this.#lastError
    }
  }

  arrived(answered: Answered = { message: "", rejected: 0 }): Effect.Effect<void> {
    const outage = this.#outage
    this.#outage = 0
    this.#failing = undefined
    if (answered.rejected > 0) this.#partial++
    else this.#delivered++
    return Effect.andThen(
      outage === 0
        ? Effect.void
        : this.#log.notice(`${this.#exporter}: exports arrive again; failed exports: ${outage}`),
      this.answered(answered)
    )
  }

  /** A request of an export was accepted, except for some points. */
  rejected(points: number): void {
    this.#rejectedPoints += points
  }

  /** The combined answers to the accepted requests, whatever happened to the others of the export. */
  answered({ message, rejected }: Answered): Effect.Effect<void> {
    const remark =
      rejected > 0
        ? `rejected ${rejected} points${message === "" ? "" : `: ${message}`}`
        : message === ""
          ? ""
          : `answered with a warning: ${message}`
    if (rejected > 0) this.#lastError = { at: this.#now(), message: `the collector ${remark}` }
    const isNew = remark !== "" && remark !== this.#remark
    this.#remark = remark
    return isNew ? this.#log.warning(`${this.#exporter}: the collector ${remark}`) : Effect.void
  }

  /** `isLast`: nothing comes after it, so its contents are lost. */
  failed(
    error: { readonly message: string; readonly reason?: string },
    kind: string,
    isLast: boolean
  ): Effect.Effect<void> {
    this.#failed++
    this.#failing = kind
    this.#lastError = { at: this.#now(), message: error.reason ?? error.message }
    this.#outage++
    if (isLast) return this.#log.warning(`the last export is lost: ${error.message}`)
    if (this.#outage > 1) return Effect.void
    return this.#log.warning(`${error.message}. Further failures are not logged until an export arrives`)
  }
}
