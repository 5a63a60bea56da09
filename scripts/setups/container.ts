/** A container without Docker: its command as process 1 of a namespace, which gets the signal of `docker stop`. */
import { strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { existsSync, globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { type Serving, serves } from "./serves.ts"

/** Whether there can be one here: it takes Linux, and its superuser. */
export const hasNamespaces = (): boolean => spawnSync("unshare", ["--pid", "--fork", "true"]).status === 0

/** The command of a Dockerfile whose build would have all files that it copies. */
const commandOf = (folder: string): ReadonlyArray<string> => {
  const text = readFileSync(join(folder, "container/Dockerfile"), "utf8")
  const copied = Array.from(text.matchAll(/^COPY (.+) \S+$/gm), ([, sources = ""]) => sources.split(" ")).flat()
  const missing = copied.filter((source) => globSync(source, { cwd: folder }).length === 0)
  strictEqual(missing.join(), "", "is copied, and is not there")
  const command = JSON.parse(/^CMD (\[.+\])$/m.exec(text)![1]!) as ReadonlyArray<string>
  strictEqual(existsSync(join(folder, command.at(-1)!)), true)
  return command
}

export const servesAsProcess1 = (serving: Omit<Serving, "command" | "args">): Promise<void> =>
  serves({
    ...serving,
    command: "unshare",
    args: ["--pid", "--fork", "--kill-child", "--mount-proc", ...commandOf(serving.cwd)],
    signalled: (program) => process.kill(program.child, "SIGTERM")
  })
