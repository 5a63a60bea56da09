/**
 * The ports of `node:worker_threads` on platforms that have parts of it. Deno hands over a port that came in a message as
 * one of the web, without `on`, and its worker has no way to close the port of its parent.
 */
import type { MessagePort } from "node:worker_threads"

/** A port that came in a message, with Node's ways to listen. Deno dispatches no `close`: only its thread says that it ends. */
export const asNodePort = (port: MessagePort): MessagePort => {
  if (typeof port.on === "function") return port
  const web = port as unknown as globalThis.MessagePort
  const listen = (once: boolean) => (event: string, listener: (value: unknown) => void) => {
    web.addEventListener(event, (given) => listener((given as MessageEvent).data), { once })
    // Without it, messages wait for `onmessage`.
    if (event === "message") web.start()
    return port
  }
  return Object.assign(port, { on: listen(false), once: listen(true) })
}

/** Has nothing more come from the parent, so that the thread ends unless its program has something to do. */
export const closeParentPort = (port: MessagePort): void => {
  if (typeof port.close === "function") port.close()
  else port.unref()
}
