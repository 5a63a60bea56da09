/**
 * `effect/Stream`, which is a tenth of all that a program without Effect would load, though its API has no streams. So what
 * makes streams does not import it: whoever gives them to a program does, see `MetricsRuntime.ts`.
 */
import type * as EffectStream from "effect/Stream"

let known: typeof EffectStream | undefined

/** To be called before anybody asks for a stream. */
export const haveStreams = (module: typeof EffectStream): void => {
  known = module
}

export const effectStream = (): typeof EffectStream => {
  if (known === undefined) throw new Error("mvx-metrics: a program without Effect has no streams")
  return known
}
