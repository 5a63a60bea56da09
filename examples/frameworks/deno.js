import { app } from "./hono-app.ts"
import { shutdown } from "./metrics.ts"

const onListen = ({ port }) => console.log(`listening on port ${port}`)
const server = Deno.serve({ port: Number(Deno.env.get("PORT") ?? 3000), onListen }, app.fetch)

// Requests that are being answered are completed, and their events are exported.
const stop = async () => {
  await server.shutdown()
  await shutdown()
  // The signal listeners would keep the process alive.
  Deno.exit()
}
for (const signal of ["SIGTERM", "SIGINT"]) Deno.addSignalListener(signal, stop)
