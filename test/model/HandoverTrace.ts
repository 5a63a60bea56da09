/**
 * The code of a hand-over, run with both sides in one thread, and what it does to the memory that they share. Nothing
 * happens by itself: a test decides when which side goes on.
 */
import { type Carrier, PagesBetweenThreads } from "../../src/internal/stream/carrier.ts"
import { ControlBytes, WakeUp } from "../../src/internal/stream/parking.ts"
import { RowReader } from "../../src/internal/stream/reader.ts"
import { PageBytes, PageWords, setRead } from "../../src/internal/stream/rows/page.ts"
import { StreamWords } from "../../src/internal/stream/rows/streamWords.ts"
import { RowWriter } from "../../src/internal/stream/writer.ts"
import { rowSource } from "../support/rowSource.ts"
import { SharedAccesses } from "../support/sharedAccesses.ts"

/** Rows of one word. Two events of so many rows fill a page, except for the words kept for commands and the page end. */
const RowsOfEvent = (PageWords - 4) / 2

const headerWords = ["publishedEnd", "read", "turn"]
const controlWords = ["Signal", "State"]
const streamWords = ["Published", "Published", "Read", "Read", "Page", "Pos"]
const none = (): void => {}

export type Steps = ReadonlyArray<readonly [step: string, accesses: ReadonlyArray<string>]>

export class HandoverTrace {
  readonly steps: Array<Steps[number]> = []
  readonly #accesses = new SharedAccesses()
  readonly #writer: RowWriter
  readonly #reader: RowReader
  readonly #wakeUp: WakeUp
  #events = 0
  readonly #messages: Array<() => void> = []
  /** What has come out, and what has to: the number of rows, and the numbers of the commands. */
  readonly folded = { rows: 0, commands: new Set<number>() }
  readonly written = { rows: 0, commands: new Set<number>() }
  #commands = 0
  #sleeps = false

  /** `attached`: the producer is a thread that is attached to a runtime. */
  constructor(attached = false) {
    const control = new SharedArrayBuffer(ControlBytes)
    this.#accesses.watch(control, (i) => controlWords[i]!)
    this.#wakeUp = new WakeUp(control)
    this.#reader = new RowReader(
      {
        foreignEvents: (_, count) => {
          this.#accesses.note("fold an event")
          this.folded.rows += count
        },
        command: (command) => {
          this.#accesses.note("fold a command")
          this.folded.commands.add(command as number)
        },
        ...{ rows: none, event: none, layout: none, read: none, skip: none }
      },
      (page) => {
        setRead(page)
        // Nobody needs it any more, and every later store changes a word.
        this.#accesses.fill(page.i32.subarray(2 * page.first, 2 * page.end))
      }
    )
    const words = attached ? new StreamWords() : undefined
    if (words !== undefined) this.#accesses.watch(words.buffer, (i) => streamWords[i]!)
    this.#writer = new RowWriter(this.#carrier(attached), 2 * PageBytes, false, undefined, words)
    this.receive()
    this.#writer.give(0)
    this.#accesses.take()
  }

  /** That of `WorkerLink`, or that of `AttachedLink`. */
  #carrier(attached: boolean): Carrier {
    const post = (message: string, receive = none): void => {
      this.#accesses.note(`post ${message}`)
      this.#messages.push(receive)
    }
    return {
      pagesInTurn: PagesBetweenThreads,
      fixedMemory: true,
      allocate: (bytes) => {
        const memory = new SharedArrayBuffer(bytes)
        new Int32Array(memory).fill(-1)
        return memory
      },
      opened: (first, buffer) => {
        this.#accesses.watch(buffer, (half) => {
          const word = half % (2 * PageWords)
          return `${headerWords[word] ?? "rows"} ${first + Math.floor(half / (2 * PageWords))}`
        })
        post("Memory", () => this.#reader.memory(first, buffer))
      },
      attach: (attachments) => post("Attach", () => this.#reader.attach(attachments)),
      rouse: () => this.#wakeUp.rouse(),
      letSleep: () => post("Sleep", () => this.#maySleep(true)),
      wake: () => (attached ? this.#wakeUp.rouseSleeping() : post("Wake", () => this.#maySleep(false))),
      turned: none,
      soon: none
    }
  }

  /** Names what was done since the last call. */
  did(step: string): void {
    this.steps.push([step, this.#accesses.take()])
  }

  /** Lets an access of an action fail, if there are so many. Returns whether one did. */
  failing(access: number, action: () => void): boolean {
    this.#accesses.untilFailure = access
    try {
      action()
      return false
    } catch {
      return true
    } finally {
      this.#accesses.untilFailure = Number.POSITIVE_INFINITY
    }
  }

  // --- the producer

  /** Returns whether there was room. */
  emit(): boolean {
    const source = rowSource(this.#events)
    const rest = this.written.rows
    try {
      if (!this.#writer.foreignEvent(source)) return false
      for (let rows = 1; rows < RowsOfEvent; rows++) this.#writer.foreignEvent(source)
      this.#events++
      return true
    } finally {
      this.written.rows = rest + source.counted
    }
  }

  flush(): void {
    this.#writer.publish(true)
  }

  async endTurn(): Promise<void> {
    this.#writer.give(undefined)
    this.#writer.now()
    this.#writer.give(0)
    await Promise.resolve()
  }

  command(): void {
    const number = this.#commands++
    this.#writer.command(number)
    this.written.commands.add(number)
  }

  readerIdle(): void {
    this.#writer.readerIdle()
  }

  // --- the reader

  /** Receives the next message. */
  receive(): void {
    this.#messages.shift()!()
  }

  #maySleep(sleeps: boolean): void {
    this.#sleeps = sleeps
  }

  /** Receives and reads everything, unless it sleeps and there is no message. */
  drain(): void {
    const rests = this.#sleeps && this.#messages.length === 0
    while (this.#messages.length > 0) this.receive()
    if (!rests) this.read()
  }

  /** Reads what is published, as `FoldThread.run` does. */
  read(): void {
    do void this.#reader.ready
    while (this.#reader.read(1) === "more")
  }

  /** Naps, while this happens. */
  nap(meanwhile: () => void = () => {}): void {
    this.#accesses.onWait = meanwhile
    this.#wakeUp.nap(4, () => this.#reader.ready)
  }

  /** Waits for rows of an attached thread, or for a message. */
  sleep(): void {
    this.#wakeUp.sleep(() => this.#reader.ready, none)
  }
}
