/**
 * A process that emits events until it is told to end, or is killed: `producer.ts <settings as JSON>`. It prints how
 * many of its events were accepted and are in the store, as reported by the runtime.
 */
import { Clock, Effect, Schedule } from "effect"
import { MetricsRuntime } from "mvx-metrics"
import { clockOf } from "../../../src/internal/util/fixedTime.ts"
import { requestAt } from "../support/requests.ts"
import { KillsMetrics } from "./kills.metrics.ts"
import { namespace, type ProducerSettings, timeAt } from "./settings.ts"

const { process: self, store } = JSON.parse(process.argv[2]!) as ProducerSettings

const say = (said: object): void => void process.stdout.write(`${JSON.stringify(said)}\n`)

let ends = false
process.stdin
  .on("end", () => {
    ends = true
  })
  .resume()

const program = Effect.gen(function* () {
  const runtime = yield* MetricsRuntime.makeWorker({
    namespace,
    stream: { store, interval: 20, grace: 4000, heartbeat: 300 },
    restart: Schedule.spaced(50),
    capacity: 2000,
    overflow: "backpressure",
    backpressureTimeout: "2 minutes",
    shutdownTimeout: "1 minute",
    waitTimeout: "1 minute"
  })
  yield* runtime.start
  const recorder = yield* runtime.createRecorder(`http-${self}`)
  const metrics = yield* recorder.register(KillsMetrics)
  let emitted = 0
  const clock = clockOf(() => timeAt(emitted))
  say({ ready: true })
  while (!ends) {
    for (let burst = 0; burst < 50; burst++) {
      yield* Effect.provideService(metrics.emit(requestAt(self, emitted) as never), Clock.Clock, clock)
      emitted++
    }
    yield* Effect.sleep(5)
    if (emitted % 500 !== 0) continue
    const flushed = yield* Effect.exit(runtime.flush({ timeout: 1000 }))
    if (flushed._tag === "Success") say({ flushed: emitted })
  }
  yield* runtime.shutdown
  const { accepted, refused } = yield* recorder.stats
  say({ ended: emitted, accepted, refused, restarts: (yield* runtime.stats).restarts })
})

await Effect.runPromise(Effect.scoped(program))
process.exit(0)
