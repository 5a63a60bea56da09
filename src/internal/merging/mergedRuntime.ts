/** The merged recorders of many processes as a runtime that exporters read. It has no recorders of its own. */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { collectedScrapes } from "../exporters/renderCollected.ts"
import { largestSeries } from "../fold/topSeries.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { mergedBygone } from "../metric/mergedSnapshot.ts"
import { RecorderNotFound, RuntimeFailed } from "../model/runtimeErrors.ts"
import type { ClusterStats, RuntimeStats } from "../model/runtimeStats.ts"
import { OthersTotal } from "../model/totalIds.ts"
import { InvalidState } from "../model/usageErrors.ts"
import { recorderDefaults } from "../recorder/defaults.ts"
import type { Log } from "../recorder/logging.ts"
import { FlushedExporters, flushOf } from "../runtime/flush.ts"
import { processInstance } from "../runtime/instanceId.ts"
import { type RuntimeInternals, type Source, withInternals } from "../runtime/internals.ts"
import type { RuntimeService } from "../runtime/service.ts"
import { SharedScrapes } from "../runtime/sharedScrapes.ts"
import { StateChanges } from "../runtime/stateChanges.ts"
import { unused } from "../stream/usage.ts"
import { inSlices } from "../util/inSlices.ts"
import { withLiveClock } from "../util/liveClock.ts"
import type { Pieces } from "../util/pieces.ts"
import { durationText } from "../util/timing.ts"
import { AddedUpSource } from "./addedUpSource.ts"
import type { Others, Total } from "./merger.ts"

/** Since when each metric counts, if that is known. */
interface Dated {
  readonly createdAt?: { readonly [metric: string]: number }
}

/** What is shown. */
export interface Merged {
  readonly at: number
  readonly recorders: { readonly [recorderId: string]: Total & Dated }
  readonly others?: Others & Dated
  readonly stats: ClusterStats
}

export interface MergedRuntimeOptions {
  /** Where the recorders come from, for messages. Default: a store. */
  readonly subject?: "cluster" | "store"
  readonly namespace: string
  readonly metrics: ReadonlyArray<Metric.Any>
  /** Sends a request to all processes, or to a store. */
  readonly merged: Effect.Effect<Merged>
  /** Since when everything counts, in milliseconds since the Unix epoch. */
  readonly begun: number
  readonly context: Context.Context<never>
  readonly log: Log
  /** Writes them to a store, unless something else does. */
  readonly tellStore?: (
    telling: Parameters<RuntimeInternals["tellStore"]>[0],
    onFlush: RuntimeInternals["onFlush"]
  ) => ReturnType<RuntimeInternals["tellStore"]>
  /** The progress of these writes. */
  readonly storeStats?: () => RuntimeStats["store"]
}

/** A recorder id, from its first appearance until it is no longer kept. */
interface Life {
  readonly instance: number
  readonly since: number
  /**
   * By metric. A metric that counts since a time before it was first shown keeps its first start time, because
   * exporters treat another one as a reset.
   */
  readonly createdAt: Map<string, number>
}

