/**
 * What a runtime can do for the exporters of this package, beside what its service offers.
 */
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
  /** How long the fold may take, by the real clock. */
  readonly timeout: Duration.Input
  /** What is to be shown beside, read when its turn has come. Those of one `kind` are the same. */
  readonly others?: { readonly kind: string; readonly read: () => ReadonlyArray<MetricData> }
}

/** The metrics of recorders as OTLP has them, without what the library says of itself, and without totals. */
export interface OtlpRequest {
  readonly rendering: OtlpRendering
  readonly timeout: Duration.Input
  /** What it goes on from, read when its turn has come. */
  readonly from: () => OtlpBase
}

export interface OtlpBase {
  /** Recorders, by instance, that are left out: what was exported of them last still stands. */
  readonly without: ReadonlySet<number>
  /** What was exported last, of deltas. Of what is in several, the first one counts. */
  readonly bases: ReadonlyArray<Uint8Array>
  /** Memory for what is exported now, which nobody else uses. */
  readonly free?: SharedArrayBuffer | undefined
}

/** A recorder, as exporters read it. */
export interface Source {
  readonly recorderId: string
  readonly entityId: string
  readonly statsUnsafe: () => Stats
  /** Tells it from all others of this process, those of the same id included. */
  readonly instance: number
  /** Since when it counts. */
  readonly createdAt: number
  /** What all metrics show, every event accepted before included. */
  readonly shown: Effect.Effect<ReadonlyArray<OfMetric<ShownRead>>, ReadError>
  /** What all metrics have counted, for those who add up processes. */
  readonly counted: Effect.Effect<ReadonlyArray<OfMetric<StateRead>>, ReadError>
  /** What they show, with the largest series of each metric only. */
  readonly largest: (maxSeries: number) => Effect.Effect<ReadonlyArray<OfMetric<LargestRead>>, ReadError>
}

/** Sends what a runtime has to show somewhere, and fails with why it did not arrive. */
export interface FlushedExporter {
  readonly name: string
  readonly flush: Effect.Effect<unknown, Error>
  /** How its exports went, where it counts them. */
  readonly stats?: () => ExportStats
}

export type MetricWatch = (metric: Metric.Any, isThere: boolean) => void

export interface RuntimeInternals {
  /** What the runtime was made in. Exporters without Effect run in it. */
  readonly context: Context.Context<never>
  readonly log: Log
  /** Whether it has the option `durable`. */
  readonly isDurable: boolean
  /** What tells this process apart from others of its service, and stays where it goes on from a state in a folder. */
  readonly instanceId: Effect.Effect<string>
  /** Brings the recorders here, where they are elsewhere. To be run before they are read. */
  readonly gather: Effect.Effect<void>
  /** The recorders of now. */
  readonly sources: () => ReadonlyArray<Source>
  /**
   * The totals of recorders that were removed. Who reads a recorder before it is removed, or adds up its lives, has what
   * is in them.
   */
  readonly totals: () => ReadonlyArray<Source>
  /**
   * Who wants to read recorders once more before they are gone, after they stopped. It gives what undoes this. A
   * removal waits for it.
   */
  readonly beforeRemoval: (read: (source: Source) => Effect.Effect<void>) => () => void
  /**
   * The process may end with this call: has the fold see all events that it can, and a worker write the durable state, for
   * which it blocks the thread no longer than this. Never throws.
   */
  readonly saveNow: (most: Duration.Input) => void
  /**
   * Tells of a recorder right after metrics were registered in it, where the state is durable: a read that is begun in
   * that call is of what they went on from. It gives what undoes this.
   */
  readonly onRegistered: (tell: (source: Source) => void) => () => void
  /** Has the fold tell a store what it counts, from now on until the runtime shuts down. */
  readonly tellStore: (telling: Telling) => Effect.Effect<void, InvalidState | MetricsStoreError>
  /** Has a flush of the runtime flush an exporter, behind the events before it. It gives what undoes this. */
  readonly onFlush: (exporter: FlushedExporter) => () => void
  /**
   * Tells of each metric by name, at once of those that are there, and when the last one of the name is there no more.
   * It gives what undoes this.
   */
  readonly watchMetrics: (watch: MetricWatch) => () => void
  /** Makes a recorder without starting it, as one that is made alone is: for tests of what is true of all recorders. */
  readonly makeIdle: <R = never>(
    recorderId: string,
    options?: RecorderOptions<R>
  ) => Effect.Effect<RecorderService, InvalidState | RecorderAlreadyExists, R>
  /** Of a cluster, there is less to tell. */
  readonly usage: () => Partial<RuntimeStats>
  /** How long the fold took, in seconds, to come to the last read. */
  readonly foldLag: () => number | undefined
  /** Remembers it. */
  readonly foldCame: (seconds: number) => void
  /** What there is to show in a format: every event accepted before is in it. Made where the metrics are folded. */
  readonly scrape: (request: ScrapeRequest) => Effect.Effect<Pieces, RenderError>
  /** The same for OTLP, where the metrics are folded in this process. */
  readonly otlp?: (request: OtlpRequest) => Effect.Effect<Rendered, RenderError>
}

const { read, tokenOf } = opaque<RuntimeInternals>()

/** The service, frozen, with a token of the internals: copies of the service have it as well. */
export const withInternals = (service: RuntimeService, internals: RuntimeInternals): RuntimeService => {
  // What is a getter stays one: who has no streams asks for none.
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

/** What an exporter says of a value that is not a runtime of this package. */
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
