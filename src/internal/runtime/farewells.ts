import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { RecorderControl } from "../recorder/control.ts"
import { atMost, giveUpAfter } from "../util/liveClock.ts"

/** What somebody wants to do with a recorder that has stopped, before it is gone. */
type Farewell = (control: RecorderControl) => Effect.Effect<unknown, unknown>

/** Those who want to read recorders for the last time. */
export class Farewells {
  readonly #all = new Set<Farewell>()
  /** A reader that does not end must not keep a recorder from being removed. */
  readonly #most: Duration.Duration

  constructor(shutdownTimeout: Duration.Input) {
    this.#most = atMost("1 second", shutdownTimeout)
  }

  /** It gives what undoes this. */
  add(tell: Farewell): () => void {
    this.#all.add(tell)
    return () => void this.#all.delete(tell)
  }

  tell(control: RecorderControl): Effect.Effect<void> {
    const each = (tell: Farewell) => giveUpAfter(this.#most)(Effect.exit(Effect.suspend(() => tell(control))))
    return Effect.forEach(this.#all, each, { concurrency: "unbounded", discard: true })
  }
}
