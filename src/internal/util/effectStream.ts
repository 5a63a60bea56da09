/**
 * `effect/Stream` is a tenth of what a program without Effect would load, although the promise API has no streams. Code
 * that makes streams therefore does not import it: the modules that expose streams provide it, see `MetricsRuntime.ts`.
 */
import type * as EffectStream from "effect/Stream"

let known: typeof EffectStream | undefined

/** Must be called before the first stream is requested. */
export const haveStreams = (module: typeof EffectStream): void => {
  known = module
}

export const effectStream = (): typeof EffectStream => {
  if (known === undefined) throw new Error("mvx-metrics: a program without Effect has no streams")
  return known
}
