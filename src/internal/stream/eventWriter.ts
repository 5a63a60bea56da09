/**
 * Turns the events of one recorder into rows of the stream: rows of fixed width if the tag has a layout and the event
 * fits it, otherwise rows of variable width. Everything written is taken by value.
 */
import { type MetricEvent, whyNotEvent } from "../model/event.ts"
import { emissionSpan, putSpan } from "../model/eventSpan.ts"
import { messageOf } from "../util/describeError.ts"
import type { Encoder } from "./encoders.ts"
import { checkEvent, copyEvent } from "./rows/copyEvent.ts"
import type { Written } from "./rows/format.ts"
import type { TagLayout } from "./rows/layout.ts"
import type { Names } from "./rows/nameLists.ts"
import type { RowSource } from "./rows/rowSource.ts"
import type { RowWriter } from "./writer.ts"

/** How the events of a tag cross at present. */
export interface TagLayouts {
  readonly layoutOf: (tag: string) => TagLayout
  /** Whether a metric reads the spans in which events of the tag are emitted. */
  readonly readsSpan: (tag: string) => boolean
}

/** How the events of a tag are written. */
interface TagWrite {
  readonly encoder: Encoder
  readonly foreign: boolean
  readonly spans: boolean
  /** The names of its fields, if only some of them cross. */
  readonly names: Names | undefined
}

export class EventWriter {
  // No `#` names: see Intake.offer.
  private readonly rowWriter: RowWriter
  readonly #layouts: TagLayouts
  /**
   * Created for the second tag, which many recorders do not have. Foreign tags are not included, because their number
   * is unlimited.
   */
  #byTag: Map<string, TagWrite> | undefined
  /** The tag written last and its encoder. Most recorders have few tags. */
  private tag = ""
  private encoder: Encoder = none
  #last: TagWrite = unused
  /**
   * Whether the recorder has left the lane, which may then belong to another recorder. Nothing is written from then on.
   */
  protected hasLeft = false

  constructor(writer: RowWriter, layouts: TagLayouts) {
    this.rowWriter = writer
    this.#layouts = layouts
  }

  /** Discards the layouts, because the metrics of the recorder have changed. */
  forgetLayouts(): void {
    const writes = new Set(this.#byTag?.values()).add(this.#last)
    this.#byTag = undefined
    this.tag = ""
    this.encoder = none
    this.#last = unused
    for (const { encoder } of writes) if (encoder !== none) this.rowWriter.release(encoder)
  }

  protected leaveStream(): void {
    this.hasLeft = true
    this.forgetLayouts()
  }

  /**
   * Writes an event that is emitted now. Returns `false` if nothing was written: the value is not an event, cannot be
   * read or is not plain data, the source may not write, or there is no room. Returns `undefined` for the last two
   * only.
   */
  writeRow(source: RowSource, event: MetricEvent): Written {
    const written = this.encoderOf(event).write(source, event)
    return written === false ? this.writeAny(source, event) : written
  }

  /**
   * Returns the encoder for the tag of an event. Its `write` returns `false` if the tag has no layout or the event does
   * not fit it.
   */
  protected encoderOf(event: MetricEvent): Encoder {
    const tag = tagOf(event)
    return tag === this.tag ? this.encoder : this.writeOf(tag).encoder
  }

  /**
   * Copies an event that is emitted now, with its span if a metric reads it. Returns `undefined` if the value is not an
   * event.
   */
  copy(event: unknown): MetricEvent | undefined {
    const copy = copyOf(event)
    return copy !== undefined && this.#layouts.readsSpan(copy._tag) ? putSpan(copy, emissionSpan(copy)) : copy
  }

  /** Writes an event that has no layout or does not fit it. */
  protected writeAny(source: RowSource, event: MetricEvent): boolean {
    const tag = tagOf(event)
    if (typeof event !== "object" || typeof tag !== "string") return false
    // A property that emitted another event may have changed the last tag.
    const { foreign, names, spans } = tag === this.tag ? this.#last : this.writeOf(tag)
    if (!foreign) return this.rowWriter.writeEvent(source, event, tag, spans, names)
    if (tag.trim() === "" || !this.rowWriter.mayWrite(source)) return false
    return whyNoData(event) === undefined && this.rowWriter.foreignEvent(source)
  }

  private writeOf(tag: string): TagWrite {
    if (typeof tag !== "string" || tag.trim() === "" || this.hasLeft) return unused
    let write = this.#byTag?.get(tag)
    if (write === undefined) {
      const layout = this.#layouts.layoutOf(tag)
      const encoder = typeof layout === "string" ? undefined : this.rowWriter.encoder(layout)
      const foreign = layout === "foreign"
      const names = typeof layout === "string" ? undefined : this.rowWriter.namesOf(layout)
      write = { encoder: encoder ?? none, foreign, spans: !foreign && this.#layouts.readsSpan(tag), names }
      if (!this.#last.foreign) {
        this.#byTag ??= new Map()
        this.#byTag.set(this.tag, this.#last)
      }
      if (!foreign) this.#byTag?.set(tag, write)
    }
    this.tag = tag
    this.encoder = write.encoder
    this.#last = write
    return write
  }
}

/** For events without a layout. */
const none: Encoder = { write: () => false }
const unused: TagWrite = { encoder: none, foreign: true, spans: false, names: undefined }

/** A value whose tag is missing, is not a string, or throws when it is read, has no layout. */
const tagOf = (event: MetricEvent): string => {
  try {
    return event._tag
  } catch {
    return undefined as never
  }
}

/** Copies an event by value. Returns `undefined` if the value is not an event. */
export const copyOf = (event: unknown): MetricEvent | undefined =>
  whyNotEvent(event) === undefined ? copyEvent(event as MetricEvent, () => undefined) : undefined

/** Explains why `event` is refused as invalid. Returns `undefined` if it is valid. */
export const whyInvalidEvent = (event: unknown): string | undefined =>
  whyNotEvent(event) ?? whyNoData(event as MetricEvent)

const whyNoData = (event: MetricEvent): string | undefined =>
  checkEvent(event, (cause) => `must be plain data: ${messageOf(cause)}`)
