/**
 * A program that serves something on a port of loopback, with its files in a temporary folder.
 */
import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Whether a program can be run; says what is missing where it cannot. */
export const has = (program: string, ...args: ReadonlyArray<string>): boolean => {
  const found = spawnSync(program, args).status === 0
  if (!found) console.warn(`Skipped: ${[program, ...args].join(" ")} does not run`)
  return found
}

export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

export interface Program extends AsyncDisposable {
  readonly url: string
  /** Throws what it said if it has ended. */
  readonly expectAlive: (cause?: unknown) => void
  readonly said: () => string
}

/** `argsFor`: its arguments, for the folder and the port. */
export const startProgram = async (
  name: string,
  argsFor: (folder: string, port: number) => ReadonlyArray<string>
): Promise<Program> => {
  const folder = mkdtempSync(join(tmpdir(), `mvx-metrics-${name}-`))
  const port = await freePort()
  const child = spawn(name, argsFor(folder, port))
  let said = ""
  child.stderr.on("data", (chunk) => {
    said += chunk
  })
  const ended = new Promise((resolve) => child.once("close", resolve))
  return {
    url: `http://127.0.0.1:${port}`,
    expectAlive: (cause) => {
      if (child.exitCode !== null) throw new Error(`${name} has ended: ${said}`, { cause })
    },
    said: () => said,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM")
      await ended
      rmSync(folder, { recursive: true })
    }
  }
}
