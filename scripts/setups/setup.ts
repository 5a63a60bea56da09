/** A way to run a program with the library, and what a check of it shows. */
import type { Consumer } from "../consumer.ts"

export type Fold = "in process" | "worker"

/** How the numbers were read, and compared with what was done. */
export type Metrics = "scrape, and export at the end" | "export at the end" | "export in each call" | "printed"

export interface Setup {
  readonly name: string
  readonly group: "Servers" | "Runtimes" | "Processes" | "Package managers" | "Bundlers"
  /** The package that the version in the table is of. */
  readonly package: string
  /** The file to begin with: in examples/frameworks, or a heading of docs/guides/bundlers.md. */
  readonly see: string
  readonly folds?: ReadonlyArray<Fold>
  readonly metrics: Metrics
  /** How the program ends. */
  readonly shutdown: string
  /** Where it is installed. */
  readonly place: Place
  /** Why it cannot be checked on this machine, if so. */
  readonly whyNot?: () => string | undefined
  readonly check: (consumer: Consumer, fold: Fold) => void | Promise<void>
}

/** What several set-ups share: packages that are installed once. */
export interface Place {
  readonly name: string
  readonly install: (consumer: Consumer, tarball: string) => void
}

export const foldsOf = ({ folds = ["in process", "worker"] }: Setup): ReadonlyArray<Fold> => folds

/** The environment that has the examples fold there. */
export const envOf = ({ env }: Consumer, fold: Fold): NodeJS.ProcessEnv => ({
  ...env,
  METRICS_IN_PROCESS: String(fold === "in process")
})

/** Those that have the same of something, in the order of the first ones. */
export const grouped = <A>(
  setups: ReadonlyArray<Setup>,
  by: (setup: Setup) => A
): ReadonlyArray<readonly [A, ReadonlyArray<Setup>]> =>
  [...new Set(setups.map(by))].map((key) => [key, setups.filter((setup) => by(setup) === key)] as const)
