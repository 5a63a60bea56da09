/**
 * For a worker's entry: the port from which the library reads the stream. It belongs to the first channel that is
 * created after this module was loaded.
 */
import { createRequire, syncBuiltinESMExports } from "node:module"

const threads: { MessageChannel: typeof MessageChannel } = createRequire(import.meta.url)("node:worker_threads")
const channels: Array<MessageChannel> = []
threads.MessageChannel = class extends threads.MessageChannel {
  constructor() {
    super()
    channels.push(this)
  }
}
syncBuiltinESMExports()

export const closeStreamPort = (): void => channels[0]?.port1.close()
