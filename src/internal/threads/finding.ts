/** How a thread finds the runtime of its process: by a message to the runtime's thread, which Node delivers. */

import type { MessagePort } from "node:worker_threads"
import * as Threads from "node:worker_threads"
import { LongestTimer } from "../util/liveClock.ts"
import type { ToThread } from "./messages.ts"

/** The message with which a thread looks for a runtime. */
interface Request {
  readonly mvxMetrics: "attach"
  /** `undefined`: that of the only runtime. */
  readonly namespace: string | undefined
  readonly port: MessagePort
}

type Attach = (port: MessagePort) => void

/** The key in the environment that new threads inherit, with the thread that accepts others. */
const AcceptingThread = "mvx-metrics/threads"

/** The runtimes of this thread that accept threads, by namespace. */
const accepting = new Map<string, Attach>()

const isRequest = (value: unknown): value is Request =>
  typeof value === "object" && value !== null && (value as Partial<Request>).mvxMetrics === "attach"

const onWorkerMessage = (value: unknown): void => {
  if (!isRequest(value)) return
  const { namespace, port } = value
  const [first] = accepting.values()
  const attach = namespace === undefined && accepting.size === 1 ? first : accepting.get(namespace ?? "")
  if (attach !== undefined) return attach(port)
  const names = [...accepting.keys()].map((name) => `"${name}"`).join(", ")
  const reason = `name one of the runtimes that accept threads: namespace: ${names}`
  port.postMessage({ _tag: "Refused", reason } satisfies ToThread)
  port.close()
}

/** Attaches threads that look for this namespace. Returns the function that undoes this. */
export const acceptAt = (namespace: string, attach: Attach): (() => void) => {
  if (accepting.size === 0) process.on("workerMessage" as never, onWorkerMessage as never)
  accepting.set(namespace, attach)
  Threads.setEnvironmentData(AcceptingThread, Threads.threadId)
  return () => {
    if (accepting.get(namespace) !== attach) return
    accepting.delete(namespace)
    if (accepting.size === 0) process.off("workerMessage" as never, onWorkerMessage as never)
  }
}

const isLate = (cause: unknown): boolean => (cause as NodeJS.ErrnoException).code === "ERR_WORKER_MESSAGING_TIMEOUT"

/** A port to the runtime of this namespace. Rejects if no thread accepts others. */
export const findRuntime = async (namespace: string | undefined, mostMillis: number): Promise<MessagePort> => {
  const { MessageChannel, getEnvironmentData, postMessageToThread } = Threads
  if (postMessageToThread === undefined) {
    throw new Error("this platform has no postMessageToThread. Give the port that threadPort of the runtime returns")
  }
  const accepting = getEnvironmentData(AcceptingThread)
  const thread = typeof accepting === "number" ? accepting : 0
  if (thread === Threads.threadId) {
    throw new Error("this is the thread that threads are attached to. Use its runtime, or attach another thread")
  }
  const { port1, port2 } = new MessageChannel()
  const request: Request = { mvxMetrics: "attach", namespace, port: port2 }
  // Node does not keep the thread alive until the message is delivered.
  const alive = setInterval(() => {}, 1 << 30)
  try {
    await postMessageToThread(thread, request, [port2], Math.min(mostMillis, LongestTimer))
  } catch (cause) {
    port1.close()
    if (isLate(cause)) throw new Error(`the main thread has not answered within ${mostMillis} ms. It may be busy`)
    throw new Error("no runtime accepts threads. Call acceptThreads in the main thread when the runtime runs", {
      cause
    })
  } finally {
    clearInterval(alive)
  }
  return port1
}
