/**
 * Runs programs that end by themselves in one process, one after the other, because starting a process costs more than
 * most of them. Its arguments are their URLs; it reports what each wrote to stderr.
 */
import { setImmediate as nextTurn } from "node:timers/promises"
import { say } from "./say.ts"

const written: Array<string> = []
const write = process.stderr.write.bind(process.stderr)
process.stderr.write = ((chunk: string | Uint8Array) => {
  written.push(String(chunk))
  return true
}) as typeof process.stderr.write

const outcomes: Record<string, string> = {}
for (const url of process.argv.slice(2)) {
  try {
    await import(url)
    // Work that it deferred to a later turn, including unhandled rejections.
    await nextTurn()
  } catch (error) {
    written.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  outcomes[url] = written.splice(0).join("")
}
process.stderr.write = write
say("outcomes", outcomes)
