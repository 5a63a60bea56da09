/**
 * How the exports of a runtime went, in words for the live page and the terminal.
 */
import type { ExportStats } from "../../model/runtimeStats.ts"
import { format, shortened } from "./format.ts"

export interface ShownExport extends Pick<ExportStats, "exporter" | "failing" | "lastError"> {
  /** The rest of a sentence that begins with the exporter. */
  readonly text: string
}

export const shownExport = ({ failing, lastError, exporter, ...counts }: ExportStats): ShownExport => ({
  exporter,
  failing,
  text: [
    `${format(counts.delivered, "count")} delivered`,
    ...(counts.partial === 0 ? [] : [`${format(counts.partial, "count")} in part`]),
    ...(counts.failed === 0 ? [] : [`${format(counts.failed, "count")} failed`]),
    ...(counts.rejectedPoints === 0 ? [] : [`${format(counts.rejectedPoints, "count")} points rejected`])
  ].join(", "),
  lastError: lastError && { at: lastError.at, message: shortened(lastError.message, 600) }
})
