/** The operations of a runtime for the exporters of this package, in addition to its service. */
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { MetricData } from "../formats/metricData.ts"
import type { Telling } from "../link/toldStore.ts"
import type * as Metric from "../metric/definition/metric.ts"
import type { MetricsStoreError } from "../model/exportErrors.ts"
import type { ExpositionRendering, OtlpRendering } from "../model/format.ts"
import { isRecord } from "../model/optionChecks.ts"
import type { ReadError } from "../model/recorderErrors.ts"
import type { RecorderAlreadyExists, RenderError } from "../model/runtimeErrors.ts"
import type { ExportStats, RuntimeStats } from "../model/runtimeStats.ts"
import type { Stats } from "../model/stats.ts"
import { InvalidArgument, type InvalidState } from "../model/usageErrors.ts"
import type { Log } from "../recorder/logging.ts"
import type { RecorderOptions } from "../recorder/options.ts"
import type { OfMetric } from "../recorder/registrations.ts"
import type { RecorderService } from "../recorder/service.ts"
import type { LargestRead, Rendered, ShownRead, StateRead } from "../stream/foldMessages.ts"
import { opaque } from "../util/opaque.ts"
import type { Pieces } from "../util/pieces.ts"
import { type RuntimeService, RuntimeTypeId } from "./service.ts"

export interface ScrapeRequest {
  readonly rendering: ExpositionRendering
  /** The time limit for the fold, by the real clock. */
  readonly timeout: Duration.Input
  /** What is shown in addition, read at its turn. Requests of one `kind` are the same. */
  readonly others?: { readonly kind: string; readonly read: () => ReadonlyArray<MetricData> }
}

/** Requests the metrics of recorders in OTLP, without the library's own metrics and without totals. */
export interface OtlpRequest {
  readonly rendering: OtlpRendering
  readonly timeout: Duration.Input
  /** The base of the export, read at its turn. */
  readonly from: () => OtlpBase
}

export interface OtlpBase {
  /** Recorders, by instance, that are left out because their last export is still valid. */
  readonly without: ReadonlySet<number>
  /** The last exports, for deltas. If a series is in several, the first one counts. */
  readonly bases: ReadonlyArray<Uint8Array>
  /** Memory for the base of this export, which nothing else uses. */
  readonly free?: SharedArrayBuffer | undefined
}

/** A recorder, as exporters read it. */
export interface Source {
  readonly recorderId: string
  readonly entityId: string
  readonly statsUnsafe: () => Stats
  /** Distinguishes it from all others of this process, including those with the same id. */
  readonly instance: number
  /** When it began to count. */
  readonly createdAt: number
  /** What all metrics show, including every event accepted before. */
  readonly shown: Effect.Effect<ReadonlyArray<OfMetric<ShownRead>>, ReadError>
  /** What all metrics have counted, for processes that add up counts. */
  readonly counted: Effect.Effect<ReadonlyArray<OfMetric<StateRead>>, ReadError>
  /** What they show, with the largest series of each metric only. */
  readonly largest: (maxSeries: number) => Effect.Effect<ReadonlyArray<OfMetric<LargestRead>>, ReadError>
}

/** Sends what a runtime shows, and fails with the reason if it did not arrive. */
export interface FlushedExporter {
  readonly name: string
  readonly flush: Effect.Effect<unknown, Error>
  /** The stats of its exports, if it counts them. */
  readonly stats?: () => ExportStats
}

export type MetricWatch = (metric: Metric.Any, isThere: boolean) => void

