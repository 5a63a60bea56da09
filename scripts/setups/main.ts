// Builds and runs every set-up of docs/guides/frameworks.md from the packed tarball, in folders outside the repository. Run it by
// `npm run setups [-- OPTIONS] [NAME ...]`, with names, or parts of them, of the set-ups to be run.
//
// --check: compare what is shown with results.json. Otherwise what is shown is written there, and into the page.
// --page: run nothing, and write the page.
import { deepStrictEqual } from "node:assert/strict"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { Consumer, packInto } from "../consumer.ts"
import { all } from "./all.ts"
import { generated, pagePath } from "./page.ts"
import { isOf, type Result, readResults, writeResults } from "./results.ts"
import { type Fold, foldsOf, grouped, type Place, type Setup } from "./setup.ts"

const { positionals, values } = parseArgs({
  options: { check: { type: "boolean", default: false }, page: { type: "boolean", default: false } },
  allowPositionals: true
})

const setups =
  positionals.length === 0 ? all : all.filter(({ name }) => positionals.some((part) => name.includes(part)))
const before = readResults()
const results: Array<Result> = []
const left: Array<string> = []
let failures = 0

const seconds = (start: number): string => `${((performance.now() - start) / 1000).toFixed(1).padStart(5)} s`

const versionOf = ({ folder }: Consumer, name: string): string =>
  name === "node"
    ? process.versions.node
    : JSON.parse(readFileSync(join(folder, "node_modules", name, "package.json"), "utf8")).version

const failed = (what: string, error: unknown, consumer: Consumer): void => {
  failures++
  console.log(`FAILED   ${what}`)
  console.error(error)
  console.error(`It is left for a look in ${consumer.folder}`)
}

const skipped = (what: string, why: string): void => {
  left.push(what)
  console.log(`skipped  ${what}: ${why}`)
}

const isOffline = (error: unknown): boolean =>
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH/.test(String(error))

const check = async (setup: Setup, fold: Fold, consumer: Consumer): Promise<void> => {
  const what = `${setup.name}, ${fold}`
  const why = setup.whyNot?.()
  if (why !== undefined) return skipped(what, why)
  const start = performance.now()
  try {
    await setup.check(consumer, fold)
    const version = versionOf(consumer, setup.package)
    const { metrics, name, shutdown } = setup
    const result: Result = { setup: name, version, fold, metrics, shutdown }
    if (values.check) deepStrictEqual(result, before.find(isOf(name, fold)))
    results.push(result)
    console.log(`${seconds(start)}  ${what}, ${version}: ${metrics}; ${shutdown}`)
  } catch (error) {
    failed(what, error, consumer)
  }
}

const checkAll = async (place: Place, own: ReadonlyArray<Setup>, tarball: string): Promise<void> => {
  const consumer = new Consumer()
  const start = performance.now()
  const failuresBefore = failures
  try {
    place.install(consumer, tarball)
    console.log(`${seconds(start)}  the packages of ${place.name} install`)
  } catch (error) {
    if (isOffline(error)) for (const { name } of own) skipped(name, "the registry cannot be reached")
    else failed(`the packages of ${place.name} install`, error, consumer)
    return
  }
  for (const setup of own) {
    for (const fold of foldsOf(setup)) await check(setup, fold, consumer)
  }
  if (failures === failuresBefore) consumer.remove()
}

const run = async (): Promise<void> => {
  const packed = new Consumer()
  const tarball = packInto(packed)
  for (const [place, own] of grouped(setups, ({ place }) => place)) await checkAll(place, own, tarball)
  packed.remove()
  console.log(`${results.length} hold, ${failures} do not, ${left.length} were skipped`)
}

/** What was run now, in the place of what was known of it; what was not run is as it was. */
const known = (): ReadonlyArray<Result> => {
  const wasRun = ({ fold, setup }: Result): boolean =>
    setups.some((each) => each.name === setup) && !left.some((what) => what === setup || what === `${setup}, ${fold}`)
  const kept = before.filter((result) => !wasRun(result))
  return all.flatMap(({ name, ...setup }) =>
    foldsOf({ name, ...setup }).flatMap((fold) => [...results, ...kept].find(isOf(name, fold)) ?? [])
  )
}

if (!values.page) {
  await run()
  if (!values.check) writeResults(known())
}
if (!values.check) writeFileSync(pagePath, generated(readFileSync(pagePath, "utf8"), all, readResults()))
process.exitCode = failures === 0 ? 0 : 1
