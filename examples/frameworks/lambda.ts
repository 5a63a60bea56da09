// A function that is frozen behind each answer, and ended without a signal: nobody can scrape it, so it pushes.
import { flush } from "./metrics.ts"
import { findOrder } from "./orders.ts"

interface Request {
  readonly pathParameters?: { readonly id?: string }
}

export const handler = async ({ pathParameters }: Request) => {
  const order = await findOrder(pathParameters?.id ?? "")
  // While it is frozen, nothing is sent. A collector that is away is no reason to fail: the next answer sends it all.
  await flush().catch(({ message }: Error) => console.warn(message))
  return { statusCode: order === undefined ? 404 : 200, body: JSON.stringify(order ?? { error: "not found" }) }
}
