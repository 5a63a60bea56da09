// What the service runs a function with: it asks for one event after the other, and returns the answers.
import { handler } from "./lambda.ts"

const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`
while (true) {
  const next = await fetch(`${api}/next`)
  const answer = await handler(await next.json())
  const id = next.headers.get("lambda-runtime-aws-request-id")
  await fetch(`${api}/${id}/response`, { method: "POST", body: JSON.stringify(answer) })
}
