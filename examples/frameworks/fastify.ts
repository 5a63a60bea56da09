import type { AddressInfo } from "node:net"
import Fastify from "fastify"
import { nodeHandler, shutdown } from "./metrics.ts"
import { findOrder } from "./orders.ts"

const app = Fastify()
app.get("/metrics", (request, reply) => {
  reply.hijack()
  nodeHandler(request.raw, reply.raw)
})
app.get<{ Params: { id: string } }>("/orders/:id", async (request, reply) => {
  const order = await findOrder(request.params.id)
  return reply.status(order === undefined ? 404 : 200).send(order ?? { error: "not found" })
})

await app.listen({ port: Number(process.env.PORT ?? 3000) })
console.log(`listening on port ${(app.server.address() as AddressInfo).port}`)

// Requests that are being answered are completed, and their events are exported.
const stop = async () => {
  // Closes connections after their last answer. By default Fastify keeps them open for 72 seconds.
  app.server.keepAliveTimeout = 1
  await app.close()
  await shutdown()
}
process.once("SIGTERM", stop).once("SIGINT", stop)
