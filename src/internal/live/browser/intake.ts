/**
 * What comes from the server until it is shown: one update after the other is read, in pieces, and those that come while
 * the page is paused are kept.
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
    // Some answers end the attempts of the browser: a proxy says 502 while the application starts again.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(onUpdate, onConnection), 2000)
  })
}

/** Characters of updates that are kept while the page is paused: of the oldest ones more is let go. */
const MostKept = 50_000_000

/** What is behind shows how far it has come, so often, in milliseconds. */
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

/** Milliseconds of a frame, which has 16, that a piece may take. */
const MostOfFrame = 6

/** How long a page that is looked at waits for its next frame. */
const Patience = 100

/** The next frame, or at once where nothing is drawn. */
const nextFrame = (): Promise<void> =>
  new Promise((resolve) => {
    if (document.hidden) {
      // Timers of pages in the background wait for a second.
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
      // Behind the drawing of this frame.
      setTimeout(resolve)
    })
  })

/** Runs all steps, in pieces: a frame is drawn after each that is as long as one. */
const inSlices = async (steps: Iterable<void>): Promise<void> => {
  let from = performance.now()
  for (const _ of steps) {
    if (performance.now() - from < MostOfFrame) continue
    await nextFrame()
    from = performance.now()
  }
}
