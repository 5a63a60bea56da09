// A reader of a store for programs without Effect.
import { Context, Effect, Layer, Scope } from "effect"
import { MetricsStore, StateStore } from "mvx-metrics/MetricsStore"
import { type LogEntry, MetricsReader, MetricsRuntime } from "mvx-metrics/promise"
import { expect, it } from "vitest"
import { ShopMetrics, Sold, sale } from "../cluster/fixtures/shop.metrics.ts"

const namespace = "test.reader"

const memory = async () => {
  const scope = Scope.makeUnsafe()
  const context = await Effect.runPromise(Scope.provide(Layer.build(Layer.fresh(MetricsStore.layerMemory)), scope))
  return Layer.succeed(StateStore, Context.get(context, StateStore))
}

it("reports, scrapes and serves what processes have written, and can be closed twice", async () => {
  const store = await memory()
  for (const pieces of [1, 10]) {
    const runtime = await MetricsRuntime.start({ namespace, inProcess: true, logging: "silent" })
    await runtime.writeTo({ store })
    const recorder = await runtime.createRecorder("shop")
    await recorder.registerMetric(ShopMetrics)
    recorder.registerEvent(sale(pieces))
    await runtime.shutdown()
  }
  await using reader = await MetricsReader.open({ store, namespace: ` ${namespace} `, metrics: [ShopMetrics] })
  expect(reader.namespace).toBe(namespace)
  const { ended, recorders } = await reader.report()
  expect(ended).toBe(2)
  expect(recorders.shop!.snapshots[Sold.name]).toMatchObject({ dimensions: { value: 11 } })
  expect(await reader.scrape()).toMatch(/^shop_sold\w*\{recorder="shop".*\} 11$/m)
  const { handler } = reader.prometheus({ selfMetrics: false })
  expect(await (await handler(new Request("http://localhost/metrics"))).text()).toMatch(/^shop_sold.* 11$/m)
  const page = await reader.livePage()
  const data = await (await page.handler(new Request("http://localhost/metrics/live/data"))).json()
  expect(data).toMatchObject({ namespace })
  await reader.close()
})

it("rejects with the specific error, and logs to the program's logger", async () => {
  const store = await memory()
  const options = { store, namespace, metrics: [ShopMetrics] }
  await expect(MetricsReader.open({ ...options, maxEnded: 0 })).rejects.toMatchObject({
    _tag: "mvx-metrics/InvalidArgument",
    argument: "maxEnded"
  })
  const missing = MetricsStore.module(new URL("./missing.ts", import.meta.url))
  await expect(MetricsReader.open({ ...options, store: missing })).rejects.toMatchObject({
    _tag: "mvx-metrics/MetricsStoreError"
  })
  const lines: Array<LogEntry> = []
  const damaged = Layer.succeed(StateStore, {
    ...Context.get(await Effect.runPromise(Effect.scoped(Layer.build(store))), StateStore),
    read: () =>
      Effect.succeed([
        {
          source: "one",
          epoch: 1,
          sequence: 1,
          age: 0,
          hasEnded: false,
          isLasting: false,
          entries: new Map([["#", Buffer.from("no JSON")]])
        }
      ])
  })
  await using reader = await MetricsReader.open({ ...options, store: damaged, logger: (line) => lines.push(line) })
  expect((await reader.report()).unreadable).toMatchObject([{ source: "one", what: "the accounting of the source" }])
  expect(lines).toMatchObject([{ level: "warn", annotations: { namespace } }])
  await expect(reader.scrape({ timeout: "never" as never })).rejects.toMatchObject({ argument: "timeout" })
})
