/**
 * Carries the stream to a worker thread, in pages of shared memory.
 */

import type { Carrier } from "../stream/carrier.ts"
import { ControlBytes, WakeUp } from "../stream/parking.ts"
import type { ThreadMessage } from "../stream/protocol.ts"

export type Post = (message: ThreadMessage, transfers?: ReadonlyArray<ArrayBuffer>) => void

/** How long rows may lie unpublished while the thread that writes them is idle, in milliseconds. */
const PublishMillis = 5

const later = (run: () => void): void => {
  const timer = setTimeout(run, PublishMillis)
  // Whoever wants an answer keeps the process alive; rows alone do not.
  if (typeof timer === "object") timer.unref()
}

export const threadCarrier = (post: Post): Carrier => {
  const control = new SharedArrayBuffer(ControlBytes)
  const wakeUp = new WakeUp(control)
  post({ _tag: "Stream", control })
  return {
    pagesInTurn: { least: 4, most: 16 },
    fixedMemory: true,
    allocate: (bytes) => new SharedArrayBuffer(bytes),
    opened: (first, buffer) => post({ _tag: "Memory", first, buffer }),
    attach: (attachments) => post({ _tag: "Attach", attachments }),
    rouse: () => wakeUp.rouse(),
    letSleep: () => post({ _tag: "Sleep" }),
    wake: () => post({ _tag: "Wake" }),
    later
  }
}
