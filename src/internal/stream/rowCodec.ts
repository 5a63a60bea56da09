/**
 * The functions that write and read the rows of a layout.
 */
import type { Layout } from "./layout.ts"
import { closureRead, closureWrite } from "./rowClosures.ts"
import { canGenerate, generateRead, generateWrite } from "./rowCodegen.ts"
import type { RowMemory, RowRead, RowWrite } from "./rowFormat.ts"

export const compileWrite = (layout: Layout, type: number, writer: RowMemory, generate = canGenerate): RowWrite =>
  generate ? generateWrite(layout, type, writer) : closureWrite(layout, type, writer)

export const compileRead = (layout: Layout, generate = canGenerate): RowRead =>
  generate ? generateRead(layout) : closureRead(layout)
