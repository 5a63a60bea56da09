/**
 * The document service of the examples as a process, and a load that counts its requests.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

const main = fileURLToPath(new URL("../../../examples/06_document-service/main.ts", import.meta.url))

export interface DocumentService extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Stores, reads and deletes some documents, and tries one that is empty. */
  readonly load: () => Promise<void>
  /** Operations that were answered, by `OPERATION OUTCOME`. */
  readonly counted: { [operation: string]: number }
  /** Bytes of the documents that were stored. */
  readonly stored: () => number
}

export const startDocumentService = async (): Promise<DocumentService> => {
  const child = spawn(process.execPath, ["--conditions=mvx-metrics-source", main, "--port", "0"], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  const closed = once(child, "close")
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const [url = ""] = /http:\S+/.exec((await lines.next()).value ?? "") ?? []
  const counted: DocumentService["counted"] = {}
  let stored = 0
  let documents = 0

  const operation = async (method: "PUT" | "GET" | "DELETE", path: string, body?: string): Promise<void> => {
    const response = await fetch(`${url}${path}`, { method, ...(body !== undefined && { body }) })
    await response.arrayBuffer()
    const name = `${method.toLowerCase()} ${response.ok ? "SUCCESS" : "FAILURE"}`
    counted[name] = (counted[name] ?? 0) + 1
    if (response.ok && body !== undefined) stored += body.length
  }
  const load = async (): Promise<void> => {
    const paths = Array.from({ length: 10 }, () => `/documents/document-${++documents}`)
    await Promise.all(paths.map((path, i) => operation("PUT", path, "x".repeat(100 * i))))
    await Promise.all(paths.map((path) => operation("GET", path)))
    await Promise.all(paths.map((path) => operation("DELETE", path)))
  }
  return {
    url,
    port: Number(new URL(url).port),
    load,
    counted,
    stored: () => stored,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM")
      await closed
    }
  }
}
