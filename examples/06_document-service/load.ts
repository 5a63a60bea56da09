// A short load for the demo: fifty documents are stored, read and deleted. The first one is empty.
import { Array as Arr, Effect } from "effect"
import { HttpBody, HttpClient } from "effect/http"

export const load = Effect.gen(function* () {
  const documents = Arr.makeBy(50, (n) => ({ url: `/documents/document-${n}`, content: "x".repeat(100 * n) }))
  const each = (request: (document: (typeof documents)[number]) => ReturnType<typeof HttpClient.get>) =>
    Effect.forEach(documents, (document) => Effect.flatMap(request(document), (response) => response.text), {
      concurrency: 8,
      discard: true
    })
  yield* each(({ content, url }) => HttpClient.put(url, { body: HttpBody.text(content) }))
  yield* each(({ url }) => HttpClient.get(url))
  yield* each(({ url }) => HttpClient.del(url))
})
