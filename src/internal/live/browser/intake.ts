/**
 * Receives updates from the server: one after the other is read, in slices, and updates that arrive while the page is
 * paused are kept.
 */
import { type LiveHead, type LiveRecorder, readLines } from "../model/update.ts"

export type Connection = "connecting" | "live" | "lost"

/** Calls back until the page is left. The browser reconnects after a lost connection. */
export const listen = (onUpdate: (lines: string) => void, onConnection: (state: Connection) => void): void => {
  const source = new EventSource(new URL("events", import.meta.url))
  source.addEventListener("open", () => onConnection("live"))
  source.addEventListener("message", ({ data }) => onUpdate(data))
  source.addEventListener("error", () => {
    onConnection("lost")
    // Some answers end the browser's attempts: a proxy answers 502 while the application restarts.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(onUpdate, onConnection), 2000)
  })
}

/** The maximum number of characters of updates kept while the page is paused. Beyond it, the oldest are dropped. */
const MostKept = 50_000_000

/** The interval at which a page that is behind shows its progress, in milliseconds. */
const Between = 1000

interface Reader {
  readonly begin: (head: LiveHead) => void
  readonly recorder: (recorder: LiveRecorder) => void
  readonly end: () => void
  readonly show: () => void
}

export class Intake {
  readonly #reader: Reader
  readonly #waiting: Array<string> = []
  #isReading = false
  #paused = false

  constructor(reader: Reader) {
    this.#reader = reader
  }

  get paused(): boolean {
    return this.#paused
  }

  pause(paused: boolean): void {
    this.#paused = paused
    this.#read()
  }

  take(lines: string): void {
    this.#waiting.push(lines)
    let kept = this.#waiting.reduce((sum, { length }) => sum + length, 0)
    while (kept > MostKept && this.#waiting.length > 1) kept -= this.#waiting.shift()!.length
    this.#read()
  }

  async #read(): Promise<void> {
    if (this.#isReading) return
    this.#isReading = true
    try {
      await inSlices(this.#steps())
    } finally {
      this.#isReading = false
    }
  }

  *#steps(): Generator<void> {
    let shown = performance.now()
    while (!this.#paused && this.#waiting.length > 0) {
      const { head, recorders } = readLines(this.#waiting.shift()!)
      this.#reader.begin(head)
      for (const recorder of recorders()) {
        this.#reader.recorder(recorder)
        yield
      }
      this.#reader.end()
      if (this.#waiting.length > 0 && performance.now() - shown < Between) continue
      yield
      this.#reader.show()
      shown = performance.now()
    }
  }
}

/** The milliseconds of a 16 ms frame that a slice may take. */
const MostOfFrame = 6

/** How long a visible page waits for its next frame. */
const Patience = 100

/** The next frame, or immediately if nothing is drawn. */
const nextFrame = (): Promise<void> =>
  new Promise((resolve) => {
    if (document.hidden) {
      // Timers of pages in the background are delayed by a second.
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => {
        port1.close()
        resolve()
      }
      port2.postMessage(undefined)
      return
    }
    const patience = setTimeout(resolve, Patience)
    requestAnimationFrame(() => {
      clearTimeout(patience)
      // After this frame is drawn.
      setTimeout(resolve)
    })
  })

/** Runs all steps in slices, drawing a frame after each. */
const inSlices = async (steps: Iterable<void>): Promise<void> => {
  let from = performance.now()
  for (const _ of steps) {
    if (performance.now() - from < MostOfFrame) continue
    await nextFrame()
    from = performance.now()
  }
}
