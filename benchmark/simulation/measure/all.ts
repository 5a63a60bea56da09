/** Measures all constants. */
import { cpus } from "node:os"
import * as Effect from "effect/Effect"
import type { Constants } from "../constants.ts"
import { measureCluster } from "./cluster.ts"
import { measureEvents } from "./events.ts"
import { measureExports } from "./exports.ts"
import { measurePrometheus } from "./prometheus.ts"
import { measureRedis } from "./redis.ts"
import { measureStates } from "./states.ts"
import { measureWhole } from "./whole.ts"

/** Takes about two minutes, and needs `redis-server` and `prometheus`. */
export const measureAll: Effect.Effect<Constants, unknown> = Effect.gen(function* () {
  const [cpu] = cpus()
  return {
    machine: `Node ${process.version}, ${cpus().length} x ${cpu?.model ?? "unknown processor"}`,
    states: yield* measureStates,
    cluster: yield* measureCluster,
    exports: yield* measureExports,
    redis: yield* measureRedis,
    events: yield* measureEvents,
    prometheus: yield* Effect.promise(measurePrometheus),
    whole: yield* measureWhole
  }
})
