/** The recorder of ready-made metrics: shared by all users of its id, while the scope of one of them is open. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Metric from "../metric/definition/metric.ts"
import { type Check, refuse, whyInvalidOptions } from "../model/optionChecks.ts"
import type { RegisterError } from "../model/registerErrors.ts"
import type { ShareError } from "../model/runtimeErrors.ts"
import type { RecorderService } from "../recorder/service.ts"
import { internalsOf } from "./internals.ts"
import type { RuntimeService } from "./service.ts"
import { type AnyRuntime, serviceOf, startScoped } from "./withoutEffect.ts"

/**
 * The errors of starting a measurement: its recorder cannot be made, or its metrics cannot be registered.
 *
 * @category errors
 * @since 0.2.0
 */
export type MeasureError = ShareError | RegisterError

interface MeasureOptions {
  readonly recorderId?: string
}

type Checks = { readonly [option: string]: Check }

/** `recorderId`: the default id of the recorder. */
export const measuringRecorder = (
  runtime: RuntimeService,
  metrics: Metric.MetricSet,
  recorderId: string,
  options: MeasureOptions,
  checks: Checks
): Effect.Effect<RecorderService, MeasureError, Scope.Scope> =>
  refuse(whyInvalidOptions(options, checks)).pipe(
    Effect.andThen(Effect.suspend(() => runtime.recorder(options.recorderId ?? recorderId))),
    Effect.tap((recorder) => recorder.register(metrics))
  )

/** The same without Effect, until the runtime shuts down, with the clock to measure with. */
export const measuringWith = async (
  runtime: AnyRuntime,
  metrics: Metric.MetricSet,
  recorderId: string,
  options: MeasureOptions,
  checks: Checks
): Promise<readonly [recorder: RecorderService, clock: Clock.Clock]> => {
  const service = serviceOf(runtime)
  const { context } = internalsOf(service)
  const [recorder] = await startScoped(context, measuringRecorder(service, metrics, recorderId, options, checks))
  return [recorder, Context.get(context, Clock.Clock)]
}
