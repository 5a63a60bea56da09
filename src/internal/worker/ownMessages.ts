/**
 * The channel between a worker and the thread that started it is open to both programs. What the runtime sends bears a
 * mark, another one for each direction, so that an echo is not an answer; whatever else comes is somebody else's, and is
 * ignored.
 */
import type { MessagePort, Worker } from "node:worker_threads"
import { describeError } from "../util/describeError.ts"

const ToWorker = "mvx-metrics/to-worker"
const FromWorker = "mvx-metrics/from-worker"

/** What Effect's workers send: that one listens, or data; and to a worker, data or that it is to close. */
type PlatformMessage = readonly [kind: 0 | 1, data?: unknown]

const ownOf = (mark: string, given: unknown): PlatformMessage | undefined =>
  Array.isArray(given) && given[0] === mark && Array.isArray(given[1]) ? (given[1] as never) : undefined

/** A worker as its owner has it, with the messages of the runtime and no others. */
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
        // What the runtime sends can be read. What cannot is not its own.
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

/** The other end: sends to the thread that started this one. */
export const postToParent = (
  port: MessagePort,
  message: PlatformMessage,
  transfers: ReadonlyArray<MessagePort> = []
): void => port.postMessage([FromWorker, message], transfers)

/** Hears what that one sends, until the function given back is called. */
export const onParentMessage = (port: MessagePort, listener: (message: PlatformMessage) => void): (() => void) => {
  const listen = (given: unknown): void => {
    const own = ownOf(ToWorker, given)
    if (own !== undefined) listener(own)
  }
  port.on("message", listen)
  return () => void port.off("message", listen)
}
