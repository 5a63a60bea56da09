import type { AddressInfo } from "node:net"
import express from "express"
import { nodeHandler, shutdown } from "./metrics.ts"
import { findOrder } from "./orders.ts"

const app = express()
app.get("/metrics", nodeHandler)
app.get("/orders/:id", async (request, response) => {
  const order = await findOrder(request.params.id)
  response.status(order === undefined ? 404 : 200).json(order ?? { error: "not found" })
})

const server = app.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`listening on port ${(server.address() as AddressInfo).port}`)
})

// Requests that are being answered are completed, and their events are exported.
const stop = () => {
  // Closes connections after their last answer.
  server.keepAliveTimeout = 1
  server.close(async () => {
    await shutdown()
    // In cluster mode, PM2's channel would keep the process alive.
    process.disconnect?.()
  })
}
process.once("SIGTERM", stop).once("SIGINT", stop)
