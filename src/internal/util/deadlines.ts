/**
 * Actions that are due after a while by the real clock, unless they are cancelled: the time limits of waits. They share
 * one timer, because setting a timer costs more than most waits. The timer is set for the earliest deadline, and again
 * for the remaining ones after it has fired. It is not cleared when a wait ends.
 */

interface Deadline {
  readonly at: number
  readonly action: () => void
}

/** Limits the sleep of the timer, which may exceed all remaining deadlines by then, and the maximum of a timer. */
const MostMillis = 60_000

const waiting = new Set<Deadline>()
let timer: ReturnType<typeof setTimeout> | undefined
let firesAt = Number.POSITIVE_INFINITY

/**
 * Runs `action` after this many milliseconds, unless the returned function is called before. Keeps the process alive
 * meanwhile.
 */
export const afterwards = (millis: number, action: () => void): (() => void) => {
  const deadline: Deadline = { at: performance.now() + millis, action }
  fireBefore(deadline.at)
  waiting.add(deadline)
  if (waiting.size === 1 && typeof timer === "object") timer.ref()
  return () => {
    if (waiting.delete(deadline) && waiting.size === 0 && typeof timer === "object") timer.unref()
  }
}

const fireBefore = (at: number): void => {
  if (timer !== undefined && firesAt <= at) return
  const now = performance.now()
  const next = Math.min(at, now + MostMillis)
  const before = timer
  timer = setTimeout(fire, Math.max(0, Math.ceil(next - now)))
  // Not before it is set, because a deadline without a timer would never fire.
  firesAt = next
  clearTimeout(before)
}

/** A timer may fire too early, because the event loop reads the clock once per turn. */
const fire = (): void => {
  timer = undefined
  const now = performance.now()
  try {
    for (const deadline of waiting) {
      if (deadline.at > now) continue
      waiting.delete(deadline)
      deadline.action()
    }
  } finally {
    // Also after an action that has thrown, because the later ones are due.
    if (waiting.size > 0) fireBefore(earliest())
  }
}

const earliest = (): number => {
  let at = Number.POSITIVE_INFINITY
  for (const deadline of waiting) at = Math.min(at, deadline.at)
  return at
}
