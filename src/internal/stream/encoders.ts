/**
 * The encoders of a stream: one for each layout of events, shared by all recorders.
 *
 * Numbers begin as whole ones of 32 bits. The first value of a field that is none widens the field for good: the stream
 * declares another layout, and goes on with an encoder for that. Rows that were written before stay as they are.
 *
 * A stream has only so many types. When they are used up, events that would need another one do not fit a row of fixed
 * width.
 */
import type { MetricEvent } from "../model/event.ts"
import { generateWrite } from "./rows/codegen.ts"
import { FirstLayout, type RowMemory, type RowSource, type RowWrite, TypeMask } from "./rows/format.ts"
import { type Layout, narrowed, widened } from "./rows/layout.ts"

/** Writes events of a layout. What it writes them with changes when a field is widened. */
export interface Encoder {
  readonly write: RowWrite
}

interface Entry extends Encoder {
  write: RowWrite
  /** The layout of the rows at present, and its type in the stream. */
  layout: Layout
  type: number
}

/** What encoders write to, and what tells the fold of their layouts, in order with the rows. `false`: there is no room. */
export interface EncoderMemory extends RowMemory {
  readonly declare: (type: number, layout: Layout) => boolean
}

export class RowEncoders {
  readonly #writer: EncoderMemory
  readonly #byLayout = new Map<Layout, Entry>()
  /** From {@link FirstLayout} on. */
  readonly #byType: Array<Entry> = []

  constructor(writer: EncoderMemory) {
    this.#writer = writer
  }

  /** How many types are in use. */
  get types(): number {
    return this.#byType.length
  }

  /** The encoder of a layout, of which the fold is told when the first event comes. */
  of(layout: Layout): Encoder {
    let entry = this.#byLayout.get(layout)
    if (entry === undefined) {
      const made: Entry = {
        write: (source, event) =>
          this.#writer.mayWrite(source) && this.#use(made, narrowed(layout)) && made.write(source, event),
        layout,
        type: 0
      }
      entry = made
      this.#byLayout.set(layout, entry)
    }
    return entry
  }

  /**
   * Widens the fields in these places of the rows of a type, and writes the event that needs it. It is read once more for
   * that, which happens once in the life of a field. `false` as well where there is no type left to widen them by.
   */
  widen(type: number, places: ReadonlyArray<number>, source: RowSource, event: MetricEvent): boolean {
    const entry = this.#byType[type - FirstLayout]!
    // A property that emits another event while it is read may have led here before.
    if (entry.type === type && !this.#use(entry, widened(entry.layout, places))) return false
    return entry.write(source, event)
  }

  /** `false`: all types are used up, or there is no room, and the entry is as it was. */
  #use(entry: Entry, layout: Layout): boolean {
    const type = FirstLayout + this.#byType.length
    if (type > TypeMask || !this.#writer.declare(type, layout)) return false
    // Where one of these fails, the next layout takes the type, of which there are no rows.
    const write = generateWrite(layout, type, this.#writer)
    this.#byType.push(entry)
    entry.layout = layout
    entry.type = type
    entry.write = write
    return true
  }
}
