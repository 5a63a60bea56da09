/**
 * Exporters take a runtime as an Effect service, or as the promise facade has it.
 */
import { hasInternals, notARuntime } from "./internals.ts"
import type { RuntimeService } from "./service.ts"

/**
 * The `MetricsRuntime` of `mvx-metrics/promise`, or the service of Effect: `yield* MetricsRuntime`.
 *
 * @category models
 * @since 0.2.0
 */
export type AnyRuntime = RuntimeService | FacadeRuntime

/** What tells the facade's runtime from others, without importing it. */
interface FacadeRuntime extends AsyncDisposable {
  readonly namespace: string
  readonly recorderIds: ReadonlyArray<string>
}

const services = new WeakMap<object, RuntimeService>()

/** Remembers the service that is behind an object of the facade. */
export const withService = (facade: object, service: RuntimeService): void => void services.set(facade, service)

export const serviceOf = (runtime: AnyRuntime): RuntimeService => {
  if (hasInternals(runtime)) return runtime
  const service = typeof runtime === "object" && runtime !== null ? services.get(runtime) : undefined
  if (service === undefined) throw notARuntime()
  return service
}
