/**
 * The stream of an attached thread, as seen from the runtime's thread: the memory that the thread writes and the fold
 * reads, and the order between its rows and the commands. When the thread ends, this side completes what the thread had
 * written.
 */
import type { Lane, StreamNumber } from "../stream/commands.ts"
import { TypeBits } from "../stream/rows/format.ts"
import { logPosition } from "../stream/rows/log.ts"
import { type Page, pagesInUse, pagesOf, publish, publishedEnd, turnOf } from "../stream/rows/page.ts"
import {
  StreamWords,
  WordPage,
  WordPos,
  WordRunAt,
  WordRunCounted,
  WordRunLane,
  WordRunType,
  WordRunWords
} from "../stream/rows/streamWords.ts"
import type { FoldRequest } from "../stream/workerMessages.ts"

type MemoryRequest = Extract<FoldRequest, { readonly _tag: "Memory" }>

/** Events that a thread had accepted but not counted when it ended. */
export interface Uncounted {
  readonly lane: Lane
  readonly events: number
}

export class AttachedStream {
  readonly number: StreamNumber
  readonly words: StreamWords
  readonly memory: Array<MemoryRequest> = []
  readonly pages: Array<Page> = []
  /** Receives what the thread has sent. Returns `undefined` while one of its messages is being received. */
  readonly #receive: () => number | undefined
  #known = 0
  hasEnded = false
  /** Lanes that the thread may still write to, each with the action to run once it no longer does. */
  readonly #written = new Map<Lane, () => void>()

  constructor(number: StreamNumber, words: SharedArrayBuffer, receive: () => number | undefined) {
    this.number = number
    this.words = new StreamWords(words)
    this.#receive = receive
  }

  /** The memory of all pages that hold rows, once it is known. */
  get fixed(): SharedArrayBuffer | undefined {
    return this.memory[0]?.buffer as SharedArrayBuffer | undefined
  }

  get pagesInUse(): number {
    return pagesInUse(this.pages)
  }

  opened(first: number, buffer: ArrayBufferLike): MemoryRequest {
    const request: MemoryRequest = { _tag: "Memory", stream: this.number, first, buffer }
    this.memory.push(request)
    for (const page of pagesOf(first, buffer)) this.pages[page.number] = page
    return request
  }

  /** Records that everything the thread has sent comes after this position. */
  sentAt(position: number): void {
    if (position > this.#known) this.#known = position
  }

  /**
   * The position after which a command sent now is placed. Everything the thread sent earlier is received first,
   * because a row that waits for it may lie before that position.
   */
  get position(): number {
    const { published } = this.words
    if (this.#receive() !== undefined) this.sentAt(published)
    return this.#known
  }

  /**
   * Whether the fold has something to read. If the fold is already on another page, it is past everything the thread
   * had published.
   */
  get isBehind(): boolean {
    return this.words.published > this.words.read
  }

  /** Whether the thread is idle: everything it has written is published, and no run is open. */
  get isQuiet(): boolean {
    const { i32 } = this.words
    const page = this.pages[i32[WordPage]!]
    return i32[WordRunAt] === 0 && (page === undefined || publishedEnd(page) >= i32[WordPos]!)
  }

  /** The rows of the open run. If its first row is incomplete, there is nothing after its header. */
  get #openRows(): number {
    const { i32 } = this.words
    const [pos, runAt] = [i32[WordPos]!, i32[WordRunAt]!]
    return runAt > 0 && pos > runAt + 1 ? Math.floor((pos - runAt - 1) / i32[WordRunWords]!) : 0
  }

  /** What the thread has accepted but not counted. Exact only while the thread is not running. */
  get uncounted(): Uncounted | undefined {
    const { i32 } = this.words
    const rows = this.#openRows
    const lane = i32[WordRunLane]!
    return rows > 0 && lane >= 0 ? { lane, events: rows - i32[WordRunCounted]! } : undefined
  }

  // --- lanes

  opens(lane: Lane): void {
    this.#written.set(lane, () => {})
  }

  /** Marks a lane that the thread no longer writes to. */
  left(lane: Lane): void {
    const free = this.#written.get(lane)
    this.#written.delete(lane)
    free?.()
  }

  /** Runs `free` once the thread no longer writes to the lane. From then on another recorder may use its number. */
  whenLeft(lane: Lane, free: () => void): void {
    if (this.#written.has(lane)) this.#written.set(lane, free)
    else free()
  }

  // --- the end of the thread

  /** Called when the thread has ended. Publishes what it had written and returns what it had not counted. */
  end(): Uncounted | undefined {
    this.hasEnded = true
    const { i32 } = this.words
    const page = this.pages[i32[WordPage]!]
    if (page === undefined) return undefined
    const pos = i32[WordPos]!
    const rows = this.#openRows
    const { uncounted } = this
    if (rows > 0) page.i32[i32[WordRunAt]! * 2 + 1] = i32[WordRunType]! | (rows << TypeBits)
    if (pos > publishedEnd(page)) publish(page, pos)
    this.words.published = logPosition(turnOf(page), publishedEnd(page) - page.first)
    this.sentAt(this.words.published)
    for (const lane of [...this.#written.keys()]) this.left(lane)
    return uncounted
  }
}
