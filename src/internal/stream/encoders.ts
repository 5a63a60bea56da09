/**
 * The encoders of a stream: one for each layout of events, shared by all recorders.
 *
 * Numbers begin as whole ones of 32 bits. The first value of a field that is none widens the field for good: the stream
 * declares another layout, and goes on with an encoder for that. Rows that were written before stay as they are.
 *
 * A stream has only so many types. When they are used up, events that would need another one do not fit a row of fixed
 * width. The types of layouts that no recorder uses any more are given to others: the stream declares them again, and
 * what lies before that in the stream is read by the layout that the type had then.
 */
import type { MetricEvent } from "../model/event.ts"
import { generateWrite } from "./rows/codegen.ts"
import { FirstLayout, type RowMemory, type RowWrite, TypeMask, type Written } from "./rows/format.ts"
import { type Layout, narrowed, widened } from "./rows/layout.ts"
import type { RowSource } from "./rows/rowSource.ts"

/** Writes events of a layout. What it writes them with changes when a field is widened. */
export interface Encoder {
  readonly write: RowWrite
}

/** How many layouts keep their types though no recorder uses them: recorders come and go with the same metrics. */
const MostUnused = 64

const settled = Promise.resolve()

interface LayoutEncoder extends Encoder {
  /** The layout that it is the encoder of. */
  readonly of: Layout
  /** How many use it. */
  users: number
  write: RowWrite
  /** The layout of the rows at present, and its type in the stream. */
  layout: Layout
  type: number
}

/** What encoders write to, and what tells the fold of their layouts, in order with the rows. `false`: there is no room. */
export interface EncoderMemory extends RowMemory {
  readonly mayWrite: (source: RowSource) => boolean
  readonly declare: (type: number, layout: Layout) => boolean
}

export class RowEncoders {
  readonly #writer: EncoderMemory
  readonly #byLayout = new Map<Layout, LayoutEncoder>()
  /** From {@link FirstLayout} on. */
  readonly #byType: Array<LayoutEncoder | undefined> = []
  /** Those without a user, which lost theirs first. */
  readonly #unused = new Set<LayoutEncoder>()
  /** Types that nobody writes any more, and those of which that is so at the end of this turn. */
  readonly #free: Array<number> = []
  #leaving: Array<number> = []

  constructor(writer: EncoderMemory) {
    this.#writer = writer
  }

  /** How many types are in use. */
  get types(): number {
    return this.#byType.length - this.#free.length
  }

  /** The encoder of a layout, of which the fold is told when the first event comes. It is there until it is released. */
  of(layout: Layout): Encoder {
    let entry = this.#byLayout.get(layout)
    if (entry === undefined) {
      const made: LayoutEncoder = {
        write: (source, event) =>
          this.#writer.mayWrite(source) && this.#use(made, narrowed(layout)) && made.write(source, event),
        of: layout,
        users: 0,
        layout,
        type: 0
      }
      entry = made
      this.#byLayout.set(layout, entry)
    }
    this.#unused.delete(entry)
    entry.users++
    return entry
  }

  /** One who uses an encoder uses it no more. */
  release(encoder: Encoder): void {
    const entry = encoder as LayoutEncoder
    if (--entry.users > 0) return
    this.#unused.add(entry)
    if (this.#unused.size <= MostUnused) return
    const [first] = this.#unused
    this.#unused.delete(first!)
    this.#byLayout.delete(first!.of)
    this.#leave(first!.type)
  }

  /**
   * Widens the fields in these places of the rows of a type, and writes the event that needs it. It is read once more for
   * that, which happens once in the life of a field. `false` as well where there is no type left to widen them by.
   */
  widen(type: number, places: ReadonlyArray<number>, source: RowSource, event: MetricEvent): Written {
    const entry = this.#byType[type - FirstLayout]!
    // A property that emits another event while it is read may have led here before.
    if (entry.type === type && !this.#use(entry, widened(entry.layout, places))) return false
    return entry.write(source, event)
  }

  /** `false`: all types are used up, or there is no room, and the entry is as it was. */
  #use(entry: LayoutEncoder, layout: Layout): boolean {
    // What is read of an event, or is folded before it is written, may have removed its recorder.
    if (this.#byLayout.get(entry.of) !== entry) return false
    const type = this.#free.at(-1) ?? FirstLayout + this.#byType.length
    if (type > TypeMask || !this.#writer.declare(type, layout)) return false
    // Where one of these fails, the next layout takes the type, of which there are no rows.
    const write = generateWrite(layout, type, this.#writer)
    this.#byType[type - FirstLayout] = entry
    this.#free.pop()
    this.#leave(entry.type)
    entry.layout = layout
    entry.type = type
    entry.write = write
    return true
  }

  /**
   * The type has no encoder any more. It is not free before the turn ends: a property that is read now, of an event that
   * is being written as this type, may have led here.
   */
  #leave(type: number): void {
    if (type === 0) return
    this.#leaving.push(type)
    if (this.#leaving.length === 1) void settled.then(this.#left)
  }

  readonly #left = (): void => {
    for (const type of this.#leaving) this.#byType[type - FirstLayout] = undefined
    this.#free.push(...this.#leaving)
    this.#leaving = []
  }
}
