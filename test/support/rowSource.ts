import type { RowSource } from "../../src/internal/stream/rows/format.ts"

/** The events of a lane, which may always be written, or as `others` says. */
export const rowSource = (lane: number, others: Partial<RowSource> = {}): RowSource => ({
  lane,
  counted: 0,
  limit: Number.POSITIVE_INFINITY,
  runType: 0,
  runEnd: 0,
  reopen: () => true,
  ...others
})
