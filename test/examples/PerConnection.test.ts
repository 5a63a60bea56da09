// The programs of docs/guides/many-recorders.md: a recorder per connection, and a recorder per tenant that is kept for an idle time.
import { expect } from "@effect/vitest"
import { Deferred, Effect, Fiber, LayerMap } from "effect"
import { TestClock } from "effect/testing"
import { MetricsRuntime, Recorder } from "mvx-metrics"
import { SaveAttempts } from "../../examples/01_document-storage/document-storage.metrics.ts"
import { onBothLayers } from "../support/bothLayers.ts"
import { forkNow } from "../support/forkNow.ts"

const modules = [new URL("../../examples/01_document-storage/document-storage.metrics.ts", import.meta.url)]

const serveConnection = Effect.fn("serve")(function* (id: string, handleConnection: Effect.Effect<void>) {
  const runtime = yield* MetricsRuntime
  const recorder = yield* runtime.recorder(`connection-${id}`, { capacity: 100 })
  yield* recorder.register(SaveAttempts)
  yield* Effect.provideService(handleConnection, Recorder, recorder)
}, Effect.scoped)

class TenantMetrics extends LayerMap.Service<TenantMetrics>()("example/TenantMetrics", {
  lookup: (tenant: string) => Recorder.layer(`tenant-${tenant}`, { capacity: 100 }),
  idleTimeToLive: "5 minutes"
}) {}

const serveTenant = (tenant: string, handleRequest: Effect.Effect<void>) =>
  Effect.andThen(Recorder.register(SaveAttempts), handleRequest).pipe(Effect.provide(TenantMetrics.get(tenant)))

const save = Recorder.emit({ _tag: "document_storage.save.attempt", outcome: "SUCCESS" })

const savesOf = (id: string) =>
  Effect.gen(function* () {
    const runtime = yield* MetricsRuntime
    const recorder = yield* runtime.getRecorder(id)
    return (yield* recorder.snapshot(SaveAttempts)).dimensions.success_total
  })

const ids = Effect.flatMap(MetricsRuntime, (runtime) => runtime.recorderIds)

onBothLayers(
  "the programs of docs/guides/many-recorders.md",
  (it) => {
    it.effect("a connection has its recorder until it ends", () =>
      Effect.gen(function* () {
        const saved = yield* Deferred.make<void>()
        const end = yield* Deferred.make<void>()
        const handle = Effect.all([save, Deferred.succeed(saved, undefined), Deferred.await(end)], { discard: true })
        const connection = yield* forkNow(serveConnection("7", handle))
        yield* Deferred.await(saved)
        yield* serveConnection("8", Effect.void)
        expect(yield* ids).toEqual(["connection-7"])
        expect(yield* savesOf("connection-7")).toBe(1)
        yield* Deferred.succeed(end, undefined)
        yield* Fiber.join(connection)
        expect(yield* ids).toEqual([])
      })
    )

    it.effect("a tenant keeps its recorder until it has been idle for the configured time", () =>
      Effect.gen(function* () {
        const removed = yield* Deferred.make<string>()
        const runtime = yield* MetricsRuntime
        yield* runtime.beforeRemoval(({ recorderId }) => Deferred.succeed(removed, recorderId))
        yield* serveTenant("ann", save)
        yield* TestClock.adjust("4 minutes")
        yield* serveTenant("ann", save)
        yield* serveTenant("bob", save)
        expect(yield* savesOf("tenant-ann")).toBe(2)
        yield* TestClock.adjust("4 minutes")
        yield* serveTenant("bob", save)
        yield* TestClock.adjust("1 minute")
        expect(yield* Deferred.await(removed)).toBe("tenant-ann")
        expect(yield* savesOf("tenant-bob")).toBe(2)
        yield* serveTenant("ann", save)
        expect(yield* savesOf("tenant-ann")).toBe(1)
      }).pipe(Effect.provide(TenantMetrics.layer))
    )
  },
  modules
)
