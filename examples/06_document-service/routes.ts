// The routes: PUT, GET and DELETE /documents/:id. For metrics: GET /metrics for Prometheus, /metrics/live for people, and
// /snapshots for the snapshots as JSON.
import { Effect, Layer, Schema } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { Recorder } from "mvx-metrics"
import * as LivePage from "mvx-metrics/LivePage"
import * as Prometheus from "mvx-metrics/Prometheus"
import { DocumentId, Documents } from "./documents.ts"

const documentRoutes = HttpRouter.use(
  Effect.fnUntraced(function* (router) {
    const documents = yield* Documents
    const recorder = yield* Recorder
    const id = Effect.map(HttpRouter.schemaPathParams(Schema.Struct({ id: DocumentId })), (params) => params.id)
    const done = HttpServerResponse.empty({ status: 204 })

    yield* router.add("PUT", "/documents/:id", (request) =>
      Effect.gen(function* () {
        yield* documents.put(yield* id, new Uint8Array(yield* request.arrayBuffer))
        return done
      })
    )
    yield* router.add(
      "GET",
      "/documents/:id",
      Effect.map(Effect.flatMap(id, documents.get), (content) => HttpServerResponse.uint8Array(content))
    )
    yield* router.add("DELETE", "/documents/:id", Effect.as(Effect.flatMap(id, documents.delete), done))
    yield* router.add(
      "GET",
      "/snapshots",
      Effect.flatMap(recorder.snapshots, (snapshots) => HttpServerResponse.json(snapshots))
    )
  })
)

export const routes = Layer.mergeAll(documentRoutes, Prometheus.layerHttp(), LivePage.layerHttp())
