/**
 * Asks a worker thread what it uses: its processor time and its memory. The worker answers on a port of its own.
 */
import { once } from "node:events"
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads"
import { cpuNanos, type Memory, memory } from "./measure.ts"

export interface Usage extends Memory {
  readonly cpuNanos: number
}

export interface ProbedWorker {
  readonly worker: Worker
  readonly usage: () => Promise<Usage>
}

export const spawnProbed = (url: URL): ProbedWorker => {
  const { port1, port2 } = new MessageChannel()
  const worker = new Worker(url, { workerData: port2, transferList: [port2] })
  const usage = async (): Promise<Usage> => {
    port1.ref()
    port1.postMessage("usage")
    const [answer] = await once(port1, "message")
    port1.unref()
    return answer
  }
  port1.unref()
  return { worker, usage }
}

/** In the worker. */
export const answerProbe = (port: MessagePort): void => {
  port.on("message", () => {
    // Before the collection of garbage, which is not what it has worked.
    const used = cpuNanos()
    const usage: Usage = { cpuNanos: used, ...memory() }
    port.postMessage(usage)
  })
  // It is the fold that keeps the thread alive.
  port.unref()
}
