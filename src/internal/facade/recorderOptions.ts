/**
 * The options of a recorder in the promise API, with plain functions for hooks.
 */
import * as Effect from "effect/Effect"
import type { MetricChange } from "../metric/definition/snapshot.ts"
import { aFunction, whyInvalidOptions } from "../model/optionChecks.ts"
import { type RecorderOptions as EffectRecorderOptions, recorderOptionChecks } from "../recorder/options.ts"

/**
 * Options of a recorder: those of the Effect API, with plain functions for hooks.
 *
 * @category options
 * @since 0.2.0
 */
export interface RecorderOptions extends Omit<EffectRecorderOptions, "onStarting" | "onStopped" | "onMetricChanged"> {
  /**
   * Runs before the first event is folded. If it throws or rejects, the start fails. `createRecorder` waits for it, so
   * the recorder that it returns is not there yet: get it from `runtime.getRecorder(id)`.
   */
  readonly onStarting?: () => unknown
  /** Runs after the last event was folded. If it throws or rejects, the stop fails. */
  readonly onStopped?: () => unknown
  /** Runs after each change of a metric, in order. The recorder pauses until the returned promise settles. */
  readonly onMetricChanged?: (change: MetricChange) => unknown
}

const checks = { ...recorderOptionChecks, onStarting: aFunction, onStopped: aFunction }

/** The options with hooks as effects. */
export const withEffectHooks = (
  options: RecorderOptions | undefined
): Effect.Effect<EffectRecorderOptions | undefined> => {
  const invalid = whyInvalidOptions(options, checks)
  if (invalid !== undefined) return Effect.die(invalid)
  if (options === undefined) return Effect.succeed(undefined)
  const { onMetricChanged, onStarting, onStopped, ...rest } = options
  const run = (hook: () => unknown) => Effect.tryPromise({ try: async () => hook(), catch: (cause) => cause })
  return Effect.succeed({
    ...rest,
    ...(onStarting && { onStarting: run(onStarting) }),
    ...(onStopped && { onStopped: run(onStopped) }),
    ...(onMetricChanged && { onMetricChanged: (change) => run(() => onMetricChanged(change)) })
  })
}
