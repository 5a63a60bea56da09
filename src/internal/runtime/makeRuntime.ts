/** The runtime: one link to one fold, and the recorders on it. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { KeeperProgress } from "../link/keeperEnd.ts"
import type { Link } from "../link/link.ts"
import type { ShippingProgress } from "../link/shippingEnd.ts"
import { MetricsStoreError } from "../model/exportErrors.ts"
import { aFunction, aString, type Check, refuse, whyInvalid, whyInvalidOptions } from "../model/optionChecks.ts"
import type { RuntimeStartError } from "../model/runtimeErrors.ts"
import type { DurableStats, RuntimeStats, StreamStats, ThreadStats } from "../model/runtimeStats.ts"
import type { RecorderControl } from "../recorder/control.ts"
import { recorderDefaults } from "../recorder/defaults.ts"
import { Log } from "../recorder/logging.ts"
import { unused } from "../stream/usage.ts"
import { Listeners, listening } from "../util/listeners.ts"
import { sleepInBackground, withLiveClock } from "../util/liveClock.ts"
import { oncePer } from "../util/oncePer.ts"
import { millisOf } from "../util/timing.ts"
import { FlightRecorder } from "./flightRecorder.ts"
import { FlushedExporters, flushOf } from "./flush.ts"
import { folderInstance, processInstance } from "./instanceId.ts"
import { type MetricWatch, type RuntimeInternals, type Source, withInternals } from "./internals.ts"
import { RuntimeLifecycle } from "./lifecycle.ts"
import { defaultMemoryLimit, type RuntimeOptions } from "./options.ts"
import { RecorderRegistry } from "./registry.ts"
import { scrapeOf } from "./scrape.ts"
import type { RuntimeService } from "./service.ts"
import { shutdownOf } from "./shutdown.ts"
import { defaultStreamMemory, logShipping } from "./streamOptions.ts"
import { threadsOf } from "./threads.ts"
import { ToldAccounts } from "./toldAccounts.ts"

/**
 * Makes an idle runtime that shuts down with the scope.
 *
 * @param checks the checks of all options, including those of `makeLink`
 * @param makeLink opens the link to the fold when the runtime starts; its scope is that of the running fold
 */
