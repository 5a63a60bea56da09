/**
 * The channel between a worker and its parent thread is open to both programs. Messages of the runtime carry a mark, a
 * different one for each direction, so that an echo is not taken for an answer. Other messages are ignored.
 */
import type { MessagePort, Worker } from "node:worker_threads"
import { describeError } from "../util/describeError.ts"

const ToWorker = "mvx-metrics/to-worker"
const FromWorker = "mvx-metrics/from-worker"

/** The messages of Effect's workers: ready, or data; and to a worker: data, or close. */
type PlatformMessage = readonly [kind: 0 | 1, data?: unknown]

const ownOf = (mark: string, given: unknown): PlatformMessage | undefined =>
  Array.isArray(given) && given[0] === mark && Array.isArray(given[1]) ? (given[1] as never) : undefined

/** A worker as its owner sees it, with only the messages of the runtime. */
export const ownMessagesOf = (thread: Worker): Worker => {
  const on = (event: string, listener: (value: unknown) => void): void => {
    switch (event) {
      case "message":
        thread.on("message", (given) => {
          const own = ownOf(FromWorker, given)
          if (own !== undefined) listener(own)
        })
        return
      case "messageerror":
        // Messages of the runtime can always be read. One that cannot is not its own.
        return
      case "error":
        thread.on("error", (thrown: unknown) =>
          listener(thrown instanceof Error ? thrown : new Error(`the worker threw ${describeError(thrown)}`))
        )
        return
      default:
        thread.on(event, listener)
    }
  }
  const postMessage: Worker["postMessage"] = (message, transfers) =>
    thread.postMessage([ToWorker, message], transfers as ReadonlyArray<ArrayBuffer>)
  return { on, postMessage, terminate: () => thread.terminate() } as Worker
}

/** The other end: sends to the parent thread. */
export const postToParent = (
  port: MessagePort,
  message: PlatformMessage,
  transfers: ReadonlyArray<MessagePort> = []
): void => port.postMessage([FromWorker, message], transfers)

/** Listens to the parent thread, until the returned function is called. */
export const onParentMessage = (port: MessagePort, listener: (message: PlatformMessage) => void): (() => void) => {
  const listen = (given: unknown): void => {
    const own = ownOf(ToWorker, given)
    if (own !== undefined) listener(own)
  }
  port.on("message", listen)
  return () => void port.off("message", listen)
}
