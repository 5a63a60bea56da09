/**
 * The encoders of a stream: one for each layout of events, shared by all recorders.
 *
 * Numbers start as 32-bit integers. The first value of a field that is not one widens the field for good: the stream
 * declares another layout and continues with an encoder for it. Rows that were written before remain valid.
 *
 * A stream has a limited number of types. When they are used up, events that need another one do not get rows of fixed
 * width. Types of layouts that no recorder uses any more are reassigned: the stream declares them again, and earlier
 * rows are read by the layout that the type had at that point.
 */
import type { MetricEvent } from "../model/event.ts"
import { generateWrite } from "./rows/codegen.ts"
import { FirstLayout, type RowMemory, type RowWrite, TypeMask, type Written } from "./rows/format.ts"
import { type Layout, narrowed, widened } from "./rows/layout.ts"
import type { RowSource } from "./rows/rowSource.ts"

/** Writes events of a layout. Its implementation changes when a field is widened. */
export interface Encoder {
  readonly write: RowWrite
}

/**
 * The number of layouts that keep their types although no recorder uses them, because recorders come and go with the
 * same metrics.
 */
const MostUnused = 64

const settled = Promise.resolve()

interface LayoutEncoder extends Encoder {
  /** The layout that was asked for. */
  readonly of: Layout
  /** The number of users. */
  users: number
  write: RowWrite
  /** The current layout of the rows, and its type in the stream. */
  layout: Layout
  type: number
}

/**
 * What encoders write to. It also declares their layouts to the fold, in order with the rows. Returns `false` if there
 * is no room.
 */
export interface EncoderMemory extends RowMemory {
  readonly mayWrite: (source: RowSource) => boolean
  readonly declare: (type: number, layout: Layout) => boolean
}

export class RowEncoders {
  readonly #writer: EncoderMemory
  readonly #byLayout = new Map<Layout, LayoutEncoder>()
  /** From {@link FirstLayout} on. */
  readonly #byType: Array<LayoutEncoder | undefined> = []
  /** Encoders without a user. The one that has been unused longest comes first. */
  readonly #unused = new Set<LayoutEncoder>()
  /** Types that are no longer written, and types that become free at the end of this turn. */
  readonly #free: Array<number> = []
  #leaving: Array<number> = []

  constructor(writer: EncoderMemory) {
    this.#writer = writer
  }

  /** The number of types in use. */
  get types(): number {
    return this.#byType.length - this.#free.length
  }

  /**
   * Returns the encoder of a layout, which exists until it is released. The layout is declared to the fold with the
   * first event.
   */
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

  /** Releases an encoder for one of its users. */
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
   * Widens the fields at these places of the rows of a type, and writes the event that needs it. The event is read a
   * second time for that, which happens once in the life of a field. Also returns `false` if no type is left for the
   * wider layout.
   */
  widen(type: number, places: ReadonlyArray<number>, source: RowSource, event: MetricEvent): Written {
    const entry = this.#byType[type - FirstLayout]!
    // A property that emits another event while it is read may have led here already.
    if (entry.type === type && !this.#use(entry, widened(entry.layout, places))) return false
    return entry.write(source, event)
  }

  /** Returns `false` if all types are used up or there is no room. The entry is then unchanged. */
  #use(entry: LayoutEncoder, layout: Layout): boolean {
    // Reading the event, or folding before the write, may have removed its recorder.
    if (this.#byLayout.get(entry.of) !== entry) return false
    const type = this.#free.at(-1) ?? FirstLayout + this.#byType.length
    if (type > TypeMask || !this.#writer.declare(type, layout)) return false
    // If one of these fails, the next layout takes the type, which has no rows yet.
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
   * Detaches the type from its encoder. The type becomes free only after the turn, because a property of an event that
   * is being written as this type may have led here.
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
