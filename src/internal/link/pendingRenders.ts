/** Scrapes that were requested from the fold and are not answered yet. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { packStats } from "../formats/packedStats.ts"
import type { DropRender, Render } from "../stream/commands.ts"
import type { Rendered, RenderMessage } from "../stream/foldMessages.ts"
import { withLiveClock } from "../util/liveClock.ts"
import type { Bytes } from "../util/pieces.ts"
import { durationText } from "../util/timing.ts"

export type RenderRequest = Omit<Render, "_tag" | "request">

/**
 * How long the fold may neither answer nor fold anything before it counts as down, by the real clock. The time is
 * measured in steps, so that a busy application thread does not mistake its own delay for a silent fold.
 */
const Silence = Duration.millis(900)
const Step = Duration.millis(150)

/** The pause between two probes of a fold that answers. */
const Pause = Duration.millis(500)

/** A scrape without content. */
const nothing: RenderRequest = {
  rendering: { format: "text" },
  namespace: "",
  now: 0,
  recorderIds: [],
  lanes: new Int32Array(0),
  stats: packStats([]),
  foldLag: undefined,
  runtime: undefined
}

type Answer = Exit.Exit<Rendered, unknown>

interface Pending {
  /** Whether the fold has reached the request. */
  isBegun: boolean
  readonly begun: () => void
  /** The parts that have arrived. */
  readonly body: Array<Bytes>
  readonly end: (answer: Answer) => void
}

export class PendingRenders {
  readonly #renders = new Map<number, Pending>()
  /**
   * Runs an action at the next turn of the event loop, so that no code of waiting callers runs in the middle of a
   * dispatch.
   */
  readonly #nextTurn: (action: () => void) => void
  /** A number that changes while the fold is at work. */
  readonly #progress: () => number
  #next = 0

  constructor(nextTurn: (action: () => void) => void, progress: () => number) {
    this.#nextTurn = nextTurn
    this.#progress = progress
  }

  /**
   * Sends a request with `send`. `hold` keeps the process alive meanwhile. `onBegun` runs when the fold has reached the
   * request.
   */
  ask(
    send: (command: Render | DropRender) => void,
    rest: RenderRequest,
    hold: () => () => void,
    onBegun: () => void
  ): Effect.Effect<Rendered, unknown> {
    return Effect.suspend(() => {
      const request = this.#next++
      const answer = Effect.callback<Rendered, unknown>((resume) => {
        const release = hold()
        const forget = (): void => {
          if (this.#renders.delete(request)) release()
        }
        this.#renders.set(request, {
          isBegun: false,
          begun: onBegun,
          body: [],
          end: (exit) => {
            this.#nextTurn(() => resume(exit))
            forget()
          }
        })
        try {
          send({ _tag: "Render", request, ...rest })
        } catch (defect) {
          forget()
          throw defect
        }
        return Effect.sync(() => {
          if (!this.#renders.has(request)) return
          forget()
          send({ _tag: "DropRender", request })
        })
      })
      return withLiveClock(Effect.raceFirst(answer, this.#silence))
    })
  }

  /** Fails once the fold is silent. A fold that renders counts as busy. */
  get #silence(): Effect.Effect<never, unknown> {
    return Effect.suspend(() => {
      const most = Math.ceil(Duration.toMillis(Silence) / Duration.toMillis(Step))
      let steps = 0
      let seen = this.#progress()
      const step = Effect.suspend(() => {
        const progress = this.#progress()
        const atWork = progress !== seen || [...this.#renders.values()].some(({ isBegun }) => isBegun)
        seen = progress
        steps = atWork ? 0 : steps + 1
        return steps < most ? Effect.void : Effect.fail(silent())
      })
      return Effect.forever(Effect.andThen(Effect.sleep(Step), step))
    })
  }

  /** Completes when the fold has reached everything sent before. Fails once the fold is silent. */
  probe(send: (command: Render | DropRender) => void, hold: () => () => void): Effect.Effect<Rendered, unknown> {
    return Effect.suspend(() => this.ask(send, nothing, hold, () => {}))
  }

  /** Repeats the probe. Never completes while the fold answers. */
  probing(probe: Effect.Effect<unknown, unknown>): Effect.Effect<never, unknown> {
    return Effect.suspend(() => Effect.forever(Effect.andThen(probe, withLiveClock(Effect.sleep(Pause)))))
  }

  awaits(request: number): boolean {
    return this.#renders.has(request)
  }

  answer(message: RenderMessage): void {
    const pending = this.#renders.get(message.request)
    switch (message._tag) {
      case "Rendering":
        if (pending === undefined) return
        pending.isBegun = true
        return pending.begun()
      case "RenderedPart":
        pending?.body.push(...message.body)
        return
      case "Rendered":
        return pending?.end(Exit.succeed({ ...message, body: [...pending.body, ...(message.body ?? [])] }))
      case "NotRendered":
        return pending?.end(Exit.fail(new Error(message.reason)))
    }
  }

  failAll(cause: unknown): void {
    for (const { end } of [...this.#renders.values()]) end(Exit.fail(cause))
  }
}

const silent = (): Error => new Error(`the fold has not answered within ${durationText(Silence)}`)
