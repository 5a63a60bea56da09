// One application for Node, Bun, Deno and functions.
import { Hono } from "hono"
import { handler } from "./metrics.ts"
import { findOrder } from "./orders.ts"

export const app = new Hono()
app.get("/metrics", ({ req }) => handler(req.raw))
app.get("/orders/:id", async (context) => {
  const order = await findOrder(context.req.param("id"))
  return order === undefined ? context.json({ error: "not found" }, 404) : context.json(order)
})
