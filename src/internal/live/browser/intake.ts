/**
 * What comes from the server until it is shown: one update after the other is read, in pieces, and those that come while
 * the page is paused are kept.
 */
import { type LiveHead, readLines } from "../model/lines.ts"
import type { LiveRecorder } from "../model/update.ts"
import { inSlices } from "./slices.ts"

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
