// Keeps the service busy until Ctrl-C. It stores, reads and deletes documents of many sizes, in waves; some requests fail.
//   node examples/06_document-service/put-under-load.ts http://localhost:3000
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Clock, Console, Effect, Random } from "effect"
import { Argument, Command } from "effect/cli"
import { FetchHttpClient, HttpBody, HttpClient } from "effect/http"

/** One operation on one of a thousand documents. */
const operation = (service: string) =>
  Effect.gen(function* () {
    const url = `${service}/documents/document-${yield* Random.nextIntBetween(0, 1000)}`
    const chance = yield* Random.next
    if (chance < 0.3) {
      // Most are small, and a few are empty.
      const size = Math.floor(10 ** (5 * (yield* Random.next))) - 1
      return yield* HttpClient.put(url, { body: HttpBody.text("x".repeat(size)) })
    }
    return yield* chance < 0.9 ? HttpClient.get(url) : HttpClient.del(url)
  }).pipe(Effect.flatMap((response) => response.arrayBuffer))

/** The operations of one second: more and fewer, in waves of a minute. */
const second = (service: string) =>
  Effect.gen(function* () {
    const now = (yield* Clock.currentTimeMillis) / 1000
    const count = Math.round(150 + 100 * Math.sin((2 * Math.PI * now) / 60))
    yield* Effect.replicateEffect(operation(service), count, { concurrency: 8, discard: true })
    return count
  })

const putUnderLoad = Command.make(
  "put-under-load",
  { service: Argument.String("service").pipe(Argument.withDefault("http://localhost:3000")) },
  Effect.fn(function* ({ service }) {
    yield* Console.log(`Look at ${service}/metrics/live`)
    yield* Effect.forever(Effect.all([second(service), Effect.sleep("1 second")], { concurrency: "unbounded" }))
  })
)

putUnderLoad.pipe(
  Command.run({ version: "1.0.0" }),
  Effect.provide([NodeServices.layer, FetchHttpClient.layer]),
  NodeRuntime.runMain
)
