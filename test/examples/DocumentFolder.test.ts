// The main example as its users run it: alone, and on the files of a folder.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, describe, expect, it, vi } from "@effect/vitest"
import { type Ended, runProgram } from "../support/runProgram.ts"

const main = new URL("../../examples/01_document-storage/main.ts", import.meta.url)

const run = (...args: ReadonlyArray<string>): Promise<Ended> => runProgram(main, ...args)

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "document-folder-test-"))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

const write = (name: string, content: string | Uint8Array) => {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), content)
}

/** Empty and other documents, some of one name in several folders, and what is not a regular file. */
const writeDocuments = () => {
  for (let n = 0; n < 300; n++) write(`chapter ${n % 7}/${n % 3}/document-${n % 25}-${n}`, "ü".repeat(n % 11))
  for (const name of ["same", "a/same", "a/b/same", ".hidden/same", "a/.same"]) write(name, name)
  write(
    "binary",
    Uint8Array.from({ length: 256 }, (_, byte) => byte)
  )
  write("empty", "")
  mkdirSync(join(folder, "no files"))
  symlinkSync("same", join(folder, "link to a file"))
  symlinkSync("a", join(folder, "link to a folder"))
  symlinkSync(".", join(folder, "a", "link to itself"))
}

/** The regular files under a folder. (Node's own recursive listing follows links.) */
const filesUnder = (path: string): ReadonlyArray<string> =>
  readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return filesUnder(join(path, entry.name))
    return entry.isFile() ? [join(path, entry.name)] : []
  })

/** What the file system says of the folder, in the words of the metrics. */
const expected = () => {
  const sizes = filesUnder(folder).map((file) => statSync(file).size)
  const empty = sizes.filter((size) => size === 0)
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  return snapshots(sizes.length, empty.length, bytes)
}

const snapshots = (files: number, empty: number, bytes: number) => ({
  "document_storage.save.attempts": {
    name: "document_storage.save.attempts",
    dimensions: { total: files, success_total: files - empty, failure_total: empty }
  },
  "document_storage.saved.bytes": { name: "document_storage.saved.bytes", dimensions: { sum: bytes } }
})

const lastLine = (text: string) => text.trimEnd().split("\n").at(-1) ?? ""

const expectOneLineOfError = (ended: Ended, message: string) => {
  expect(lastLine(ended.stderr)).toBe(message)
  expect(ended.stderr).not.toMatch(/^\s+at /m)
  expect(ended.code).toBe(1)
}

describe("the document folder without a PATH", () => {
  it("prints the metrics of two successful saves and one failed save", async () => {
    const ended = await run()
    expect(lastLine(ended.stdout)).toBe(
      '{"document_storage.save.attempts":{"name":"document_storage.save.attempts","dimensions":{"total":3,"success_total":2,"failure_total":1}}}'
    )
    expect(ended.code).toBe(0)
  })
})

describe("the document folder with a PATH", () => {
  it("prints the number of files, of empty files, and the sum of bytes", async () => {
    writeDocuments()
    const ended = await run(folder)
    expect(JSON.parse(lastLine(ended.stdout))).toEqual(expected())
    expect(ended.code).toBe(0)
  })

  it("does not count its own copies if the temporary folder is under PATH, and removes them", async () => {
    writeDocuments()
    const before = readdirSync(folder)
    vi.stubEnv("TMPDIR", folder)
    const ended = await run(folder)
    expect(JSON.parse(lastLine(ended.stdout))).toEqual(expected())
    expect(readdirSync(folder)).toEqual(before)
  })

  // A name that is no UTF-8 cannot be opened by its decoded form. Permissions would not keep root from reading.
  it.runIf(process.platform === "linux")("names a file that cannot be read, saves the others, and fails", async () => {
    write("readable", "12345")
    writeFileSync(Buffer.concat([Buffer.from(join(folder, "unreadable-")), Buffer.from([0xff])]), "x")
    const ended = await run(folder)
    expect(JSON.parse(lastLine(ended.stdout))).toEqual(snapshots(1, 0, 5))
    expect(ended.stderr).toContain(join(folder, "unreadable-"))
    expectOneLineOfError(ended, "1 of 2 files could not be saved")
  })

  it("fails with one line if the folder does not exist", async () => {
    const path = join(folder, "nothing")
    const ended = await run(path)
    expect(ended.stdout).toBe("")
    expectOneLineOfError(ended, `${path}: there is no such folder`)
  })

  it("fails with one line if the path is a file", async () => {
    write("document", "x")
    const path = join(folder, "document")
    const ended = await run(path)
    expect(ended.stdout).toBe("")
    expectOneLineOfError(ended, `${path}: is not a folder`)
  })
})
