/**
 * The functions that write and read the rows of a layout.
 */
import type { MetricEvent } from "../MetricEvent.ts"
import type { Layout } from "./layout.ts"
import { closureRead, closureWrite } from "./rowClosures.ts"
import { canGenerate, generateRead, generateWrite } from "./rowCodegen.ts"
import type { RowWriter } from "./rowWriter.ts"

/**
 * Writes an event of the writer's present time, which may be anything but has the layout's tag. Gives `false` when it does not fit the layout, or
 * there is no room for it; then nothing that counts was written. Throws what the event's own getters throw.
 */
export type RowWrite = (lane: number, event: MetricEvent) => boolean

/** The memory that a row is read from: the views of its page, and the dictionary. */
export interface Rows {
  readonly i32: Int32Array
  readonly f64: Float64Array
  readonly i64: BigInt64Array
  /** By code: what is absent has its value at its code. */
  readonly strings: ReadonlyArray<string | null | undefined>
}

/** Reads the event of the row at word `at`. */
export type RowRead = (rows: Rows, at: number) => MetricEvent

export const compileWrite = (layout: Layout, type: number, writer: RowWriter, generate = canGenerate): RowWrite =>
  generate ? generateWrite(layout, type, writer) : closureWrite(layout, type, writer)

export const compileRead = (layout: Layout, generate = canGenerate): RowRead =>
  generate ? generateRead(layout) : closureRead(layout)
