/** The limits of one call that waits. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type Check, whyInvalidOptions } from "../model/optionChecks.ts"
import { type FlushOptions, flushOptionChecks } from "../recorder/options.ts"
import { CurrentWaitTimeout } from "../recorder/waitTimeout.ts"
import type { Run } from "./run.ts"

/**
 * The limits of a read or a flush.
 *
 * @category options
 * @since 0.2.0
 */
export interface WaitOptions extends FlushOptions {
  /** Aborts the wait: the promise rejects with the signal's reason. Nothing else changes. */
  readonly signal?: AbortSignal
}

export const anAbortSignal: Check = (value) => (value instanceof AbortSignal ? undefined : "must be an AbortSignal")

const checks: { readonly [K in keyof Required<WaitOptions>]: Check } = { ...flushOptionChecks, signal: anAbortSignal }

/** Runs a read or a flush within the limits of its call. */
export const waitFor = async <A, E>(
  run: Run,
  effect: Effect.Effect<A, E>,
  options: WaitOptions | undefined
): Promise<A> => {
  if (options === undefined) return run.promise(effect)
  const invalid = whyInvalidOptions(options, checks)
  if (invalid !== undefined) throw invalid
  const { signal, timeout } = options
  signal?.throwIfAborted()
  const exit = await run.promiseExit(Effect.provideService(effect, CurrentWaitTimeout, timeout), { signal })
  if (Exit.isSuccess(exit)) return exit.value
  if (Cause.hasInterruptsOnly(exit.cause)) signal?.throwIfAborted()
  throw Cause.squash(exit.cause)
}
