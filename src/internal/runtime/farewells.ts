import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { RecorderControl } from "../recorder/control.ts"
import { CurrentWaitTimeout } from "../recorder/waitTimeout.ts"
import { Listeners } from "../util/listeners.ts"
import { atMost, giveUpAfter, withLiveClock } from "../util/liveClock.ts"

/** What somebody wants to do with a recorder that has stopped, before it is gone. */
type Farewell = (control: RecorderControl) => Effect.Effect<unknown, unknown>

/** Those who want to read recorders for the last time. */
export class Farewells extends Listeners<Farewell> {
  readonly #longest: Duration.Input
  /** A reader that does not end must not keep a recorder from being removed; one that waits for another fold may. */
  readonly #patience: Effect.Effect<void>

  /** `isRestarting`: the fold has ended, and another one has not taken its place yet. */
  constructor(shutdownTimeout: Duration.Input, isRestarting: () => boolean) {
    super()
    const most = atMost("1 second", shutdownTimeout)
    this.#longest = shutdownTimeout
    this.#patience = withLiveClock(Effect.repeat(Effect.sleep(most), { while: isRestarting }))
  }

  tell(control: RecorderControl): Effect.Effect<void> {
    const each = (tell: Farewell) =>
      Effect.exit(Effect.suspend(() => tell(control))).pipe(
        // A read has the same time.
        Effect.provideService(CurrentWaitTimeout, this.#longest),
        Effect.interruptible,
        Effect.raceFirst(this.#patience),
        giveUpAfter(this.#longest)
      )
    const { answered } = control
    // Who has asked before hears what he asked for, as long as that takes no longer.
    const all = answered === undefined ? this : [...this, () => answered]
    return Effect.forEach(all, each, { concurrency: "unbounded", discard: true })
  }
}