export interface RuntimeInternals {
  /** The context in which the runtime was made. Exporters without Effect run in it. */
  readonly context: Context.Context<never>
  readonly log: Log
  /** Whether it has the option `durable`. */
  readonly isDurable: boolean
  /**
   * Distinguishes this process from others of its service. It stays the same when a process continues from a state in a
   * folder.
   */
  readonly instanceId: Effect.Effect<string>
  /** Loads recorders that are elsewhere. Must run before they are read. */
  readonly gather: Effect.Effect<void>
  /** The current recorders. */
  readonly sources: () => ReadonlyArray<Source>
  /**
   * The totals of removed recorders. A reader that reads each recorder before its removal, or adds up its lives, has
   * their contents already.
   */
  readonly totals: () => ReadonlyArray<Source>
  /**
   * Registers a read of recorders after they stopped and before they are gone. Returns the function that undoes this. A
   * removal waits for the read.
   */
  readonly beforeRemoval: (read: (source: Source) => Effect.Effect<void>) => () => void
  /**
   * Called when the process may end: has the fold read all events that it can, and a worker write the durable state,
   * for which it blocks the thread for up to this time. Never throws.
   */
  readonly saveNow: (most: Duration.Input) => void
  /**
   * Calls `tell` right after metrics were registered in a recorder, if the state is durable: a read started in that
   * call shows what they continued from. Returns the function that undoes this.
   */
  readonly onRegistered: (tell: (source: Source) => void) => () => void
  /** Has the fold send its counts to a store, from now on until the runtime shuts down. */
  readonly tellStore: (telling: Telling) => Effect.Effect<void, InvalidState | MetricsStoreError>
  /**
   * Adds an exporter to the flush of the runtime, which includes the events before it. Returns the function that undoes
   * this.
   */
  readonly onFlush: (exporter: FlushedExporter) => () => void
  /**
   * Reports each metric by name, immediately for those that exist, and the removal of the last one of a name. Returns
   * the function that undoes this.
   */
  readonly watchMetrics: (watch: MetricWatch) => () => void
  /** Makes a recorder without starting it, like one that is made alone, for tests of properties of all recorders. */
  readonly makeIdle: <R = never>(
    recorderId: string,
    options?: RecorderOptions<R>
  ) => Effect.Effect<RecorderService, InvalidState | RecorderAlreadyExists, R>
  /** A cluster reports less. */
  readonly usage: () => Partial<RuntimeStats>
  /** How long the fold took to reach the last read, in seconds. */
  readonly foldLag: () => number | undefined
  /** Records that time. */
  readonly foldCame: (seconds: number) => void
  /** Renders everything in a format, including every event accepted before, where the metrics are folded. */
  readonly scrape: (request: ScrapeRequest) => Effect.Effect<Pieces, RenderError>
  /** The same for OTLP, if the metrics are folded in this process. */
  readonly otlp?: (request: OtlpRequest) => Effect.Effect<Rendered, RenderError>
}

const { read, tokenOf } = opaque<RuntimeInternals>()

/** The service, frozen, with a token of the internals, which copies of the service also have. */
export const withInternals = (service: RuntimeService, internals: RuntimeInternals): RuntimeService => {
  // Getters stay getters, so that streams are created only when they are used.
  const properties = Object.getOwnPropertyDescriptors(service)
  return Object.freeze(
    Object.defineProperties({} as RuntimeService, {
      ...properties,
      [RuntimeTypeId]: { value: tokenOf(internals), enumerable: true }
    })
  )
}

const internalsIn = (runtime: unknown): RuntimeInternals | undefined =>
  isRecord(runtime) ? read((runtime as Partial<RuntimeService>)[RuntimeTypeId]) : undefined

/** The error of an exporter for a value that is not a runtime of this package. */
export const notARuntime = (): InvalidArgument => {
  const reason =
    "must be a MetricsRuntime: the service of a layer of MetricsLayer, a copy of it, or what MetricsRuntime.start of mvx-metrics/promise returns"
  return new InvalidArgument({ argument: "runtime", reason })
}

/** Whether it is a service of this package, or a copy of one. */
export const hasInternals = (runtime: unknown): runtime is RuntimeService => internalsIn(runtime) !== undefined

export const internalsOf = (runtime: RuntimeService): RuntimeInternals => {
  const internals = internalsIn(runtime)
  if (internals === undefined) throw notARuntime()
  return internals
}
