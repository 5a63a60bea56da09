/** Handles the messages from the fold to a recorder. */
import * as Effect from "effect/Effect"
import type { LaneListener } from "../link/link.ts"
import type * as Metric from "../metric/definition/metric.ts"
import type { MetricChange } from "../metric/definition/snapshot.ts"
import type { AnswerPart } from "../stream/answerParts.ts"
import type { LaneMessage } from "../stream/foldMessages.ts"
import { outsideHooks } from "./hookGuard.ts"
import { abort, type RecorderParts } from "./parts.ts"

type Changes = Extract<LaneMessage, { readonly _tag: "Changes" }>

export class FoldListener implements LaneListener {
  seen = 0
  readonly #parts: RecorderParts
  /**
   * The changes being delivered, and those after them. There may be two deliveries: of a dead worker and of its
   * replacement.
   */
  readonly #undelivered: Array<Changes> = []

  constructor(parts: RecorderParts) {
    this.#parts = parts
  }

  onMessage(message: LaneMessage): void {
    const { hooks, intake, laneLink, log, reads } = this.#parts
    if (message._tag === "Folded") return intake.onFolded()
    if (message._tag === "Changes") this.seen = message.sequence
    // At the next turn of the event loop, so that user code never runs in the middle of a dispatch.
    laneLink.afterFold(() => {
      switch (message._tag) {
        case "Answer":
          return reads.pending.answer(message.request, message.read)
        case "Quarantined":
          return hooks.fork(log.warning(`the metric ${message.name} is quarantined: ${message.error}`))
        case "Changes":
          if (this.#undelivered.push(message) === 1) this.#deliver(message)
      }
    })
  }

  #deliver({ changes, sequence }: Changes): void {
    const { config, hooks, hub, laneLink, lifecycle } = this.#parts
    // Abandoned: a hook that started now would not be waited for.
    if (lifecycle.failure?.foldLost === true) return
    const { entityId, recorderId } = config
    const delivery = Effect.ensuring(
      hub.deliver(changes.map((change): MetricChange => ({ recorderId, entityId, ...change }))),
      Effect.sync(() => {
        laneLink.send({ _tag: "Delivered", sequence })
        this.#undelivered.shift()
        const [next] = this.#undelivered
        if (next !== undefined) this.#deliver(next)
      })
    )
    // The event may have been emitted in a hook of another recorder.
    outsideHooks(() => hooks.fork(delivery))
  }

  get recorderId(): string {
    return this.#parts.config.recorderId
  }

  get entityId(): string {
    return this.#parts.config.entityId
  }

  get capacity(): number {
    return this.#parts.config.capacity
  }

  get metrics(): ReadonlyArray<Metric.Any> {
    return this.#parts.registrations.all
  }

  get written(): number {
    return this.#parts.intake.written
  }

  metricAt(index: number): Metric.Any | undefined {
    return [...this.#parts.registrations.cut.values()][index]
  }

  onPart(request: number, part: AnswerPart): boolean {
    return this.#parts.reads.pending.part(request, part)
  }

  forgetParts(): void {
    this.#parts.reads.pending.forgetParts()
  }

  onClosed(): void {
    this.#parts.intake.settle()
  }

  awaits(request: number): boolean {
    return this.#parts.reads.pending.awaits(request)
  }

  onFailure(cause: unknown): void {
    abort(this.#parts, cause)
  }
}
