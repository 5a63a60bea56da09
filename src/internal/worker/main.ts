/** The worker's side of a runtime: reports its metrics, then runs the fold over the stream. */
import { fileURLToPath } from "node:url"
import { isMainThread, MessageChannel, type MessagePort, parentPort, receiveMessageOnPort } from "node:worker_threads"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import type { StoreLayer } from "../durable/openState.ts"
import { isDefinition, mustBeMetric } from "../metric/definition/define.ts"
import { fingerprint, isSame } from "../metric/definition/fingerprint.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { isMetricSet } from "../metric/metricSet.ts"
import { MetricsStoreError } from "../model/exportErrors.ts"
import { MetricsModuleError } from "../model/registerErrors.ts"
import type { DurableStateError, RuntimeFailed } from "../model/runtimeErrors.ts"
import { InvalidArgument } from "../model/usageErrors.ts"
import type { StoreLayer as StatesLayer } from "../store/openStore.ts"
import type {
  CatalogEntries,
  DurableSettings,
  FoldRequest,
  ImportMessage,
  ShippingSettings,
  StoreSettings,
  ThreadMessage,
  WorkerMessage
} from "../stream/workerMessages.ts"
import { describeError, messageOf } from "../util/describeError.ts"
import { closeParentPort } from "../util/nodePort.ts"
import { FoldThread, type ThreadPort } from "./foldThread.ts"
import { onParentMessage, postToParent } from "./ownMessages.ts"
import { encodeModuleError, encodeStartError, type WorkerStartError } from "./startErrors.ts"

/** The metrics by name. Two different definitions of one name are a mistake. */
export const catalogOf = Effect.fnUntraced(function* (
  metrics: ReadonlyArray<unknown>
): Effect.fn.Return<ReadonlyMap<string, Metric.Any>, InvalidArgument> {
  const catalog = new Map<string, Metric.Any>()
  const each = metrics.flatMap((given, index) =>
    (isMetricSet(given) ? given.metrics : [given]).map((metric) => [index, metric] as const)
  )
  for (const [index, metric] of each) {
    if (!isDefinition(metric)) {
      const reason = mustBeMetric
      return yield* new InvalidArgument({ argument: `metrics[${index}]`, reason })
    }
    const taken = catalog.get(metric.name)
    if (taken !== undefined && !isSame(taken, metric)) {
      const reason = `has two different definitions under the name "${metric.name}". Give one of the two another name`
      return yield* new InvalidArgument({ argument: "metrics", reason })
    }
    if (taken === undefined) catalog.set(metric.name, metric)
  }
  return catalog
})

/** Outside a worker thread nothing would end the fold. A forked process has a channel, but not one of this package. */
const parent: Effect.Effect<MessagePort> = Effect.suspend(() =>
  isMainThread || parentPort === null
    ? Effect.die(
        new Error(
          "mvx-metrics: MetricsWorker.run is for the entry of a worker thread, which the option spawn starts: spawn: () => new Worker(...)"
        )
      )
    : Effect.succeed(parentPort)
)

/** Imports a module, by its URL, for the metrics and sets among its exports. */
type ImportModule = (url: string) => Effect.Effect<ReadonlyArray<Metric.Any | Metric.MetricSet>, MetricsModuleError>

/** Adds what a module exports. A name that is taken keeps its definition. */
const addTo = (
  catalog: Map<string, Metric.Any>,
  module: string,
  exported: ReadonlyArray<Metric.Any | Metric.MetricSet>
): Effect.Effect<ImportMessage, MetricsModuleError> =>
  Effect.map(
    Effect.mapError(catalogOf(exported), ({ reason }) => moduleError(module, reason)),
    (found) => {
      const fresh = Array.from(found.values()).filter(({ name }) => !catalog.has(name))
      for (const metric of fresh) catalog.set(metric.name, metric)
      return { _tag: "Imported", module, metrics: entriesOf(fresh) }
    }
  )

const moduleError = (module: string, reason: string): MetricsModuleError =>
  new MetricsModuleError({ path: fileURLToPath(module), reason })

const entriesOf = (metrics: Iterable<Metric.Any>): CatalogEntries =>
  Array.from(metrics, (metric) => [metric.name, fingerprint(metric)])

const threadPort = (port: MessagePort, saves: MessagePort): ThreadPort => ({
  // A list of transfers costs both threads a few microseconds, even if it is empty.
  post: (reply, transfers) => (transfers === undefined ? port.postMessage(reply) : port.postMessage(reply, transfers)),
  save: (saved) => saves.postMessage(saved),
  take: () => receiveMessageOnPort(port)?.message
})

/** Loaded on demand, because most workers keep nothing. */
const keepState = Effect.fnUntraced(function* (
  thread: FoldThread,
  settings: DurableSettings,
  store: StoreLayer | undefined
): Effect.fn.Return<void, DurableStateError | InvalidArgument, Scope.Scope> {
  const { openState } = yield* Effect.promise(() => import("../durable/openState.ts"))
  yield* openState(settings, store, (make) => thread.keep(make))
})

