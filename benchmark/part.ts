/** A part of the benchmark, and what comes out of it. */
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"

export interface Effort {
  /** Fewer rounds, smaller parts. */
  readonly quick: boolean
}

/** What ends up in the last line. Numbers under a key of their own, or by a count. */
export interface Figures {
  readonly [key: string]: number | { readonly [count: string]: number }
}

/** The figure that many parts give: each what it has seen. */
export const mostOutstanding = "outstandingMaxOverCapacity"

/** A part, in a process of its own. Modules of parts export it as `run`. */
export type Run = (effort: Effort) => Promise<Figures>

/** What the processes have parsed and compiled to bytecode: each would need half a second for it anew. */
const compileCache = fileURLToPath(new URL("../node_modules/.cache/mvx-metrics-benchmark", import.meta.url))

/**
 * Runs a part in a fresh process: what one part leaves on the heap, and what the compiler has learnt in it, does not
 * touch another. Flags of this process go along, `--cpu-prof` for one.
 */
export const inFreshProcess = (part: string, effort: Effort, flags: ReadonlyArray<string> = []): Promise<Figures> =>
  new Promise((resolve, reject) => {
    const child = fork(new URL("./partProcess.ts", import.meta.url), [part, JSON.stringify(effort)], {
      execArgv: [...process.execArgv, ...flags],
      env: { ...process.env, NODE_COMPILE_CACHE: compileCache }
    })
    let figures: Figures | undefined
    child.on("message", (message) => {
      figures = message as Figures
    })
    child.on("error", reject)
    child.on("exit", (code, signal) => {
      if (code === 0 && figures !== undefined) resolve(figures)
      else reject(new Error(`the part "${part}" ended with ${signal ?? code}`))
    })
  })

/** The flag under which no code is generated: the generic way writes and reads all events. */
export const withoutCodegen = "--disallow-code-generation-from-strings"
