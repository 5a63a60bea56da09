/**
 * How an update is written: as JSON, each recorder on a line of its own. A page parses one line after the other and draws
 * its frames in between; for everyone else it is JSON.
 */
import type { LiveData, LiveRecorder } from "./update.ts"

/** An update without its recorders. */
export type LiveHead = Omit<LiveData, "recorders">

/** Of an update that was written so. */
export const readLines = (
  text: string
): { readonly head: LiveHead; readonly recorders: () => Generator<LiveRecorder> } => {
  const [first, ...lines] = text.split("\n")
  const { recorders: _, ...head } = JSON.parse(`${first}]}`) as LiveData
  return {
    head,
    *recorders() {
      for (const line of lines.slice(0, -1)) if (line !== "") yield JSON.parse(line.replace(/,$/, ""))
    }
  }
}
