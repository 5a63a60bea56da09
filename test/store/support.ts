import { Context, Effect, Layer, Scope } from "effect"
import { type Metric, MetricsRuntime, type RuntimeOptions, type RuntimeService, type Snapshot } from "mvx-metrics"
import { MetricsStoreError } from "mvx-metrics/MetricsError"
import {
  MetricsStore,
  type ReaderOptions,
  StateStore,
  type StateStoreService,
  type StoreReport,
  type WriterOptions
} from "mvx-metrics/MetricsStore"
import { Lowest, ShopMetrics, Sold } from "../cluster/fixtures/shop.metrics.ts"
import { channelStore, serve } from "./fixtures/channelStore.ts"

export const namespace = "test.store"

const AnHour = 3_600_000

/** A store in memory whose uses a test looks into, and has fail. */
export const openStore = Effect.gen(function* () {
  const fresh = Effect.map(Layer.build(Layer.fresh(MetricsStore.layerMemory)), (context) =>
    Context.get(context, StateStore)
  )
  let memory = yield* fresh
  const scope = yield* Effect.scope
  const writes: Array<Parameters<StateStoreService["write"]>[0]> = []
  const control: { failure: string | undefined; afterWrite: string | undefined } = {
    failure: undefined,
    afterWrite: undefined
  }
  const failed = (operation: string, reason: string) => new MetricsStoreError({ store: "test", operation, reason })
  const service: StateStoreService = {
    retire: (retired) => memory.retire(retired),
    forget: (namespace, olderThan) => memory.forget(namespace, olderThan),
    place: "test",
    write: (write) =>
      Effect.suspend(() => {
        if (control.failure !== undefined) return Effect.fail(failed("write", control.failure))
        writes.push(write)
        const { afterWrite } = control
        control.afterWrite = undefined
        return afterWrite === undefined
          ? memory.write(write)
          : Effect.andThen(memory.write(write), Effect.fail(failed("write", afterWrite)))
      }),
    read: (read) =>
      Effect.suspend(() =>
        control.failure === undefined ? memory.read(read) : Effect.fail(failed("read", control.failure))
      )
  }
  const name = `test ${process.pid} ${Math.random()}`
  yield* serve(name, service)
  const lose = (): void => {
    memory = Effect.runSync(Scope.provide(fresh, scope))
  }
  return { control, lose, layer: Layer.succeed(StateStore, service), module: channelStore(name), service, writes }
})

export type OpenStore = Effect.Success<typeof openStore>

export type MakeWriter = (
  store: OpenStore,
  options?: Partial<RuntimeOptions>,
  writer?: WriterOptions
) => Effect.Effect<RuntimeService, never, Scope.Scope>

const metrics = new URL("../cluster/fixtures/shop.metrics.ts", import.meta.url)

const writing = (runtime: RuntimeService, options: WriterOptions) =>
  Effect.gen(function* () {
    yield* runtime.start
    yield* Layer.build(MetricsStore.layer(options).pipe(Layer.provide(Layer.succeed(MetricsRuntime, runtime))))
    return runtime
  }).pipe(Effect.orDie)

/** Started runtimes that write when they are flushed, and at their end. */
export const kinds: { readonly [name: string]: MakeWriter } = {
  "in process": (store, options, writer) =>
    Effect.flatMap(MetricsRuntime.makeInProcess({ namespace, logging: "silent", ...options }), (runtime) =>
      writing(runtime, { store: store.layer, every: AnHour, ...writer })
    ),
  "on the worker": (store, options, writer) =>
    Effect.flatMap(MetricsRuntime.makeWorker({ namespace, logging: "silent", metrics, ...options }), (runtime) =>
      writing(runtime, { store: store.module, every: AnHour, ...writer })
    )
}

export const readerOf = (store: OpenStore, options?: Partial<ReaderOptions>) =>
  MetricsStore.makeReader({
    store: store.layer,
    namespace,
    metrics: [ShopMetrics],
    levels: [Lowest],
    ...options
  })

export const dimensions = <M extends Metric.Any>(report: StoreReport, metric: M, recorder: string) => {
  const snapshot = report.recorders[recorder]?.snapshots[metric.name]
  return (snapshot as Snapshot.Snapshot<Metric.Dimensions<M>> | undefined)?.dimensions
}

export const soldIn = (report: StoreReport, recorder: string): number => dimensions(report, Sold, recorder)?.value ?? 0
