/**
 * The functions that write and read the rows of a layout.
 */

import { closureRead, closureWrite } from "./closures.ts"
import { canGenerate, generateRead, generateWrite } from "./codegen.ts"
import type { RowMemory, RowRead, RowWrite } from "./format.ts"
import type { Layout } from "./layout.ts"

export const compileWrite = (layout: Layout, type: number, writer: RowMemory, generate = canGenerate): RowWrite =>
  generate ? generateWrite(layout, type, writer) : closureWrite(layout, type, writer)

export const compileRead = (layout: Layout, generate = canGenerate): RowRead =>
  generate ? generateRead(layout) : closureRead(layout)
