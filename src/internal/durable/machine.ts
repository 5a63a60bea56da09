/**
 * Identifies this process for others that find one of its locks: its machine, as far as the system distinguishes
 * machines, and its start time. In a container each process may have the id 1.
 */
import { readFileSync, readlinkSync } from "node:fs"
import { hostname } from "node:os"

export interface ProcessName {
  readonly host: string
  /** Differs between boots, and between namespaces of process ids. Empty if the system does not provide it. */
  readonly machine: string
  readonly pid: number
  /** When it was started, in the system's format. Empty if the system does not provide it. */
  readonly started: string
}

const orEmpty = (read: () => string): string => {
  try {
    return read().trim()
  } catch {
    return ""
  }
}

const machineOf = (): string =>
  orEmpty(
    () => `${readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()} ${readlinkSync("/proc/self/ns/pid")}`
  )

const startOf = (pid: number | "self"): string =>
  orEmpty(() => {
    // The name of the program, in parentheses, may contain any characters. The 22nd field is the start.
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]!
  })

export const thisProcess = (): ProcessName => ({
  host: hostname(),
  machine: machineOf(),
  pid: process.pid,
  started: startOf(process.pid)
})

/** Whether a process is running. `undefined`: that cannot be determined from here. */
export const isThere = ({ host, machine, pid, started }: ProcessName): boolean | undefined => {
  const own = thisProcess()
  const isSeen = machine === "" ? own.machine === "" && host === own.host : machine === own.machine
  if (!isSeen) return undefined
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false
  }
  const now = startOf(pid)
  return now === "" || started === "" || now === started
}
