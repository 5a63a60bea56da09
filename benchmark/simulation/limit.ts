/** Where a way ends: the most processes of which everything is done in time, and what has no time for more. */
import type { Lives, Load } from "./load.ts"
import { model } from "./model.ts"

export interface Limit {
  readonly processes: number
  readonly by: "network" | "store" | "reader"
}

/** `undefined`: nothing in the model ends it. */
export const limitOf = (loadOf: (processes: number) => Load, lives: Lives): Limit | undefined => {
  const tooMuch = (processes: number): Limit["by"] | undefined => {
    const load = loadOf(processes)
    const { readPerSecond, reportEvery, storeBusy, writtenPerSecond } = model(load, lives)
    if (storeBusy > 1) return "store"
    if (Math.max(writtenPerSecond, readPerSecond) > load.network) return "network"
    // A report that is a little late is due to rounding.
    return reportEvery > load.report.every * 1.0001 ? "reader" : undefined
  }
  let fits = 1
  let not = 2
  while (tooMuch(not) === undefined) {
    fits = not
    not *= 2
    if (not > Most) return undefined
  }
  while (not - fits > Math.max(1, fits / 100)) {
    const middle = Math.floor((fits + not) / 2)
    if (tooMuch(middle) === undefined) fits = middle
    else not = middle
  }
  return { processes: fits, by: tooMuch(not)! }
}

const Most = 100_000_000
