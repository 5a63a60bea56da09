/**
 * The ports of `node:worker_threads` on platforms that implement parts of it. In Deno a port received in a message is a
 * web port, without `on`, and a worker cannot close the port of its parent.
 */
import type { MessagePort } from "node:worker_threads"

/**
 * A port received in a message, with Node's way to listen. Deno dispatches no `close`: only its thread reports its end.
 */
export const asNodePort = (port: MessagePort): MessagePort => {
  if (typeof port.on === "function") return port
  const web = port as unknown as globalThis.MessagePort
  const listen = (once: boolean) => (event: string, listener: (value: unknown) => void) => {
    web.addEventListener(event, (given) => listener((given as MessageEvent).data), { once })
    // Otherwise messages wait for `onmessage`.
    if (event === "message") web.start()
    return port
  }
  return Object.assign(port, { on: listen(false), once: listen(true) })
}

/** Stops receiving from the parent, so that the thread ends unless its program has something to do. */
export const closeParentPort = (port: MessagePort): void => {
  if (typeof port.close === "function") port.close()
  else port.unref()
}
