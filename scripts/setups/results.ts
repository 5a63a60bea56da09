/** What the set-ups have shown, kept in a file of the repository, one line each. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { repository } from "../consumer.ts"
import type { Fold, Metrics } from "./setup.ts"

export interface Result {
  readonly setup: string
  readonly version: string
  readonly fold: Fold
  readonly metrics: Metrics
  readonly shutdown: string
}

const file = join(repository, "scripts/setups/results.json")

export const readResults = (): ReadonlyArray<Result> => JSON.parse(readFileSync(file, "utf8"))

export const writeResults = (results: ReadonlyArray<Result>): void =>
  writeFileSync(file, `[\n${results.map((result) => `  ${JSON.stringify(result)}`).join(",\n")}\n]\n`)

export const isOf =
  (setup: string, fold: Fold) =>
  (result: Result): boolean =>
    result.setup === setup && result.fold === fold
