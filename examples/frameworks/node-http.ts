import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { nodeHandler, shutdown } from "./metrics.ts"
import { findOrder } from "./orders.ts"

const server = createServer(async (request, response) => {
  if (request.url === "/metrics") return nodeHandler(request, response)
  const id = /^\/orders\/(\w+)$/.exec(request.url ?? "")?.[1]
  const order = id === undefined ? undefined : await findOrder(id)
  response.writeHead(order === undefined ? 404 : 200, { "content-type": "application/json" })
  response.end(JSON.stringify(order ?? { error: "not found" }))
})

server.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`listening on port ${(server.address() as AddressInfo).port}`)
})

// Requests that are being answered are completed, and their events are exported.
const stop = () => {
  // Closes connections after their last answer.
  server.keepAliveTimeout = 1
  server.close(() => void shutdown())
}
process.once("SIGTERM", stop).once("SIGINT", stop)
