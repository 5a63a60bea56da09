import * as Schema from "effect/Schema"
import { MetricsModuleError } from "../model/registerErrors.ts"
import { DurableStateError, RuntimeFailed } from "../model/runtimeErrors.ts"
import { InvalidArgument } from "../model/usageErrors.ts"

/** The errors of a worker that cannot work. They are encoded, because structured clone would strip their classes. */
const WorkerStartError = Schema.Union([InvalidArgument, MetricsModuleError, RuntimeFailed, DurableStateError])
type WorkerStartError = typeof WorkerStartError.Type

export const encodeStartError: (error: WorkerStartError) => unknown = Schema.encodeSync(WorkerStartError)

export const decodeStartError: (encoded: unknown) => WorkerStartError = Schema.decodeUnknownSync(WorkerStartError)

export const encodeModuleError: (error: MetricsModuleError) => unknown = Schema.encodeSync(MetricsModuleError)

export const decodeModuleError: (encoded: unknown) => MetricsModuleError = Schema.decodeUnknownSync(MetricsModuleError)

export type { WorkerStartError }
