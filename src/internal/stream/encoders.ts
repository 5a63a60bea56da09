/**
 * The encoders of a stream: one for each layout of events, shared by all recorders.
 *
 * Numbers begin as whole ones of 32 bits. The first value of a field that is none widens the field for good: the stream
 * declares another layout, and goes on with an encoder for that. Rows that were written before stay as they are.
 *
 * A stream has only so many types. When they are used up, events that would need another one do not fit, and are cloned.
 */
import type { MetricEvent } from "../model/event.ts"
import { compileWrite } from "./rows/codec.ts"
import { FirstLayout, type RowMemory, type RowSource, type RowWrite, TypeMask } from "./rows/format.ts"
import { type Layout, narrowed, widened } from "./rows/layout.ts"

/** Writes events of a layout. What it writes them with changes when a field is widened. */
export interface Encoder {
  readonly write: RowWrite
}

/** Tells the fold of a layout, in order with the rows. */
export type Declare = (type: number, layout: Layout) => void

interface Entry extends Encoder {
  write: RowWrite
  /** The layout of the rows at present, and its type in the stream. */
  layout: Layout
  type: number
}

export class RowEncoders {
  readonly #writer: RowMemory
  readonly #declare: Declare
  readonly #generate: boolean | undefined
  readonly #byLayout = new Map<Layout, Entry>()
  /** From {@link FirstLayout} on. */
  readonly #byType: Array<Entry> = []

  /** `generate`: whether encoders are generated code or closures; by default what the process allows. */
  constructor(writer: RowMemory, declare: Declare, generate: boolean | undefined) {
    this.#writer = writer
    this.#declare = declare
    this.#generate = generate
  }

  /** How many types are in use. */
  get types(): number {
    return this.#byType.length
  }

  /** The encoder of a layout, of which the fold is told when it is new. */
  of(layout: Layout): Encoder {
    let entry = this.#byLayout.get(layout)
    if (entry === undefined) {
      entry = { write: fitsNever, layout, type: 0 }
      this.#byLayout.set(layout, entry)
      this.#use(entry, narrowed(layout))
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

  /** `false`: all types are used up, and the entry is as it was. */
  #use(entry: Entry, layout: Layout): boolean {
    const type = FirstLayout + this.#byType.length
    if (type > TypeMask) return false
    entry.layout = layout
    entry.type = type
    entry.write = compileWrite(layout, type, this.#writer, this.#generate)
    this.#byType.push(entry)
    this.#declare(type, layout)
    return true
  }
}

const fitsNever: RowWrite = () => false
