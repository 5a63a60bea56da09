// npm run bench -- [--quick] [--soak] [--only part,part]. See README.md for what is measured, and how.
import { cpus } from "node:os"
import { parseArgs } from "node:util"
import { mergeFigures } from "./figures.ts"
import type { Figures, Run } from "./part.ts"
import { parts, soak } from "./parts.ts"

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    soak: { type: "boolean", default: false },
    only: { type: "string" }
  }
})

const known: { readonly [name: string]: Run } = { ...parts, ...(values.soak && { soak }) }
const names = values.only?.split(",") ?? Object.keys(known)
const unknown = names.filter((name) => known[name] === undefined)
if (unknown.length > 0) {
  console.error(`There is no part ${unknown.join(", ")}. The parts are: ${Object.keys(known).join(", ")}`)
  process.exit(1)
}

const secondsSince = (time: number): string => ((performance.now() - time) / 1000).toFixed(1)

const [cpu] = cpus()
console.log(`Node ${process.version}, ${cpus().length} x ${cpu?.model ?? "unknown processor"}`)
const started = performance.now()
const all: Array<Figures> = []
for (const name of names) {
  const begun = performance.now()
  all.push(await known[name]!({ quick: values.quick }))
  console.log(`  (${name}: ${secondsSince(begun)} s)`)
}
console.log(`\n${secondsSince(started)} s in all`)
console.log(JSON.stringify(mergeFigures(all)))