/** Why the store could not be opened, if it could not. */
const tellStore = (
  thread: FoldThread,
  settings: StoreSettings,
  states: StatesLayer | undefined
): Effect.Effect<string | undefined, never, Scope.Scope> =>
  Effect.promise(() => import("../durable/openStoredStates.ts")).pipe(
    Effect.flatMap(({ openStoredStates }) =>
      openStoredStates(settings, states, thread.durable, (make) => thread.tell(make))
    ),
    Effect.as(undefined),
    Effect.catchCause((cause) => {
      const error = Cause.squash(cause)
      // The requester makes the error from it.
      return Effect.succeed(error instanceof MetricsStoreError ? error.reason : messageOf(error))
    })
  )
/** Loaded on demand as well. */
const shipEvents = Effect.fnUntraced(function* (
  thread: FoldThread,
  settings: ShippingSettings
): Effect.fn.Return<void, RuntimeFailed, Scope.Scope> {
  const { openShipper } = yield* Effect.promise(() => import("../shipping/openShipper.ts"))
  yield* openShipper(settings, (make) => thread.ship(make))
})

/** Only the packaged worker is asked for imports. */
const importNothing: ImportModule = () => Effect.succeed([])

/** Runs the fold in this worker until the parent closes it. */
export const runFold = Effect.fnUntraced(function* (
  load: Effect.Effect<ReadonlyArray<unknown>, WorkerStartError>,
  importModule: ImportModule = importNothing,
  store?: StoreLayer,
  states?: StatesLayer
): Effect.fn.Return<void, never, Scope.Scope> {
  const port = yield* parent
  const post = (message: WorkerMessage, transfers?: ReadonlyArray<MessagePort>): void =>
    postToParent(port, [1, message], transfers)
  const loaded = yield* Effect.result(Effect.flatMap(load, catalogOf))
  if (Result.isFailure(loaded)) {
    post({ _tag: "Refused", error: encodeStartError(loaded.failure) })
    return
  }
  const catalog = new Map(loaded.success)
  // Created here, because a program that echoes what is sent to this thread could not send a port back.
  const scope = yield* Effect.scope
  const stream = new MessageChannel()
  const saves = new MessageChannel()
  yield* Effect.addFinalizer(() => Effect.sync(() => stream.port1.close()))
  const thread = new FoldThread(catalog, threadPort(stream.port1, saves.port1))
  stream.port1.on("message", (request: FoldRequest) => thread.receive(request))
  // The channel of the program keeps the thread alive.
  stream.port1.unref()
  yield* thread.run.pipe(
    Effect.catchDefect((defect) => Effect.sync(() => post({ _tag: "Died", reason: describeError(defect) }))),
    Effect.forkScoped({ startImmediately: true })
  )
  const imported = (module: string): Effect.Effect<void> =>
    importModule(module).pipe(
      Effect.flatMap((exported) => addTo(catalog, module, exported)),
      // Otherwise it would only be logged here, and the requester would get no answer.
      Effect.catchDefect((defect) => Effect.fail(moduleError(module, `could not be used: ${describeError(defect)}`))),
      Effect.catch((error) =>
        Effect.succeed<ImportMessage>({ _tag: "NotImported", module, error: encodeModuleError(error) })
      ),
      Effect.map((message) => post(message))
    )
  const told = (settings: StoreSettings): void => {
    // With durable state, the next recorder of an id continues from what its predecessor has left.
    if (thread.durable === undefined) thread.keepEnded()
    Effect.runFork(
      tellStore(thread, settings, states).pipe(
        Scope.provide(scope),
        Effect.map((failure) => post({ _tag: "StoreOpened", failure })),
        (telling) => thread.beside(telling)
      )
    )
  }
  yield* Effect.callback<void>((resume) => {
    const forget = onParentMessage(port, ([kind, data]) => {
      if (kind === 1) {
        closeParentPort(port)
        return resume(Effect.void)
      }
      const message = data as ThreadMessage
      if (message._tag === "Import") return void Effect.runFork(thread.beside(imported(message.module)))
      if (message._tag === "Store") return told(message.states)
      const { durable, shipping } = message
      const ready = Effect.sync(() => {
        if (message.states !== undefined) told(message.states)
        const ports = { port: stream.port2, saved: saves.port2 }
        post({ _tag: "Catalog", metrics: entriesOf(catalog.values()), ...ports }, [ports.port, ports.saved])
      })
      const kept = durable === undefined ? Effect.void : keepState(thread, durable, store)
      const shipped = shipping === undefined ? Effect.void : shipEvents(thread, shipping)
      Effect.runFork(
        Effect.andThen(kept, shipped).pipe(
          Scope.provide(scope),
          Effect.andThen(ready),
          Effect.catch((error) => Effect.sync(() => post({ _tag: "Refused", error: encodeStartError(error) }))),
          Effect.catchDefect((defect) => Effect.sync(() => post({ _tag: "Died", reason: describeError(defect) })))
        )
      )
    })
    // Whoever closed them: requests and answers would not arrive any more.
    const end = (): void => {
      thread.end()
      closeParentPort(port)
      resume(Effect.void)
    }
    port.once("close", end)
    stream.port1.once("close", end)
    postToParent(port, [0])
    return Effect.sync(forget)
  })
}, Effect.scoped)
