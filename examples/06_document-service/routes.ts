// The routes: PUT, GET and DELETE /documents/:id, and GET /metrics for the snapshots as JSON.
import { Effect, Schema } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { Recorder } from "mvx-metrics"
import { DocumentId, Documents } from "./documents.ts"

export const routes = HttpRouter.use(
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
      "/metrics",
      Effect.flatMap(recorder.snapshots, (snapshots) => HttpServerResponse.json(snapshots))
    )
  })
)
