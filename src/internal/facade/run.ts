/** Runs effects of the facade in one context, that of its runtime, and limits the waits by the options of the call. */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type Check, whyInvalidOptions } from "../model/optionChecks.ts"
import { type FlushOptions, flushOptionChecks } from "../recorder/options.ts"
import { CurrentWaitTimeout } from "../recorder/waitTimeout.ts"

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

type Checks = { readonly [option: string]: Check }

const checks: { readonly [K in keyof Required<WaitOptions>]: Check } = { ...flushOptionChecks, signal: anAbortSignal }

export interface Run {
  readonly context: Context.Context<never>
  readonly promise: <A, E>(effect: Effect.Effect<A, E>) => Promise<A>
  readonly promiseExit: <A, E>(effect: Effect.Effect<A, E>, options?: Effect.RunOptions) => Promise<Exit.Exit<A, E>>
  /** Throws the failure itself. */
  readonly sync: <A, E>(effect: Effect.Effect<A, E>) => A
  /** Runs a read or a flush within the limits of its call. `others`: the checks of additional options. */
  readonly within: <A, E>(options: WaitOptions | undefined, effect: Effect.Effect<A, E>, others?: Checks) => Promise<A>
}

export const runIn = (context: Context.Context<never>): Run => {
  const promise = Effect.runPromiseWith(context)
  const promiseExit = Effect.runPromiseExitWith(context)
  const within: Run["within"] = async (options, effect, others = {}) => {
    if (options === undefined) return promise(effect)
    const invalid = whyInvalidOptions(options, { ...checks, ...others })
    if (invalid !== undefined) throw invalid
    const { signal, timeout } = options
    signal?.throwIfAborted()
    const exit = await promiseExit(Effect.provideService(effect, CurrentWaitTimeout, timeout), { signal })
    if (Exit.isSuccess(exit)) return exit.value
    if (Cause.hasInterruptsOnly(exit.cause)) signal?.throwIfAborted()
    throw Cause.squash(exit.cause)
  }
  return { context, promise, promiseExit, sync: Effect.runSyncWith(context), within }
}
