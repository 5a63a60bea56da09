/** The whole thing, to compare the model with: states of many processes in a Redis of its own, and a reader of all of them. */
import { randomUUID } from "node:crypto"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { MetricsStore, StateStore } from "mvx-metrics/MetricsStore"
import * as RedisStore from "mvx-metrics/RedisStore"
import { median } from "../../measure.ts"
import { metrics } from "../kinds.ts"
import type { Scenario } from "../scenario.ts"
import { namespace } from "./recorded.ts"
import { measuredRedis, usedBy } from "./redis.ts"
import { writeOf } from "./states.ts"

export interface Whole extends Pick<Scenario, "processes" | "series" | "mix"> {
  /** Processor time of the reader and of Redis for a report, where all processes have written since the last one. */
  readonly reportMillis: number
}

const Processes = 1000
const OfEach = 33
const Rounds = 9
const WarmUps = 3

const own = [metrics.counter, metrics.histogram, metrics.exponential]

export const measureWhole: Effect.Effect<Whole, unknown> = Effect.scoped(
  Effect.gen(function* () {
    const redis = yield* measuredRedis
    const layer = RedisStore.layer({ url: redis.url })
    const store = Context.get(yield* Layer.build(layer), StateStore)
    const write = yield* writeOf(own, OfEach)
    const reader = yield* MetricsStore.makeReader({ store: layer, namespace, metrics: own, retires: false })
    const sources = Array.from({ length: Processes }, () => randomUUID())
    const times: Array<number> = []
    for (let sequence = 1; sequence <= Rounds; sequence++) {
      yield* Effect.forEach(sources, (source) => store.write({ ...write, source, sequence }), { concurrency: 64 })
      const { client, millis } = yield* usedBy(redis, 1, reader.report)
      times.push(client + millis)
    }
    return {
      processes: Processes,
      series: OfEach * own.length,
      mix: { counter: 1 / 3, histogram: 1 / 3, exponential: 1 / 3, summary: 0, distinct: 0 },
      reportMillis: median(times.slice(WarmUps))
    }
  })
)
