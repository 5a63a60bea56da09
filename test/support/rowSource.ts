import { RowSource } from "../../src/internal/stream/rows/rowSource.ts"

/** The events of a lane, which may be written up to `limit`, and then if `reopen` says so. */
export const rowSource = (
  lane: number,
  limit = Number.POSITIVE_INFINITY,
  reopen: (source: RowSource) => boolean = () => true
): RowSource => {
  const source = new RowSource(lane, { reopen, refuses: () => false })
  source.limit = limit
  return source
}
