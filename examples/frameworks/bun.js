import { app } from "./hono-app.ts"
import { shutdown } from "./metrics.ts"

const server = Bun.serve({ port: Number(process.env.PORT ?? 3000), fetch: app.fetch })
console.log(`listening on port ${server.port}`)

// Requests that are being answered are completed, and their events are exported.
const stop = async () => {
  await server.stop()
  await shutdown()
}
process.once("SIGTERM", stop).once("SIGINT", stop)
