/** `report`: the counts of processes that write to a store, as tables or for Prometheus. */
import { createServer } from "node:http"
import * as Console from "effect/Console"
import type * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { StateStore } from "../internal/store/stateStore.ts"
import { describeError } from "../internal/util/describeError.ts"
import type * as Metric from "../Metric.ts"
import { MetricsRuntime } from "../MetricsRuntime.ts"
import { MetricsStore, type StoreReport } from "../MetricsStore.ts"
import * as PostgresStore from "../PostgresStore.ts"
import * as Prometheus from "../Prometheus.ts"
import * as RedisStore from "../RedisStore.ts"
import type { Snapshots } from "../Snapshot.ts"
import { failed, harmless, harmlessJson, harmlessLines } from "./escapeControls.ts"
import { metrics, optional, switchOf } from "./flags.ts"
import { metricsOf } from "./modules.ts"
import { tablesOf } from "./tables.ts"

interface Named {
  readonly redis: Option.Option<string>
  readonly postgres: Option.Option<string>
  readonly prefix: Option.Option<string>
}

const storeOf = ({ postgres, prefix, redis }: Named): Effect.Effect<Layer.Layer<StateStore>, CliError.UserError> => {
  const own = Option.isSome(prefix) ? { prefix: prefix.value } : {}
  if (Option.isSome(redis) === Option.isSome(postgres))
    return Effect.fail(failed("Name one store: --redis or --postgres"))
  return Effect.try({
    try: () => {
      const options = { url: Option.getOrElse(redis, () => Option.getOrThrow(postgres)), ...own }
      const { layer, make } = Option.isSome(redis) ? RedisStore : PostgresStore
      // Invalid options are reported here.
      make(options)
      return layer(options)
    },
    catch: (cause) => failed(describeError(cause), cause)
  })
}

const linesOf = (
  metrics: ReadonlyArray<Metric.Any>,
  { ended, leftOut = [], others, recorders, sources, unreadable = [] }: StoreReport
): string => {
  const count = (state: string): number => sources.filter((source) => source.state === state).length
  const tables = (title: string, snapshots: Snapshots): ReadonlyArray<string> => [
    harmless(title),
    ...tablesOf(metrics, snapshots)
  ]
  return [
    `processes: ${count("running")} running, ${count("silent")} silent, ${ended} ended`,
    ...Object.entries(recorders).flatMap(([id, { processes, snapshots }]) =>
      tables(`${id} (processes: ${processes})`, snapshots)
    ),
    ...(others === undefined ? [] : tables(`${others.recorders} others`, others.snapshots)),
    ...leftOut.map(({ differences, metric }) => harmless(`left out: ${metric}, because ${differences.join("; ")}`)),
    ...unreadable.map(({ reason, source, what }) =>
      harmless(`left out: ${what} of the source "${source}", which cannot be read: ${reason}`)
    )
  ].join("\n\n")
}

/** Until the command is ended. */
const serve = Effect.fnUntraced(function* (
  port: number,
  runtime: MetricsRuntime["Service"]
): Effect.fn.Return<never, CliError.UserError, Scope.Scope> {
  const handler = yield* Effect.provideService(Prometheus.nodeHandler(), MetricsRuntime, runtime)
  const server = createServer((request, response) => {
    if (new URL(request.url ?? "/", "http://localhost").pathname === "/metrics") return handler(request, response)
    return response.writeHead(404).end()
  })
  yield* Effect.acquireRelease(
    Effect.callback<void, CliError.UserError>((resume) => {
      server.once("error", (error) => resume(Effect.fail(failed(`cannot listen: ${error.message}`, error))))
      server.listen(port, () => resume(Effect.void))
    }),
    () => Effect.sync(() => server.close())
  )
  yield* Console.log(`Serving http://localhost:${(server.address() as { readonly port: number }).port}/metrics`)
  return yield* Effect.never
})

export const report = Command.make(
  "report",
  {
    redis: optional(Flag.String("redis"), "The URL of the store in Redis: redis://127.0.0.1:6379"),
    postgres: optional(
      Flag.String("postgres"),
      "The URL of the store in PostgreSQL: postgres://metrics@127.0.0.1/metrics"
    ),
    prefix: optional(Flag.String("prefix"), "The prefix of the store, if it has one"),
    namespace: Flag.String("namespace").pipe(Flag.withDescription("The namespace of the processes")),
    metrics,
    json: switchOf("json", "Print the report as a line of JSON"),
    serve: optional(
      Flag.Int("serve"),
      "Serve /metrics on this port until Ctrl-C, and merge the counts of ended processes"
    )
  },
  Effect.fn("report")(function* ({ json, metrics: path, namespace, serve: port, ...named }) {
    const exported = yield* metricsOf(path)
    const metrics = exported.filter(({ merge }) => merge !== undefined)
    if (Option.isSome(port) && (port.value < 0 || port.value > 65_535)) {
      return yield* failed(`--serve must be a port from 0 to 65535, got ${port.value}`)
    }
    if (metrics.length === 0) return yield* failed(`${path} exports no metric that has a merge`)
    const store = yield* storeOf(named)
    const { report, runtime } = yield* MetricsStore.makeReader({
      store,
      namespace,
      metrics,
      retires: Option.isSome(port)
    }).pipe(Effect.mapError((error) => failed(error.message, error)))
    if (Option.isSome(port)) return yield* serve(port.value, runtime)
    const found = yield* Effect.mapError(report, (error) => failed(error.message, error))
    yield* Console.log(json ? harmlessJson(found) : harmlessLines(linesOf(metrics, found)))
  }, Effect.scoped)
).pipe(
  Command.withDescription("Adds up the counts of processes that write to a store"),
  Command.withExamples([
    {
      command: "mvx-metrics report --redis redis://127.0.0.1:6379 --namespace example --metrics ./cache.metrics.ts",
      description: "As tables"
    },
    {
      command: "mvx-metrics report --redis URL --namespace example --metrics ./cache.metrics.ts --serve 9464",
      description: "A side-car that Prometheus scrapes"
    }
  ])
)
