import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { flow } from "effect/Function"
import { durationText } from "./timing.ts"

/** The clock that a fiber has when none was provided. Its default value is created once. */
export const liveClock: Clock.Clock = Context.get(Context.empty(), Clock.Clock)

/** The clock for everything outside the program: the real one, except in tests that simulate the outside as well. */
export const OutsideClock = Context.Reference<Clock.Clock>("mvx-metrics/OutsideClock", {
  defaultValue: () => liveClock
})

/**
 * Runs an effect with the real clock. For waiting on what is outside the program (a thread to start, to stop), which no
 * `TestClock` can advance.
 */
export const withLiveClock = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(OutsideClock, (clock) => Effect.provideService(effect, Clock.Clock, clock))

/** The maximum delay of a timer in milliseconds. A longer one would fire immediately. */
export const LongestTimer = 2 ** 31 - 1

/** A sleep that does not keep the process alive, for background work that runs until it is stopped. */
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
 * The fiber that waits for the effect can be interrupted immediately, even if the effect cannot be, such as a function
 * of the application. The effect is interrupted as well, without waiting for it.
 */
const disconnected = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.forkDetach(effect, { startImmediately: true }), (fiber) =>
      Effect.onInterrupt(restore(Fiber.join(fiber)), () => Effect.sync(() => fiber.interruptUnsafe()))
    )
  )

/**
 * Waits for an effect up to a limit by the real clock, even in a finalizer. Beyond the limit it interrupts the effect
 * and continues with `orElse`.
 */
export const within =
  <A2, E2>(duration: Duration.Input, orElse: () => Effect.Effect<A2, E2>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A | A2, E | E2, R> =>
    Effect.raceFirst(
      Effect.interruptible(disconnected(effect)),
      Effect.interruptible(Effect.andThen(withLiveClock(Effect.sleep(duration)), Effect.suspend(orElse)))
    )

/** The same, but fails at the limit. */
export const endsWithin = (
  duration: Duration.Input
): (<A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | Error, R>) =>
  within(duration, () => Effect.fail(new Error(`it did not end within ${durationText(duration)}`)))

/** The same, but does nothing more at the limit. */
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
