// A function that is frozen after each answer and ended without a signal. It cannot be scraped, so it pushes.
import { flush } from "./metrics.ts"
import { findOrder } from "./orders.ts"

interface Request {
  readonly pathParameters?: { readonly id?: string }
}

export const handler = async ({ pathParameters }: Request) => {
  const order = await findOrder(pathParameters?.id ?? "")
  // While it is frozen, nothing is sent. An unreachable collector is not a failure: the next answer sends everything.
  await flush().catch(({ message }: Error) => console.warn(message))
  return { statusCode: order === undefined ? 404 : 200, body: JSON.stringify(order ?? { error: "not found" }) }
}
