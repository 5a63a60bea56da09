/**
 * The description of exports on the live page and in the terminal.
 */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpClient } from "effect/http"
import { MetricsLayer, MetricsRuntime } from "mvx-metrics"
import * as Otlp from "mvx-metrics/Otlp"
import { shownExport } from "../../src/internal/live/model/problems.ts"
import { liveData } from "../../src/internal/live/server/readRuntime.ts"

const none = { exporter: "OTLP", delivered: 0, partial: 0, failed: 0, rejectedPoints: 0 }

describe("an exporter on the live page", () => {
  it.each([
    [{ ...none, delivered: 3 }, "3 delivered"],
    [{ ...none, failed: 1 }, "0 delivered, 1 failed"],
    [
      { delivered: 1234, partial: 1, failed: 2, rejectedPoints: 70 },
      "1,234 delivered, 1 in part, 2 failed, 70 points rejected"
    ]
  ])("with %j shows: %s", (counts, text) => {
    expect(shownExport({ ...none, ...counts, failing: undefined, lastError: undefined }).text).toBe(text)
  })

  it.effect("is in the data of a live page", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const read = liveData(runtime, { maxRecorders: 1, maxSeries: 1 })
      yield* Effect.exit(Effect.flatMap(Otlp.Exporter, ({ flush }) => flush))
      expect((yield* read).runtime?.exports).toMatchObject([{ failed: 1, failing: "defect", lastError: { at: 0 } }])
    }).pipe(
      Effect.provide(
        Otlp.layer({ shutdownTimeout: 1 }).pipe(
          Layer.provideMerge(MetricsLayer.layerInProcess({ namespace: "test.live", logging: "silent" })),
          Layer.provide(
            Layer.succeed(
              HttpClient.HttpClient,
              HttpClient.make(() => Effect.die("no network"))
            )
          )
        )
      )
    )
  )
})
