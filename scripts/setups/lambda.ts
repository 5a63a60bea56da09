/** The service that runs a function as AWS Lambda does: frozen behind each answer, and ended without a signal. */
import { deepStrictEqual, strictEqual } from "node:assert/strict"
import { createServer, type ServerResponse } from "node:http"
import { json } from "node:stream/consumers"
import { Collector } from "./collector.ts"
import { listening } from "./listening.ts"
import { Program, type Start } from "./program.ts"

const deferred = <A>() => {
  let resolve: (value: A) => void = () => {}
  const promise = new Promise<A>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

/** Hands out events, one at a time, over the API that functions ask. */
class Invocations implements AsyncDisposable {
  #asked = deferred<ServerResponse>()
  #answered = deferred<unknown>()
  #count = 0
  readonly #server = createServer(async (request, response) => {
    if (request.method === "GET") return this.#asked.resolve(response)
    this.#answered.resolve(await json(request))
    response.writeHead(202).end("{}")
  })

  async listen(): Promise<string> {
    return `127.0.0.1:${await listening(this.#server)}`
  }

  async invoke(event: object): Promise<unknown> {
    const response = await this.#asked.promise
    this.#asked = deferred()
    this.#answered = deferred()
    response.writeHead(200, { "lambda-runtime-aws-request-id": String(this.#count++) }).end(JSON.stringify(event))
    return await this.#answered.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** Each answer is sent when the numbers of it have arrived at the collector. */
export const invokes = async (start: Start): Promise<void> => {
  await using collector = new Collector()
  await using invocations = new Invocations()
  const env = { ...start.env, ...(await collector.listen()), AWS_LAMBDA_RUNTIME_API: await invocations.listen() }
  await using program = new Program({ ...start, env })
  for (const [id, status, lookups] of [
    ["1", 200, { FOUND: 1, MISSING: 0 }],
    ["none", 404, { FOUND: 1, MISSING: 1 }],
    ["2", 200, { FOUND: 2, MISSING: 1 }]
  ] as const) {
    const answer = (await invocations.invoke({ pathParameters: { id } })) as { readonly statusCode: number }
    program.signal("SIGSTOP")
    strictEqual(answer.statusCode, status)
    deepStrictEqual(collector.lookups, lookups)
    program.signal("SIGCONT")
  }
  program.signal("SIGKILL")
  await program.ended()
  strictEqual(program.complained, "")
}
