// Serves documents on loopback until a signal, or a short built-in load with --demo, then prints its metrics.
import { createServer } from "node:http"
import { NodeHttpServer, NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, FileSystem, Layer } from "effect"
import { Command, Flag } from "effect/cli"
import { FetchHttpClient, HttpRouter, HttpServer } from "effect/http"
import { MetricsLayer, MetricsRuntime, Recorder } from "mvx-metrics"
import { Documents } from "./documents.ts"
import { load } from "./load.ts"
import { routes } from "./routes.ts"

// Prints the metrics of a recorder that has stopped and is about to be removed. The removal waits up to a second.
const FinalReport = Layer.effectDiscard(
  Effect.flatMap(MetricsRuntime, (runtime) =>
    runtime.beforeRemoval((recorder) =>
      Effect.flatMap(recorder.snapshots, (snapshots) => Console.log(JSON.stringify(snapshots)))
    )
  )
)

const Metrics = Recorder.layer("document_service").pipe(
  Layer.provideMerge(FinalReport),
  Layer.provideMerge(MetricsLayer.layerWorker({ namespace: "example.metrics" }))
)

const server = (folder: string, port: number) =>
  HttpRouter.serve(routes, { disableLogger: true }).pipe(
    Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port })),
    // Made before the server listens: a request that came earlier would never be answered.
    Layer.provide(Documents.layer(folder)),
    Layer.provide(Metrics)
  )

const service = Command.make(
  "document-service",
  {
    port: Flag.Int("port").pipe(Flag.withDescription("Port on 127.0.0.1; 0 takes any"), Flag.withDefault(3000)),
    demo: Flag.Boolean("demo").pipe(
      Flag.withDescription("Serve a short load of its own on any port, then stop"),
      Flag.withDefault(false)
    )
  },
  Effect.fn(function* ({ demo, port }) {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "document-service-" })
    const client = HttpServer.layerTestClient.pipe(Layer.provide(FetchHttpClient.layer))
    yield* demo
      ? Effect.provide(load, client.pipe(Layer.provideMerge(server(folder, 0))))
      : Layer.launch(server(folder, port))
  }, Effect.scoped)
)

service.pipe(Command.run({ version: "1.0.0" }), Effect.provide(NodeServices.layer), NodeRuntime.runMain)
