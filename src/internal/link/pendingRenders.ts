/**
 * Scrapes that the fold was asked for and has not answered yet.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { withLiveClock } from "../liveClock.ts"
import type { Render, RenderMessage } from "../stream/protocol.ts"

export type RenderRequest = Omit<Render, "_tag" | "request">

/** How long the fold may take to come to it, by the real clock. One that needs more is down, or far behind. */
const FirstWord = Duration.millis(900)

type Answer = Exit.Exit<Uint8Array<ArrayBuffer>, unknown>

interface Pending {
  readonly begun: () => void
  readonly end: (answer: Answer) => void
}

export class PendingRenders {
  readonly #renders = new Map<number, Pending>()
  /** Runs at the next turn of the event loop: no code of those who wait in the middle of a hand-over. */
  readonly #later: (action: () => void) => void
  #next = 0

  constructor(later: (action: () => void) => void) {
    this.#later = later
  }

  /** Asks by `send`. `hold` keeps the process alive meanwhile; `onBegun` runs when the fold has come to it. */
  ask(
    send: (command: Render) => void,
    rest: RenderRequest,
    hold: () => () => void,
    onBegun: () => void
  ): Effect.Effect<Uint8Array<ArrayBuffer>, unknown> {
    return Effect.suspend(() => {
      const request = this.#next++
      let begun = false
      const answer = Effect.callback<Uint8Array<ArrayBuffer>, unknown>((resume) => {
        const release = hold()
        const forget = (): void => {
          if (this.#renders.delete(request)) release()
        }
        this.#renders.set(request, {
          begun: () => {
            begun = true
            onBegun()
          },
          end: (exit) => {
            forget()
            this.#later(() => resume(exit))
          }
        })
        send({ _tag: "Render", request, ...rest })
        return Effect.sync(forget)
      })
      const silence = Effect.andThen(
        Effect.sleep(FirstWord),
        Effect.suspend(() => (begun ? Effect.never : Effect.fail(silent())))
      )
      return withLiveClock(Effect.raceFirst(answer, silence))
    })
  }

  answer(message: RenderMessage): void {
    const pending = this.#renders.get(message.request)
    switch (message._tag) {
      case "Rendering":
        return pending?.begun()
      case "Rendered":
        return pending?.end(Exit.succeed(message.body))
      case "NotRendered":
        return pending?.end(Exit.fail(new Error(message.reason)))
    }
  }

  failAll(cause: unknown): void {
    for (const { end } of [...this.#renders.values()]) end(Exit.fail(cause))
  }
}

const silent = (): Error => new Error(`the fold has not answered within ${Duration.format(FirstWord)}`)
