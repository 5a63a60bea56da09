/** How full a stream is. */
import type { RuntimeStats } from "../model/runtimeStats.ts"
import { LastingStrings, MostTypes } from "./rows/format.ts"
import { mostPagesOf, PageBytes } from "./rows/page.ts"

export type StreamUsage = Omit<RuntimeStats, "recorders" | "restarts">

/** The usage of a stream that does not exist yet. */
export const unused = (mostBytes: number): StreamUsage => ({
  memory: { used: 0, limit: mostPagesOf(mostBytes) * PageBytes },
  types: { used: 0, limit: MostTypes },
  strings: { used: 0, limit: LastingStrings }
})
