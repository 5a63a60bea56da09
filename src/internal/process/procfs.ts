/** What `/proc` reports about the process on Linux. `undefined` elsewhere, and if it cannot be read. */
import { readdirSync, readFileSync } from "node:fs"

const read = (name: string): string | undefined => {
  try {
    return readFileSync(`/proc/self/${name}`, "utf8")
  } catch {
    return undefined
  }
}

const numberIn = (text: string, pattern: RegExp): number | undefined => {
  const found = pattern.exec(text)?.[1]
  return found === undefined ? undefined : Number(found)
}

/** In bytes. */
export const virtualMemory = (): { readonly size: number; readonly data: number } | undefined => {
  const status = read("status") ?? ""
  const size = numberIn(status, /^VmSize:\s*(\d+) kB$/m)
  const data = numberIn(status, /^VmData:\s*(\d+) kB$/m)
  return size === undefined || data === undefined ? undefined : { size: size * 1024, data: data * 1024 }
}

export const fileDescriptors = (): { readonly open: number; readonly max?: number } | undefined => {
  const open = openDescriptors()
  // The soft limit. It may be `unlimited`.
  const max = numberIn(read("limits") ?? "", /^Max open files\s+(\d+)/m)
  return open === undefined ? undefined : { open, ...(max !== undefined && { max }) }
}

/** Without the descriptor of the folder that is being read. */
const openDescriptors = (): number | undefined => {
  try {
    return readdirSync("/proc/self/fd").length - 1
  } catch {
    return undefined
  }
}