export const mergedRuntime = Effect.fnUntraced(function* (
  options: MergedRuntimeOptions
): Effect.fn.Return<RuntimeService, never, Scope.Scope> {
  const { begun, context, log, metrics, namespace } = options
  const states = new StateChanges()
  states.announce("Running")
  yield* Effect.addFinalizer(() => Effect.sync(() => void states.announce("Closed")))

  const exporters = new FlushedExporters()
  const lives = new Map<string, Life>()
  let lifeCount = 0
  /** When an id was last found to be no longer kept. What appears later under it begins after that. */
  let forgotten = begun
  let sources: ReadonlyArray<Source> = []
  let readAt = begun
  let cluster: ClusterStats = { processes: 0, silent: 0, ended: 0, age: 0 }

  const lifeOf = ({ createdAt = {} }: Dated): Life => ({
    instance: lifeCount++,
    since: Object.values(createdAt).reduce((first, time) => Math.min(first, time), forgotten),
    createdAt: new Map()
  })

  const sourceOf = (
    recorderId: string,
    { stats, ...total }: Pick<Total, "snapshots" | "stats"> & Dated,
    at: number
  ): Source => {
    const life = lives.get(recorderId) ?? lifeOf(total)
    lives.set(recorderId, life)
    const { instance, since } = life
    const dated = (name: string): number => {
      const createdAt = Math.max(total.createdAt?.[name] ?? since, life.createdAt.get(name) ?? since)
      life.createdAt.set(name, createdAt)
      return createdAt
    }
    const shown = metrics.flatMap((metric) => {
      const snapshot = total.snapshots[metric.name]
      return snapshot === undefined ? [] : [{ metric, snapshot, epoch: 0, createdAt: dated(metric.name) }]
    })
    return {
      recorderId,
      entityId: recorderId,
      instance,
      createdAt: since,
      statsUnsafe: () => stats,
      shown: Effect.forEach(shown, (each) =>
        Effect.map(inSlices(mergedBygone(each.metric, each.snapshot, at)), (bygone) =>
          bygone === undefined ? each : { ...each, bygone }
        )
      ),
      // Its counts come from elsewhere.
      counted: Effect.succeed([]),
      largest: (maxSeries) =>
        Effect.forEach(shown, ({ metric, snapshot }) =>
          Effect.map(inSlices(largestSeries(snapshot.dimensions, maxSeries)), ({ dimensions, seriesCount }) => ({
            metric,
            snapshot: { ...snapshot, dimensions },
            seriesCount
          }))
        )
    }
  }

  const gather = Effect.map(options.merged, ({ at, others, recorders, stats }) => {
    cluster = stats
    readAt = at
    sources = Object.entries(recorders).map(([id, total]) => sourceOf(id, total, at))
    if (others !== undefined) sources = [...sources, sourceOf(idOfOthers(recorders), others, at)]
    const ids = new Set(sources.map(({ recorderId }) => recorderId))
    for (const id of lives.keys()) {
      if (ids.has(id)) continue
      lives.delete(id)
      forgotten = at
    }
  })

  const storeOf = (): Pick<RuntimeStats, "store"> => {
    const store = options.storeStats?.()
    return store === undefined ? {} : { store }
  }

  const [render, renderAddedUp] = [collectedScrapes(), collectedScrapes()]
  const addedUp = new AddedUpSource(lifeCount++)
  const shared = new SharedScrapes<Pieces, never>()
  const internals: RuntimeInternals = {
    context,
    log,
    isDurable: false,
    instanceId: processInstance,
    gather,
    sources: () => sources,
    totals: () => [],
    // The counts of ended recorders stay in the totals.
    beforeRemoval: () => () => {},
    saveNow: () => {},
    onRegistered: () => () => {},
    tellStore: (telling) =>
      options.tellStore?.(telling, internals.onFlush) ?? Effect.fail(notThere("write to a store")),
    onFlush: (exporter) => exporters.add(exporter),
    watchMetrics: (watch) => {
      for (const metric of metrics) watch(metric, true)
      return () => {}
    },
    makeIdle: () => Effect.fail(notThere("make a recorder")),
    usage: () => ({ recorders: sources.length, cluster, ...storeOf(), ...exporters.stats }),
    foldLag: () => undefined,
    foldCame: () => {},
    scrape: (request) => scraped(request)
  }

  /** Waits by the live clock, with the time of the first requester's clock. */
  const scraped: RuntimeInternals["scrape"] = (request) =>
    Effect.clockWith((clock) => {
      const rendering =
        request.rendering.recorderLabel === "none" ? renderAddedUp(asOne, request) : render(service, request)
      const rendered = Effect.provideService(rendering, Clock.Clock, clock)
      return shared.share(JSON.stringify([request.rendering, request.others?.kind]), rendered).pipe(
        Effect.timeoutOrElse({
          duration: request.timeout,
          orElse: () => {
            const most = durationText(request.timeout)
            return Effect.fail(new RuntimeFailed({ namespace, cause: new Error(`it was not rendered within ${most}`) }))
          }
        }),
        withLiveClock
      )
    })

  const notThere = (operation: string): InvalidState =>
    new InvalidState({
      subject: options.subject ?? "store",
      id: namespace,
      state: "the merged metrics of other processes",
      operation,
      hint: "Make recorders in a runtime of MetricsLayer"
    })
  const notFound = (recorderId: string) => Effect.fail(new RecorderNotFound({ recorderId, namespace }))

  const service: RuntimeService = withInternals(
    {
      namespace,
      state: Effect.sync(() => states.state),
      get states() {
        return states.stream
      },
      stats: Effect.sync(() => ({ restarts: 0, ...unused(0), ...internals.usage(), recorders: sources.length })),
      start: Effect.void,
      acceptThreads: () => Effect.fail(notThere("accept threads")),
      threadPort: () => Effect.fail(notThere("accept threads")),
      recorder: () => Effect.fail(notThere("make a recorder")),
      createRecorder: () => Effect.fail(notThere("make a recorder")),
      getRecorder: notFound,
      findRecorder: () => Effect.succeed(Option.none()),
      recorderIds: Effect.succeed([]),
      stopRecorder: notFound,
      stopAndRemoveRecorder: notFound,
      beforeRemoval: () => Effect.void,
      flush: flushOf(
        { namespace, controls: [], refuseReadInHook: Effect.void },
        exporters,
        recorderDefaults.waitTimeout
      ),
      flightRecording: () => Effect.fail(notThere("give the last events")),
      shutdown: Effect.void
    },
    internals
  )
  const asOne = withInternals(service, { ...internals, sources: () => addedUp.of(sources, readAt) })
  return service
})

/** An id that no recorder of the report has. */
const idOfOthers = (recorders: Merged["recorders"]): string => {
  let id: string = OthersTotal
  while (Object.hasOwn(recorders, id)) id = `other_${id}`
  return id
}
