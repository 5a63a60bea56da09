import type { Server } from "node:http"
import { serve } from "@hono/node-server"
import { app } from "./hono-app.ts"
import { shutdown } from "./metrics.ts"

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, ({ port }) => {
  console.log(`listening on port ${port}`)
}) as Server

// Requests that are being answered are completed, and their events are exported.
const stop = () => {
  // Closes connections after their last answer.
  server.keepAliveTimeout = 1
  server.close(() => void shutdown())
}
process.once("SIGTERM", stop).once("SIGINT", stop)
