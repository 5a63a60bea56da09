/**
 * Real processes for tests: a program is started as a user would start it, by the same Node as the tests, with the
 * package resolved to its sources. It reports to the test with `say` (see say.ts).
 */
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { vi } from "@effect/vitest"
import { whatWasSaid } from "./say.ts"

/** After this time a program counts as hanging: it is killed, and the test fails with the program's output. */
export const HangsAfter = 45_000

// The timeout of tests in files that start programs.
vi.setConfig({ testTimeout: HangsAfter + 15_000 })

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** The data reported with a word. Fails unless it was reported exactly once. */
  // biome-ignore lint/suspicious/noExplicitAny: what a program says is asserted on, whatever it is.
  readonly said: (word: string) => any
  /** The data of each report of a word. */
  // biome-ignore lint/suspicious/noExplicitAny: likewise.
  readonly allSaid: (word: string) => ReadonlyArray<any>
  /** The number of reports of a word. */
  readonly count: (word: string) => number
}

export interface Program {
  /** Resolves when the program has reported the word; rejects if it ends before. */
  readonly says: (word: string) => Promise<void>
  readonly kill: (signal: NodeJS.Signals) => void
  /** Resolves when the program has ended in any way; rejects if it hangs. */
  readonly ended: Promise<Ended>
}

const loading = (bundles: "own" | "whole"): NodeOptions => ({
  execArgv: ["--import", new URL(`./threads/load.ts?${bundles}`, import.meta.url).href],
  env: {}
})

/** How to start a program that loads the test bundles, in a third of the time. */
export const bundled = loading("own")

/** The same for a program that is in no bundle, whose use of the packages is unknown. */
export const bundledWhole = loading("whole")

export const startProgram = (program: URL, ...args: ReadonlyArray<string>): Program =>
  startProgramWith(bundled, program, ...args)

/** How Node itself is started. */
export interface NodeOptions {
  readonly execArgv: ReadonlyArray<string>
  readonly env: { readonly [name: string]: string }
  /** For a program that takes longer than others: see {@link HangsAfter}. */
  readonly hangsAfter?: number
}

/** With options for Node; without those of `bundled` the program is loaded from its sources. */
export const startProgramWith = (
  { env, execArgv, hangsAfter = HangsAfter }: NodeOptions,
  program: URL,
  ...args: ReadonlyArray<string>
): Program => {
  const argv = ["--conditions=mvx-metrics-source", ...execArgv, fileURLToPath(program), ...args]
  const child = spawn(process.execPath, argv, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: hangsAfter,
    killSignal: "SIGKILL"
  })
  let stdout = ""
  let stderr = ""
  const listeners = new Set<() => void>()
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text
    for (const listener of listeners) listener()
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text
  })

  const heard = (word: string) => whatWasSaid(stdout).filter((said) => said.word === word)
  const failure = (what: string): Error =>
    new Error(`${[fileURLToPath(program), ...args].join(" ")} ${what}.\nstdout:\n${stdout}\nstderr:\n${stderr}`)

  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject)
    child.on("close", (code, signal) => {
      if (signal === "SIGKILL") return reject(failure("was killed, for it did not end by itself"))
      const said = (word: string) => {
        const [first, ...more] = heard(word)
        if (first === undefined || more.length > 0) throw failure(`has not said "${word}" exactly once`)
        return first.data
      }
      resolve({
        code,
        signal,
        stdout,
        stderr,
        said,
        allSaid: (word) => heard(word).map(({ data }) => data),
        count: (word) => heard(word).length
      })
    })
  })

  const says = (word: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const listen = (): void => {
        if (heard(word).length === 0) return
        listeners.delete(listen)
        resolve()
      }
      listeners.add(listen)
      listen()
      ended.then(() => reject(failure(`has ended without saying "${word}"`)), reject)
    })

  return { says, kill: (signal) => void child.kill(signal), ended }
}

/** Runs a program to its end. */
export const runProgram = (program: URL, ...args: ReadonlyArray<string>): Promise<Ended> =>
  startProgram(program, ...args).ended

/** The same. */
export const runProgramWith = (options: NodeOptions, program: URL, ...args: ReadonlyArray<string>): Promise<Ended> =>
  startProgramWith(options, program, ...args).ended
