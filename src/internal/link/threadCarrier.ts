/**
 * Carries the stream to a worker thread, in pages of shared memory.
 */

import type { Carrier } from "../stream/carrier.ts"
import type { FoldPort } from "./foldPort.ts"

/** How long rows may lie unpublished while the thread that writes them is idle, in milliseconds. */
const PublishMillis = 5

const later = (run: () => void): void => {
  const timer = setTimeout(run, PublishMillis)
  // Whoever wants an answer keeps the process alive; rows alone do not.
  if (typeof timer === "object") timer.unref()
}

export const threadCarrier = (port: Pick<FoldPort, "post" | "rouse">): Carrier => ({
  pagesInTurn: { least: 4, most: 16 },
  fixedMemory: true,
  allocate: (bytes) => new SharedArrayBuffer(bytes),
  opened: (first, buffer) => port.post({ _tag: "Memory", first, buffer }),
  attach: (attachments) => port.post({ _tag: "Attach", attachments }),
  rouse: () => port.rouse(),
  letSleep: () => port.post({ _tag: "Sleep" }),
  wake: () => port.post({ _tag: "Wake" }),
  later
})
