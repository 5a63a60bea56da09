/**
 * TypeScript's language server, with the requests of an editor.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))

export interface LanguageService {
  /** The code that an editor shows for the first word at the first occurrence of this text. */
  readonly hover: (text: string) => Promise<string>
  /** The completions of an editor after the first occurrence of this text. */
  readonly completions: (text: string) => Promise<ReadonlyArray<string>>
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: { readonly items?: ReadonlyArray<unknown> }
  // biome-ignore lint/suspicious/noExplicitAny: it depends on what was asked.
  readonly result?: any
}

/** A server that communicates by JSON-RPC on its standard streams. */
const startServer = (cwd: string) => {
  const tsc = join(root, "node_modules/typescript/bin/tsc")
  const child = spawn(process.execPath, [tsc, "--lsp", "--stdio"], { cwd, stdio: ["pipe", "pipe", "ignore"] })
  const waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>()
  let [received, last] = [Buffer.alloc(0), 0]
  const send = (message: Message): void => {
    const body = JSON.stringify({ jsonrpc: "2.0", ...message })
    child.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  }
  const take = ({ id, method, params, result }: Message): void => {
    if (id === undefined) return
    if (method === undefined) waiting.get(id)?.resolve(result)
    else send({ id, result: method === "workspace/configuration" ? params?.items?.map(() => null) : null })
  }
  child.stdout.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    for (;;) {
      const head = received.indexOf("\r\n\r\n")
      if (head < 0) return
      const end = head + 4 + Number(/Content-Length: (\d+)/i.exec(received.toString("utf8", 0, head))?.[1])
      if (received.length < end) return
      take(JSON.parse(received.toString("utf8", head + 4, end)) as Message)
      received = received.subarray(end)
    }
  })
  child.once("exit", () => {
    for (const { reject } of waiting.values()) reject(new Error("The language server has ended"))
  })
  return {
    tell: (method: string, params: object) => send({ method, params } as Message),
    ask: (method: string, params: object): Promise<unknown> =>
      new Promise((resolve, reject) => {
        waiting.set(++last, { resolve, reject })
        send({ id: last, method, params } as Message)
      }),
    stop: async () => {
      if (child.exitCode !== null) return
      child.kill()
      await once(child, "exit")
    }
  }
}

/** Opens a program as in an editor. */
export const withLanguageService = async (
  program: string,
  use: (service: LanguageService) => Promise<void>
): Promise<void> => {
  const folder = await mkdtemp(join(root, "node_modules", ".language-service-"))
  const server = startServer(folder)
  try {
    const file = join(folder, "program.ts")
    await writeFile(file, program)
    const config = { extends: join(root, "tsconfig.json"), include: [], files: ["program.ts"] }
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config))
    const hover = { contentFormat: ["markdown"] }
    await server.ask("initialize", {
      processId: process.pid,
      rootUri: pathToFileURL(folder).href,
      capabilities: { textDocument: { hover } }
    })
    server.tell("initialized", {})
    const textDocument = { uri: pathToFileURL(file).href }
    server.tell("textDocument/didOpen", {
      textDocument: { ...textDocument, languageId: "typescript", version: 1, text: program }
    })
    const at = (text: string, offset: number) => {
      const index = program.indexOf(text)
      if (index < 0) throw new Error(`There is no ${text} in the program`)
      const before = program.slice(0, index + offset).split("\n")
      return { textDocument, position: { line: before.length - 1, character: before.at(-1)!.length } }
    }
    await use({
      hover: async (text) => {
        const answer = (await server.ask("textDocument/hover", at(text, 0))) as Message["result"]
        return (/```\w*\n([\s\S]*?)\n```/.exec(answer?.contents?.value ?? "")?.[1] ?? "").replaceAll(/\s+/g, " ")
      },
      completions: async (text) => {
        const answer = (await server.ask("textDocument/completion", at(text, text.length))) as Message["result"]
        const items: ReadonlyArray<{ readonly label: string }> = answer?.items ?? answer ?? []
        return items.map(({ label }) => label)
      }
    })
  } finally {
    await server.stop()
    await rm(folder, { recursive: true })
  }
}
