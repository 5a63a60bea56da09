/**
 * What is due after a while by the real clock, unless it is taken back: the time limits of those who wait. They share one
 * timer, because setting one costs more than most of them wait. It is set for the earliest that there was, and for what
 * is left once it has fired; nothing is cleared when a wait ends.
 */

interface Deadline {
  readonly at: number
  readonly action: () => void
}

/** Bounds a sleep of the timer, which may be longer than all that is left by then, and than a timer can be. */
const MostMillis = 60_000

const waiting = new Set<Deadline>()
let timer: ReturnType<typeof setTimeout> | undefined
let firesAt = Number.POSITIVE_INFINITY

/**
 * Runs `action` after so many milliseconds, unless the function given back is called before. Keeps the process alive
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
  // Not before it is set: a deadline that no timer fires for would never be seen to pass.
  firesAt = next
  clearTimeout(before)
}

/** A timer may fire too early: the event loop looks at the clock once in a turn. */
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
    // After one that has thrown as well: those behind it are due.
    if (waiting.size > 0) fireBefore(earliest())
  }
}

const earliest = (): number => {
  let at = Number.POSITIVE_INFINITY
  for (const deadline of waiting) at = Math.min(at, deadline.at)
  return at
}
