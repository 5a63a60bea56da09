/**
 * What the answer of another thread costs at least: a message to a worker that naps, and one back. How long that takes
 * depends on the machine more than on anything else.
 */
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads"

/** What the worker is given. */
export interface Napping {
  readonly port: MessagePort
  readonly signal: Int32Array
}

export interface RoundTrips extends AsyncDisposable {
  readonly micros: () => Promise<number>
}

export const startRoundTrips = (): RoundTrips => {
  const { port1, port2 } = new MessageChannel()
  const signal = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const workerData: Napping = { port: port2, signal }
  const worker = new Worker(new URL("./napping.worker.ts", import.meta.url), { workerData, transferList: [port2] })
  let answered = (): void => {}
  port1.on("message", () => answered())
  return {
    micros: async () => {
      const start = performance.now()
      const answer = new Promise<void>((resolve) => {
        answered = resolve
      })
      port1.postMessage("ping")
      Atomics.add(signal, 0, 1)
      Atomics.notify(signal, 0)
      await answer
      return (performance.now() - start) * 1000
    },
    [Symbol.asyncDispose]: async () => {
      port1.close()
      await worker.terminate()
    }
  }
}
