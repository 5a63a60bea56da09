/**
 * Guards against workers that start workers without end, and worker entries that are run by mistake. Real processes.
 */
import { fork } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, symlink } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { Worker } from "node:worker_threads"
import { describe, expect, it } from "@effect/vitest"
import { HangsAfter, runProgram } from "../support/runProgram.ts"

const fixture = (name: string): URL => new URL(`./fixtures/${name}`, import.meta.url)
const workerEntry = new URL("../../src/internal/worker/workerEntry.ts", import.meta.url)

describe("metrics in the program's main module", () => {
  it.for(["wholeProgram.ts", "wholeFacadeProgram.ts"])("are rejected as its main module: %s", async (program) => {
    const ended = await runProgram(fixture(program))
    expect(ended).toMatchObject({ code: 1, signal: null })
    expect(ended.stdout + ended.stderr).toContain(`${fileURLToPath(fixture(program))}: is the program itself`)
    expect(ended.count("main")).toBe(1)
    expect(ended.count("nested main")).toBe(0)
  })

  it("are rejected as its main module when it was started by a symbolic link", async () => {
    const folder = await mkdtemp(join(tmpdir(), "mvx-metrics-"))
    try {
      const link = join(folder, "link.ts")
      await symlink(fileURLToPath(fixture("wholeProgram.ts")), link)
      const ended = await runProgram(pathToFileURL(link))
      expect(ended).toMatchObject({ code: 1, signal: null })
      expect(ended.stdout).toContain("is the program itself")
      expect([ended.count("main"), ended.count("nested main")]).toEqual([1, 0])
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it.for(["wholeProgram.ts", "wholeFacadeProgram.ts"])(
    "are rejected in the worker when another module is the main one: %s",
    async (program) => {
      const ended = await runProgram(fixture("launcher.ts"), program)
      expect(ended).toMatchObject({ code: 1, signal: null })
      expect(ended.stdout + ended.stderr).toContain(
        "was imported by a metrics worker and starts a metrics runtime itself"
      )
      expect([ended.count("main"), ended.count("nested main")]).toEqual([1, 1])
    }
  )
})

describe("outside a metrics worker", () => {
  it("the packaged entry ends a process with an error", async () => {
    const ended = await runProgram(workerEntry)
    expect(ended).toMatchObject({ code: 1, signal: null })
    expect(ended.stderr).toContain("workerEntry is started by MetricsLayer.layerWorker")
  })

  it("the packaged entry ends a worker that it was not started for with an error", async () => {
    const worker = new Worker(workerEntry, { workerData: { of: "somebody else" } })
    const [error] = await once(worker, "error")
    expect(error.message).toContain("workerEntry is started by MetricsLayer.layerWorker")
  })

  it("MetricsWorker.run ends a process with an error", async () => {
    const ended = await runProgram(fixture("gated.worker.ts"))
    expect(ended).toMatchObject({ code: 1, signal: null, stdout: "" })
    expect(ended.stderr).toContain("MetricsWorker.run is for the entry of a worker thread")
  })

  it("MetricsWorker.run ends a forked process as well", async () => {
    const child = fork(fixture("gated.worker.ts"), { silent: true, timeout: HangsAfter, killSignal: "SIGKILL" })
    const messages: Array<unknown> = []
    child.on("message", (message) => {
      // It took the channel of its parent for that of a metrics runtime, and would stay for ever.
      messages.push(message)
      child.kill("SIGKILL")
    })
    expect(await once(child, "exit")).toEqual([1, null])
    expect(messages).toEqual([])
  })
})
