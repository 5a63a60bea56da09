/** A worker that answers messages and does nothing else. It rests in naps, as the fold does, which the sender ends. */
import { receiveMessageOnPort, workerData } from "node:worker_threads"
import type { Napping } from "./roundTrip.ts"

const { port, signal } = workerData as Napping

for (;;) {
  const seen = Atomics.load(signal, 0)
  const message = receiveMessageOnPort(port)
  if (message === undefined) Atomics.wait(signal, 0, seen, 4)
  else port.postMessage(message.message)
}
