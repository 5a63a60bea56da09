/** Flushes a runtime: its recorders first, then the exporters that send. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { refuse, whyInvalidOptions } from "../model/optionChecks.ts"
import { FlushFailed } from "../model/runtimeErrors.ts"
import type { RuntimeStats } from "../model/runtimeStats.ts"
import { flushOptionChecks } from "../recorder/options.ts"
import { CurrentWaitTimeout } from "../recorder/waitTimeout.ts"
import { Listeners } from "../util/listeners.ts"
import { endsWithin } from "../util/liveClock.ts"
import type { FlushedExporter } from "./internals.ts"
import type { RecorderRegistry } from "./registry.ts"
import type { RuntimeService } from "./service.ts"

/** The exporters of a runtime that a flush makes send. */
export class FlushedExporters extends Listeners<FlushedExporter> {
  /** The stats of the exporters that count their exports. */
  get stats(): Pick<RuntimeStats, "exports"> {
    const exports = Array.from(this, ({ stats }) => stats?.()).filter((stats) => stats !== undefined)
    return exports.length === 0 ? {} : { exports }
  }
}

/** `waitTimeout` is the limit if the call has none. */
export const flushOf = (
  registry: Pick<RecorderRegistry, "controls" | "namespace" | "refuseReadInHook">,
  exporters: FlushedExporters,
  waitTimeout: Duration.Input
): RuntimeService["flush"] =>
  Effect.fnUntraced(function* (options) {
    yield* refuse(whyInvalidOptions(options, flushOptionChecks))
    yield* registry.refuseReadInHook
    const most = Duration.fromInputUnsafe(options?.timeout ?? (yield* CurrentWaitTimeout) ?? waitTimeout)
    const begun = performance.now()
    // Leaves time to export what the other recorders have if one does not fold.
    const forRecorders = exporters.size === 0 ? most : Duration.divideUnsafe(most, 2)
    const { controls } = registry
    const results = yield* Effect.forEach(controls, (control) => Effect.result(control.flush(forRecorders)), {
      concurrency: "unbounded"
    })
    const left = Duration.subtract(most, Duration.millis(Math.floor(performance.now() - begun)))
    const exported = yield* Effect.forEach(exporters, (exporter) => exportWithin(left, exporter), {
      concurrency: "unbounded"
    })
    const flushed = controls.filter((_, i) => Result.isSuccess(results[i]!))
    const failures = results.flatMap((result) => (Result.isFailure(result) ? [result.failure] : []))
    const exports = exported.flatMap((result) => (Result.isFailure(result) ? [result.failure] : []))
    if (failures.length === 0 && exports.length === 0) return
    return yield* new FlushFailed({
      namespace: registry.namespace,
      flushed: flushed.map(({ service }) => service.recorderId),
      failures,
      exports
    })
  })

const exportWithin = (left: Duration.Duration, { flush, name }: FlushedExporter) =>
  endsWithin(left)(flush).pipe(
    Effect.mapError(({ message }) => ({ exporter: name, reason: message })),
    Effect.result
  )
