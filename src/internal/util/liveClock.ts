import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { flow } from "effect/Function"
import { durationText } from "./timing.ts"

/** The very clock that a fiber has when none was provided: its default value is made once. */
export const liveClock: Clock.Clock = Context.get(Context.empty(), Clock.Clock)

/** The clock of what lives outside the program: the real one, but for tests in which that is simulated as well. */
export const OutsideClock = Context.Reference<Clock.Clock>("mvx-metrics/OutsideClock", {
  defaultValue: () => liveClock
})

/**
 * Gives an effect the real clock. For waiting on what lives outside the program (a thread to start, to stop), which no
 * `TestClock` can move.
 */
export const withLiveClock = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(OutsideClock, (clock) => Effect.provideService(effect, Clock.Clock, clock))

/** The longest that a timer can wait, in milliseconds. A longer one would fire at once. */
export const LongestTimer = 2 ** 31 - 1

/** A sleep that by itself keeps no process alive: of what goes on in the background until it is stopped. */
export const sleepInBackground = (duration: Duration.Input): Effect.Effect<void> =>
  Effect.clockWith((clock) => {
    if (clock !== liveClock) return Effect.sleep(duration)
    return timerInBackground(Duration.toMillis(duration))
  })

const timerInBackground = (millis: number): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const rest = millis > LongestTimer ? timerInBackground(millis - LongestTimer) : Effect.void
    const timer = setTimeout(() => resume(rest), Math.min(LongestTimer, millis))
    if (typeof timer === "object") timer.unref()
    return Effect.sync(() => clearTimeout(timer))
  })

/** Keeps the process alive while an effect runs, whatever it waits for. */
export const keepingAlive = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(
    Effect.sync(() => setInterval(() => {}, LongestTimer)),
    () => effect,
    (timer) => Effect.sync(() => clearInterval(timer))
  )

/**
 * Whoever waits for the effect can be interrupted at once, even where the effect itself cannot be, as a function of the
 * application's: it is interrupted as well, and not waited for.
 */
const disconnected = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.forkDetach(effect, { startImmediately: true }), (fiber) =>
      Effect.onInterrupt(restore(Fiber.join(fiber)), () => Effect.sync(() => fiber.interruptUnsafe()))
    )
  )

/**
 * Waits for an effect no longer than this, by the real clock; interrupts it then, be it in a finalizer, and goes on with
 * `orElse`.
 */
export const within =
  <A2, E2>(duration: Duration.Input, orElse: () => Effect.Effect<A2, E2>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A | A2, E | E2, R> =>
    Effect.raceFirst(
      Effect.interruptible(disconnected(effect)),
      Effect.interruptible(Effect.andThen(withLiveClock(Effect.sleep(duration)), Effect.suspend(orElse)))
    )

/** The same, which fails then. */
export const endsWithin = (
  duration: Duration.Input
): (<A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | Error, R>) =>
  within(duration, () => Effect.fail(new Error(`it did not end within ${durationText(duration)}`)))

/** The same, with nothing more to do then. */
export const giveUpAfter = (
  duration: Duration.Input
): (<R>(effect: Effect.Effect<unknown, never, R>) => Effect.Effect<void, never, R>) =>
  flow(
    within(duration, () => Effect.void),
    Effect.asVoid
  )

/** The shorter of two durations. */
export const atMost = (duration: Duration.Input, most: Duration.Input): Duration.Duration =>
  Duration.min(Duration.fromInputUnsafe(duration), Duration.fromInputUnsafe(most))
