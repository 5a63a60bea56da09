/** Scrapes of merged metrics without the label `recorder`. */
import { expect, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { MetricsRuntime, type RuntimeService } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { ShopMetrics, sale } from "../cluster/fixtures/shop.metrics.ts"
import { parseExposition } from "../support/expositionParser.ts"
import { kinds, openStore, readerOf } from "./support.ts"

const stocked = (pieces: number) => ({ _tag: "shop.stocked", pieces }) as const

const scraped = (runtime: RuntimeService, recorderLabel: "id" | "none") =>
  Effect.map(
    Effect.provideService(Prometheus.render("openmetrics", { recorderLabel }), MetricsRuntime, runtime),
    (text) =>
      Object.fromEntries(
        [...parseExposition(text, "openmetrics").values()]
          .flatMap(({ samples }) => samples)
          .map(({ labels: { namespace: _, ...labels }, name, value }) => [
            `${name}${JSON.stringify(Object.entries(labels).sort())}`,
            value
          ])
      )
  )

it.effect("all recorders of all processes are one without the label", () =>
  Effect.gen(function* () {
    const store = yield* openStore
    const reader = yield* readerOf(store)
    const scope = yield* Scope.make()
    const ended = yield* Scope.provide(kinds["in process"]!(store), scope)
    const running = yield* kinds["in process"]!(store)
    const made = Effect.fnUntraced(function* (runtime: RuntimeService, id: string, ...sold: ReadonlyArray<number>) {
      const recorder = yield* runtime.createRecorder(id)
      yield* recorder.register(ShopMetrics)
      for (const pieces of sold) yield* recorder.emit(sale(pieces))
      return recorder
    })
    yield* made(ended, "a", 100)
    yield* Scope.close(scope, Exit.void)
    yield* (yield* made(running, "a", 1, 2)).emit(stocked(3))
    yield* (yield* made(running, "b", 10)).emit(stocked(4))
    yield* running.flush()
    const shown = yield* scraped(reader.runtime, "none")
    expect(shown).toMatchObject({
      'shop_sold_total[["product","tea"]]': 113,
      "shop_stock[]": 7,
      'shop_lowest[["dimension","least"]]': 3,
      "mvx_metrics_events_accepted_total[]": 6,
      "mvx_metrics_events_applied_total[]": 6,
      "mvx_metrics_metrics_registered[]": 3,
      "mvx_metrics_recorders[]": 2
    })
    expect(Object.keys(shown).filter((series) => series.includes('"recorder"'))).toEqual([])
    const apart = yield* scraped(reader.runtime, "id")
    expect(apart).toMatchObject({
      'shop_sold_total[["product","tea"],["recorder","a"]]': 103,
      'shop_sold_total[["product","tea"],["recorder","b"]]': 10
    })
    expect(shown['shop_sold_created[["product","tea"]]']).toBe(
      Math.min(...["a", "b"].map((id) => apart[`shop_sold_created[["product","tea"],["recorder","${id}"]]`]!))
    )
  }).pipe(Effect.scoped)
)
