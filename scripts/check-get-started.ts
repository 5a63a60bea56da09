// Follows the pages of docs/get-started literally, each in an empty folder, with the packed tarball: writes their files,
// runs their commands in order, and compares what they print with what the page shows. Part of `npm run package:consumer`.
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { type DocBlock, docBlocks } from "../test/support/docBlocks.ts"
import { bin, folder, installPacked, run, runSteps } from "./steps.ts"

const packages = ["effect", "@effect/platform-node", "typescript", "@types/node", "vitest", "@effect/vitest"]

/** The pages name the port 3000; what else runs here may have it. */
const freePort = async (): Promise<string> => {
  const server = createServer().listen(0)
  await once(server, "listening")
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === "object" ? String(address?.port) : ""
}

/** Whether the server answers. One of Effect accepts connections before its routes are there, and leaves them waiting. */
const isServing = (port: string): Promise<boolean> =>
  fetch(`http://localhost:${port}/metrics`, { signal: AbortSignal.timeout(500) }).then(
    ({ ok }) => ok,
    () => false
  )

/** What a command of a page prints. Packages are installed already, one folder above. */
const runCommand = async (command: string, cwd: string): Promise<string> => {
  const [program = "", ...args] = command.split(" ")
  if (program === "npm" && args[0] === "install") {
    const named = args.slice(1).filter((name) => name !== "-D" && name !== "mvx-metrics")
    const unknown = named.filter((name) => !packages.includes(name))
    if (unknown.length > 0) throw new Error(`${command}: ${unknown.join(", ")} is not installed by this script`)
    return ""
  }
  if (program === "npx") return run(bin(args[0] ?? ""), args.slice(1), cwd)
  if (program === "node") return run(process.execPath, args, cwd)
  if (program !== "curl") return run(program, args, cwd)
  const [option = "", data = ""] = args
  const sent = option === "--data" ? { method: "POST", body: data } : {}
  const response = await fetch(args.at(-1) ?? "", { ...sent, signal: AbortSignal.timeout(10_000) })
  return response.text()
}

const start = async (command: string, cwd: string, port: string): Promise<ChildProcess> => {
  const server = spawn(process.execPath, command.split(" ").slice(1), { cwd, stdio: ["ignore", "inherit", "inherit"] })
  for (let tries = 0; !(await isServing(port)); tries++) {
    if (server.exitCode !== null || tries > 200) throw new Error(`${command} does not answer on port ${port}`)
    await setTimeout(50)
  }
  return server
}

const follow = async (page: string, blocks: ReadonlyArray<DocBlock>): Promise<void> => {
  const cwd = join(folder, page.replace(/\W+/g, "-"))
  mkdirSync(cwd)
  const port = await freePort()
  const servers: Array<ChildProcess> = []
  let printed: ReadonlyArray<string> = []
  try {
    for (const { at, code, language, remark } of blocks) {
      const text = code.replaceAll("3000", port)
      const [, file] = /^\/\/ ([\w.-]+\.\w+)(?::.*)?$/m.exec(text.split("\n")[0] ?? "") ?? []
      const commands = language === "sh" ? text.trim().split("\n") : []
      if (file !== undefined) writeFileSync(join(cwd, file), text)
      else if (language === "sh" && remark === "keeps running") {
        for (const command of commands) servers.push(await start(command, cwd, port))
      } else if (language === "sh") {
        let output = ""
        for (const command of commands) output += await runCommand(command, cwd)
        printed = output.split("\n")
      } else if (language === "") {
        const missing = text
          .trim()
          .split("\n")
          .filter((line) => !printed.includes(line))
        if (missing.length > 0)
          throw new Error(`${at} is not printed:\n${missing.join("\n")}\n\nbut:\n${printed.join("\n")}`)
      } else throw new Error(`${at} has no file name and is no command`)
    }
    for (const server of servers) {
      server.kill("SIGTERM")
      await once(server, "exit")
    }
  } finally {
    for (const server of servers) server.kill("SIGKILL")
  }
}

const blocks = docBlocks().filter(({ page }) => page.startsWith("docs/get-started/"))
const pages = [...new Set(blocks.map(({ page }) => page))]

await runSteps({
  "the tarball installs in an empty folder": () => installPacked({ private: true, type: "module" }, ...packages),
  ...Object.fromEntries(
    pages.map((page) => [
      `${page} works as printed`,
      () =>
        follow(
          page,
          blocks.filter((block) => block.page === page)
        )
    ])
  )
})
