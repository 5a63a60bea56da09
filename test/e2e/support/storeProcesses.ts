/** Small processes that write to one store, and the guaranteed counts of each. */
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import type { Order, ProcessOptions } from "../../store/fixtures/process.ts"
import { bundled } from "../../support/runProgram.ts"

export class StoreProcess {
  /** What it has emitted, and what of that is in the store whatever becomes of it. */
  emitted = 0
  written = 0
  readonly #child: ChildProcess
  readonly #answers: Array<(answer: boolean | Error) => void> = []
  readonly #exited: Promise<unknown>

  private constructor(child: ChildProcess) {
    this.#child = child
    child.on("message", ({ isDone }: { readonly isDone: boolean }) => this.#answers.shift()?.(isDone))
    // It may exit before its last answer is read.
    this.#exited = Promise.all([once(child, "exit"), once(child, "disconnect")]).then(([[code]]) => {
      for (const answer of this.#answers.splice(0)) answer(new Error(`the process has exited with ${code}`))
    })
  }

  static async start(options: ProcessOptions): Promise<StoreProcess> {
    const child = fork(fileURLToPath(new URL("../../store/fixtures/process.ts", import.meta.url)), {
      execArgv: [...bundled.execArgv, "--conditions=mvx-metrics-source"],
      env: { ...process.env, ...bundled.env, OPTIONS: JSON.stringify(options) }
    })
    const started = new StoreProcess(child)
    await started.#answer()
    return started
  }

  #answer(): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#answers.push((answer) => (typeof answer === "boolean" ? resolve(answer) : reject(answer)))
    })
  }

  #does(order: Order): Promise<boolean> {
    const answer = this.#answer()
    this.#child.send(order)
    return answer
  }

  async emits(pieces: number): Promise<void> {
    await this.#does({ what: "emit", pieces })
    this.emitted += pieces
  }

  /** Whether it could write. */
  async flushes(): Promise<boolean> {
    const { emitted } = this
    const isDone = await this.#does({ what: "flush" })
    if (isDone) this.written = emitted
    return isDone
  }

  /** In an orderly way: with everything written. */
  async ends(): Promise<void> {
    await this.#does({ what: "end" })
    await this.#exited
    this.written = this.emitted
  }

  /** Without a word. */
  async dies(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill("SIGKILL")
    await this.#exited
  }
}
