/**
 * For a worker's entry: the port on which the library reads the stream. The library makes it: it is of the first channel
 * that is made after this module was loaded.
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
