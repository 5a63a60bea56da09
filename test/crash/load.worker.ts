// The worker entry over the metrics of the load. It ends itself in the way that a message says.
import { createRequire, syncBuiltinESMExports } from "node:module"
import { parentPort } from "node:worker_threads"
import { MetricsWorker } from "mvx-metrics"
import { type InWorker, inWorker } from "./faults.ts"
import { everything } from "./load.metrics.ts"

// The stream's port is made by the library: the first channel that is made here.
const threads: { MessageChannel: typeof MessageChannel } = createRequire(import.meta.url)("node:worker_threads")
const channels: Array<MessageChannel> = []
threads.MessageChannel = class extends threads.MessageChannel {
  constructor() {
    super()
    channels.push(this)
  }
}
syncBuiltinESMExports()

const closeStream = (): void => channels[0]?.port1.close()

parentPort!.on("message", (message: { readonly strike?: InWorker } | null) => {
  const kind = message?.strike
  if (kind !== undefined) inWorker[kind](parentPort!, closeStream)
})

MetricsWorker.run(everything)
