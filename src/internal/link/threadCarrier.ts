/**
 * Carries the stream to a worker thread: in pages of shared memory, or, where there is none, in pages that are handed
 * over whole and come back.
 */

import type { Carrier } from "../stream/carrier.ts"
import { ControlBytes, WakeUp } from "../stream/parking.ts"
import type { ThreadMessage } from "../stream/protocol.ts"
import type { Page } from "../stream/rows/page.ts"

export type Post = (message: ThreadMessage, transfers?: ReadonlyArray<ArrayBuffer>) => void

/** How long rows may lie unpublished while the thread that writes them is idle, in milliseconds. */
const PublishMillis = 5

const later = (run: () => void): void => {
  const timer = setTimeout(run, PublishMillis)
  // Whoever wants an answer keeps the process alive; rows alone do not.
  if (typeof timer === "object") timer.unref()
}

export const sharedCarrier = (post: Post): Carrier => {
  const control = new SharedArrayBuffer(ControlBytes)
  const wakeUp = new WakeUp(control)
  post({ _tag: "Stream", control })
  return {
    shared: true,
    pagesInTurn: { least: 4, most: 16 },
    publishesEachTurn: true,
    fixedMemory: true,
    allocate: (bytes) => new SharedArrayBuffer(bytes),
    opened: (first, buffer) => post({ _tag: "Memory", first, buffer }),
    sealed: () => {},
    attach: (attachments) => post({ _tag: "Attach", attachments }),
    published: () => wakeUp.rouse(),
    letSleep: () => post({ _tag: "Sleep" }),
    wake: () => post({ _tag: "Wake" }),
    later
  }
}

export const transferringCarrier = (post: Post): Carrier => {
  post({ _tag: "Stream", control: undefined })
  return {
    shared: false,
    pagesInTurn: { least: 0, most: 0 },
    publishesEachTurn: false,
    fixedMemory: false,
    allocate: (bytes) => new ArrayBuffer(bytes),
    opened: () => {},
    sealed: ({ buffer, number }: Page) => post({ _tag: "Memory", first: number, buffer }, [buffer as ArrayBuffer]),
    attach: (attachments) => post({ _tag: "Attach", attachments }),
    published: () => {},
    // It waits for messages anyway.
    letSleep: () => {},
    wake: () => {},
    later
  }
}