export const makeRuntime = Effect.fnUntraced(function* (
  options: RuntimeOptions,
  checks: { readonly [option: string]: Check },
  makeLink: Effect.Effect<Link, RuntimeStartError, Scope.Scope>
): Effect.fn.Return<RuntimeService, never, Scope.Scope> {
  yield* refuse(whyInvalidOptions(options, checks, ["namespace"]))
  const namespace = options.namespace.trim()
  const shutdownTimeout = options.shutdownTimeout ?? recorderDefaults.shutdownTimeout
  const log = new Log(options.logging ?? recorderDefaults.logging, { namespace })
  const context = yield* Effect.context<never>()
  const exporters = new FlushedExporters()
  const watches = new Listeners<MetricWatch>()
  const registrations = new Listeners<(source: Source) => void>()
  const onOpened = (link: Link): void => {
    const { durable, expositionNames, shipping } = link
    flightRecorder?.opened(link)
    if (durable !== undefined) {
      exporters.add({ name: "durable state", flush: durable.persist })
      durable.onRegistered = (recorderId) => {
        registry.prepareTotal(recorderId)
        const control = registrations.size === 0 ? undefined : registry.controlOf(recorderId)
        if (control !== undefined) for (const tell of registrations) tell(sourceOf(control))
      }
      durable.onWarning((text) => lifecycle.warn(text))
    }
    if (shipping !== undefined) {
      exporters.add({ name: "event store", flush: shipping.flush })
      shipping.onChange = (progress) => void lifecycle.inBackground(logShipping(log, progress))
    }
    expositionNames.onChange = (metric, isThere) => {
      for (const watch of watches) watch(metric, isThere)
    }
  }
  const lifecycle = new RuntimeLifecycle({
    namespace,
    log,
    context,
    shutdownTimeout,
    makeLink,
    onOpened,
    onStateChanged: options.onStateChanged
  })
  const flightRecorder = options.flightRecorder && new FlightRecorder(lifecycle, options.flightRecorder)
  if (flightRecorder !== undefined) exporters.add({ name: "flight recorder", flush: flightRecorder.written })
  const registry = new RecorderRegistry(lifecycle, options)
  const threads = threadsOf(lifecycle, registry)
  const shutdown = shutdownOf(lifecycle, registry, flightRecorder, threads)

  yield* Effect.addFinalizer(() => Effect.catch(shutdown, (error) => log.failure(error.message)))

  const usage = (): RuntimeStats => ({
    recorders: registry.controls.length,
    restarts: lifecycle.restarts,
    ...(lifecycle.link?.usage() ?? unused(options.memoryLimit ?? defaultMemoryLimit)),
    ...(lifecycle.link?.store.end && { store: durableStats(lifecycle.link.store.end.progress, registry.accepted) }),
    ...(lifecycle.link?.durable && { durable: durableStats(lifecycle.link.durable.progress, registry.accepted) }),
    ...(lifecycle.link?.shipping && {
      stream: streamStats(lifecycle.link.shipping.progress, options.stream?.memoryLimit ?? defaultStreamMemory)
    }),
    ...threadsIn(threads.stats()),
    ...exporters.stats
  })
  let lag: number | undefined
  const foldLag = (): number | undefined => lag
  const foldCame = (seconds: number): void => {
    lag = seconds
  }
  const { directory } = options.durable ?? {}
  const internals: RuntimeInternals = {
    context,
    log,
    isDurable: options.durable !== undefined,
    instanceId: directory === undefined ? processInstance : folderInstance(directory, namespace, log),
    gather: Effect.void,
    sources: () => registry.controls.map(sourceOf),
    totals: () =>
      registry.totals.map((control) => ({ ...sourceOf(control), statsUnsafe: () => registry.statsOf(control) })),
    beforeRemoval: (read) => registry.farewells.add((control) => read(sourceOf(control))),
    onRegistered: (tell) => registrations.add(tell),
    saveNow: (most) => {
      for (const control of registry.controls) control.publish()
      const { link } = lifecycle
      if (link === undefined || link.isRestarting()) return
      const millis = millisOf(most)
      const end = performance.now() + millis
      try {
        link.durable?.persistNow(millis)
        link.store.end?.persistNow(end - performance.now())
      } catch {
        // The process ends as it would have ended without it.
      }
    },
    tellStore: Effect.fnUntraced(function* (telling) {
      const { link } = lifecycle
      if (link === undefined || !lifecycle.isRunning) {
        return yield* lifecycle.invalidState("write to a store", "Start it first")
      }
      const end = yield* Effect.mapError(link.store.begin(telling), (error) =>
        error instanceof MetricsStoreError
          ? error
          : new MetricsStoreError({ store: telling.place, operation: "open", reason: error.message })
      )
      if ([...exporters].some(({ name }) => name === `store ${telling.place}`)) return
      end.onWarning((text) => lifecycle.warn(text))
      const accounts = new ToldAccounts(link)
      const tell = Effect.sync(() => accounts.tell(registry.controls))
      exporters.add({ name: `store ${telling.place}`, flush: Effect.andThen(tell, end.persist) })
      registry.farewells.add((control) => Effect.sync(() => accounts.tellLast(control)))
      const tells = Effect.repeat(Effect.andThen(tell, withLiveClock(sleepInBackground(telling.intervalMillis))), {
        while: () => lifecycle.isRunning && link.failure() === undefined
      })
      lifecycle.inBackground(tells)
    }),
    onFlush: (exporter) => exporters.add(exporter),
    watchMetrics: (watch) => {
      const all = registry.controls.flatMap((control) => control.metricsUnsafe())
      for (const metric of new Map(all.map((metric) => [metric.name, metric])).values()) watch(metric, true)
      return watches.add(watch)
    },
    makeIdle: (recorderId, own) => registry.makeIdle(recorderId, own),
    usage,
    foldLag,
    foldCame,
    ...scrapeOf(lifecycle, registry, { foldCame, foldLag, usage })
  }

  const service: RuntimeService = {
    namespace,
    state: Effect.sync(() => lifecycle.state),
    get states() {
      return lifecycle.states
    },
    stats: Effect.andThen(
      log.inspection("read the stats of the runtime"),
      Effect.sync(() => usage())
    ),
    start: lifecycle.start,
    acceptThreads: threads.acceptThreads,
    threadPort: threads.threadPort,
    recorder: (recorderId, own) => registry.use(recorderId, own),
    createRecorder: (recorderId, own) => registry.createNew(recorderId, own),
    getRecorder: (recorderId) => registry.get(recorderId),
    findRecorder: (recorderId) => registry.find(recorderId),
    recorderIds: registry.ids,
    stopRecorder: (recorderId) => registry.stop(recorderId),
    stopAndRemoveRecorder: (recorderId) => registry.stopAndRemove(recorderId),
    beforeRemoval: (tell) =>
      Effect.andThen(
        refuse(whyInvalid("tell", tell, aFunction)),
        listening(() => registry.farewells.add((control) => tell(control.service)))
      ),
    flush: flushOf(registry, exporters, options.waitTimeout ?? recorderDefaults.waitTimeout),
    flightRecording: (asked) =>
      Effect.andThen(
        refuse(whyInvalidOptions(asked, { recorderId: aString })),
        Effect.suspend(() => {
          if (flightRecorder !== undefined && lifecycle.link !== undefined) {
            return Effect.succeed(flightRecorder.recent(asked?.recorderId))
          }
          const hint = flightRecorder === undefined ? "Make it with flightRecorder: {}" : "Start it first"
          return Effect.fail(lifecycle.invalidState("give the last events", hint))
        })
      ),
    shutdown
  }
  return withInternals(service, internals)
})

const threadsIn = (threads: ReadonlyArray<ThreadStats> | undefined): Pick<RuntimeStats, "threads"> =>
  threads === undefined ? {} : { threads }

const durableStats = ({ events, ...rest }: KeeperProgress, accepted: number): DurableStats => ({
  ...rest,
  unsaved: accepted - events
})

const streamStats = ({ kept, ...rest }: ShippingProgress, limit: number): StreamStats => ({
  ...rest,
  kept: { used: kept, limit }
})

const sourceOf = oncePer(
  (control: RecorderControl): Source => ({
    recorderId: control.service.recorderId,
    entityId: control.service.entityId,
    instance: control.instance,
    createdAt: control.createdAt,
    shown: control.reads.shown,
    counted: control.reads.counted,
    largest: (maxSeries) => control.reads.largest(maxSeries),
    statsUnsafe: () => control.statsUnsafe()
  })
)
