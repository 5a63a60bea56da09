/** The streams of one fold: that of its runtime, and those of attached threads. */
import { MainStream, type StreamNumber } from "../stream/commands.ts"
import type { Page } from "../stream/rows/page.ts"
import { StreamWords } from "../stream/rows/streamWords.ts"
import type { ReadProgress } from "../stream/streamHandler.ts"
import { type FoldOfStreams, type SavedLog, StreamFold } from "./streamFold.ts"

/** Called when a page was read completely and may be reused. */
export type OnPageRead = (page: Page, stream: StreamFold) => void

export class FoldStreams {
  readonly main: StreamFold
  /** Pages of streams that have ended since a checkpoint began. They may be reused when a checkpoint covers that. */
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

  /** Adds the stream of an attached thread. It may have been restored already. */
  attach(stream: StreamNumber, words: SharedArrayBuffer): void {
    this.findOrMake(stream).words = new StreamWords(words)
  }

  end(stream: StreamNumber): void {
    this.endedPages += this.#streams.get(stream)?.reader.pages ?? 0
    this.#streams.delete(stream)
  }

  /** Reads what is published of all streams, up to `mostPages` of each. */
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
    // Another stream may have reached what one stream waits for.
    return progress === "attachment" && hasMoved ? "more" : progress
  }

  /** Whether there are rows that can be read. */
  get isReady(): boolean {
    for (const stream of this.values()) if (stream.isReady) return true
    return false
  }

  /** Informs attached threads how far the fold has read. */
  tellPositions(): void {
    if (this.size === 1) return
    for (const { reader, words } of this.values()) if (words !== undefined) words.read = reader.position
  }

  /** Whether it reads what may have ended the previous fold, see {@link Restore.careful}. */
  get isCareful(): boolean {
    if (this.main.isCareful) return true
    if (this.size === 1) return false
    for (const stream of this.values()) if (stream.isCareful) return true
    return false
  }

  /** Whether it has read everything that was in the logs when the fold replaced another one. */
  get hasCaughtUp(): boolean {
    for (const stream of this.values()) if (!stream.hasCaughtUp) return false
    return true
  }

  /** What was added to all logs since the last call, or everything. */
  save(isWhole: boolean): Array<SavedLog> {
    return Array.from(this.values(), (stream) => stream.save(isWhole))
  }
}
