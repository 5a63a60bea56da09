/** A program that a check has started, with what it prints. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"

export interface Start {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

const Patience = 60_000

export class Program implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #ended: Promise<Ended>
  #printed = ""
  #complained = ""
  #heard = (): void => {}

  constructor({ args, command, cwd, env }: Start) {
    // A group of its own: what it has started ends with it.
    this.#child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true })
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#printed += text
      this.#heard()
    })
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#complained += text
    })
    this.#ended = once(this.#child, "close").then(([code, signal]) => {
      this.#heard()
      return { code, signal }
    })
    this.#ended.catch(() => {})
  }

  get printed(): string {
    return this.#printed
  }

  /** What it has written to standard error. */
  get complained(): string {
    return this.#complained
  }

  /** Waits for a line that it prints, and returns what the expression has found in it. */
  async said(line: RegExp): Promise<RegExpExecArray> {
    const signal = AbortSignal.timeout(Patience)
    while (true) {
      const found = line.exec(this.#printed)
      if (found !== null) return found
      const hasEnded = this.#child.exitCode !== null || this.#child.signalCode !== null
      if (hasEnded || signal.aborted) throw new Error(`it did not print ${line}\n${this.#printed}${this.#complained}`)
      await new Promise<void>((resolve) => {
        this.#heard = resolve
        signal.addEventListener("abort", () => resolve(), { once: true })
      })
    }
  }

  /** The process that it has started, by its id. */
  get child(): number {
    const { pid } = this.#child
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8"))
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Waits until it has ended. */
  async ended(within = Patience): Promise<Ended> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const fail = (): void => reject(new Error(`it runs on after ${within} ms\n${this.#printed}${this.#complained}`))
      timer = setTimeout(fail, within)
    })
    return await Promise.race([this.#ended, late]).finally(() => clearTimeout(timer))
  }

  /** Ends what is left of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.pid === undefined) return
    try {
      process.kill(-this.#child.pid, "SIGKILL")
    } catch {
      return // all of it has ended
    }
    await this.#ended
  }
}
