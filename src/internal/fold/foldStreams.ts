/** The streams of one fold: that of its runtime, and those of the threads that are attached to it. */
import { MainStream, type StreamNumber } from "../stream/commands.ts"
import type { Page } from "../stream/rows/page.ts"
import { StreamWords } from "../stream/rows/streamWords.ts"
import type { ReadProgress } from "../stream/streamHandler.ts"
import { type FoldOfStreams, type SavedLog, StreamFold } from "./streamFold.ts"

/** A page was read to its end and may be written again. */
export type OnPageRead = (page: Page, stream: StreamFold) => void

export class FoldStreams {
  readonly main: StreamFold
  /** Pages of streams that have ended since a checkpoint began. Others may have them when one covers that. */
  endedPages = 0
  /** In the order in which they are read: the main one first. */
  readonly #streams = new Map<StreamNumber, StreamFold>()
  readonly #fold: FoldOfStreams
  readonly #onPageRead: OnPageRead

  constructor(fold: FoldOfStreams, onPageRead: OnPageRead) {
    this.#fold = fold
    this.#onPageRead = onPageRead
    this.main = this.findOrMake(MainStream)
  }

  get size(): number {
    return this.#streams.size
  }

  values(): IterableIterator<StreamFold> {
    return this.#streams.values()
  }

  find(stream: StreamNumber): StreamFold | undefined {
    return this.#streams.get(stream)
  }

  findOrMake(stream: StreamNumber): StreamFold {
    const found = this.#streams.get(stream)
    if (found !== undefined) return found
    const made = new StreamFold(stream, this.#fold, this.#onPageRead)
    this.#streams.set(stream, made)
    return made
  }

  /** There is the stream of an attached thread. It may have been restored. */
  attach(stream: StreamNumber, words: SharedArrayBuffer): void {
    this.findOrMake(stream).words = new StreamWords(words)
  }

  end(stream: StreamNumber): void {
    this.endedPages += this.#streams.get(stream)?.reader.pages ?? 0
    this.#streams.delete(stream)
  }

  /** Reads what is published of all streams, `mostPages` of each at the most. */
  read(mostPages: number): ReadProgress {
    if (this.size === 1) return this.main.goOn(mostPages)
    let progress: ReadProgress = "idle"
    let hasMoved = false
    for (const stream of this.values()) {
      const { position } = stream.reader
      const next = stream.goOn(mostPages)
      hasMoved ||= stream.reader.position !== position
      if (next === "more" || progress === "idle") progress = next
    }
    // What one stream waits for, another one may have come to.
    return progress === "attachment" && hasMoved ? "more" : progress
  }

  /** Whether there are rows that can be read. */
  get isReady(): boolean {
    for (const stream of this.values()) if (stream.isReady) return true
    return false
  }

  /** Tells attached threads how far it has read. */
  tellPositions(): void {
    if (this.size === 1) return
    for (const { reader, words } of this.values()) if (words !== undefined) words.read = reader.position
  }

  /** Whether it reads what may have ended the fold before, see {@link Restore.careful}. */
  get isCareful(): boolean {
    if (this.main.isCareful) return true
    if (this.size === 1) return false
    for (const stream of this.values()) if (stream.isCareful) return true
    return false
  }

  /** Whether it has read what lay in the logs when the fold took the place of another one. */
  get hasCaughtUp(): boolean {
    for (const stream of this.values()) if (!stream.hasCaughtUp) return false
    return true
  }

  /** What was added of all logs since this was last called, or all of it. */
  save(isWhole: boolean): Array<SavedLog> {
    return Array.from(this.values(), (stream) => stream.save(isWhole))
  }
}
