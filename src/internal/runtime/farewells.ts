import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { RecorderControl } from "../recorder/control.ts"
import { CurrentWaitTimeout } from "../recorder/waitTimeout.ts"
import { Listeners } from "../util/listeners.ts"
import { atMost, giveUpAfter, withLiveClock } from "../util/liveClock.ts"

/** An operation on a recorder that has stopped, before it is removed. */
type Farewell = (control: RecorderControl) => Effect.Effect<unknown, unknown>

/** The operations that read recorders for the last time. */
export class Farewells extends Listeners<Farewell> {
  readonly #longest: Duration.Input
  /** A reader that does not end must not block the removal of a recorder. One that waits for a replacement fold may. */
  readonly #patience: Effect.Effect<void>

  /** `isRestarting`: whether the fold has ended and is not replaced yet. */
  constructor(shutdownTimeout: Duration.Input, isRestarting: () => boolean) {
    super()
    const most = atMost("1 second", shutdownTimeout)
    this.#longest = shutdownTimeout
    this.#patience = withLiveClock(Effect.repeat(Effect.sleep(most), { while: isRestarting }))
  }

  tell(control: RecorderControl): Effect.Effect<void> {
    const each = (tell: Farewell) =>
      Effect.exit(Effect.suspend(() => tell(control))).pipe(
        // A read has the same limit.
        Effect.provideService(CurrentWaitTimeout, this.#longest),
        Effect.interruptible,
        Effect.raceFirst(this.#patience),
        giveUpAfter(this.#longest)
      )
    const { answered } = control
    // Earlier requests are still answered, within the same limit.
    const all = answered === undefined ? this : [...this, () => answered]
    return Effect.forEach(all, each, { concurrency: "unbounded", discard: true })
  }
}
