// A recorder behaves like its model, for any operations in any order.
import { layer } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { MetricsLayer } from "mvx-metrics"
import { runs } from "../support/long.ts"
import { policies } from "../support/policies.ts"
import { forEvery } from "../support/property.ts"
import { anyProgram } from "./recorderPrograms.ts"
import { runProgram } from "./recorderRun.ts"

const namespace = "test.model"
/** Of two pages: long programs come to the end of them. */
const memoryLimit = 2 * 262_144
const metrics = [new URL("./model.metrics.ts", import.meta.url)]

const layers = {
  "in process": MetricsLayer.layerInProcess({ namespace, memoryLimit, logging: "silent" }),
  "on the worker": MetricsLayer.layerWorker({ namespace, memoryLimit, metrics, logging: "silent" })
}

for (const [where, runtime] of Object.entries(layers)) {
  layer(runtime as Layer.Layer<Layer.Success<typeof runtime>, never>)(`any program, ${where}`, (it) => {
    it.effect.each(policies)("%s: a recorder behaves like its model", (overflow) =>
      forEvery(anyProgram, (program) => Effect.asVoid(runProgram(program, overflow)), runs(40))
    )
  })
}
