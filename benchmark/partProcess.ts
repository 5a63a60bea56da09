// The process of one part: runs it, and sends its figures to the process that started this one.
import type { Effort, Run } from "./part.ts"

const [part, effort] = process.argv.slice(2) as [string, string]
const { run }: { readonly run: Run } = await import(`./parts/${part}.ts`)
const figures = await run(JSON.parse(effort) as Effort)
process.send!(figures, () => process.disconnect())
