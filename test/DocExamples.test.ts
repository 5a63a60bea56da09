/**
 * The examples in doc comments and in the pages of the documentation are programs: all are type-checked.
 *
 * In pages, README.md and docs/:
 *
 * - An example is each block marked `ts` or `js`. It is run if it has an assertion, or is a program of the quick start.
 * - A comment with a file name at its beginning is the name of its file: `// main.ts: what it does`.
 * - A file that it imports, `"./x.ts"`, is one of the page, or else of the README.
 * - A block that cannot be complete has `<!-- partial: reason -->` in front of it. It is not checked, and listed here.
 *
 * In doc comments each is run as well:
 *
 * - An example is a block of code marked `ts` in a doc comment under `src/`.
 * - One that leaves something out by an ellipsis is a sketch: it is neither checked nor run, and counted here.
 * - A comment that is nothing but a file name begins a file of that name; the last file is the program.
 * - A file that an example names and does not have, `"./x.metrics.ts"`, is that of one of the examples in `examples/`.
 *
 * In both:
 *
 * - In `expression // value` the comment is an assertion if it is a value of plain JavaScript. A value behind anything
 *   but an expression on one line fails the type check: it would be a claim that is not checked.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import {
  type Example,
  examplesIn,
  examplesInPage,
  partialBlocksIn,
  readExamples,
  readPages,
  type Written,
  withAssertions,
  writeExamples
} from "./support/docExamples.ts"
import { bundledWhole, runProgramWith } from "./support/runProgram.ts"

const examples = await readExamples()
const pages = await readPages()
const blocks = [...pages].flatMap(([path, source]) => examplesInPage(path, source))
const programs = examples.filter(({ sketch }) => !sketch)

/** Blocks of pages that make a claim. */
const claims = blocks.filter((block) => withAssertions(block.text(block.files[0]!)) !== block.text(block.files[0]!))

/** Whether it decides on the end of its process. */
const isMain = (example: Example): boolean => /runMain|process\./.test(example.text(example.files.at(-1)!))

/** So many that one more sketch is noticed. */
const sketches = { "src/MetricsCluster.ts": 1 }

/** Blocks that cannot be complete, by page: why. */
const partial = {}

describe("examples in doc comments and pages", () => {
  let written: Written
  beforeAll(async () => {
    written = await writeExamples([...programs, ...blocks])
  })
  afterAll(() => written[Symbol.asyncDispose]())

  it("only the listed examples are sketches", () => {
    const found = examples.filter(({ sketch }) => sketch).map(({ path }) => path)
    expect(Object.fromEntries(found.map((path) => [path, found.filter((each) => each === path).length]))).toEqual(
      sketches
    )
  })

  it("only the listed page examples are partial, each for a reason", () => {
    const found = [...pages].map(([path, source]) => [path, partialBlocksIn(source)] as const)
    expect(Object.fromEntries(found.filter(([, reasons]) => reasons.length > 0))).toEqual(partial)
  })

  it.each(["main.ts", "main.mjs"])("the quick start prints what the README shows: %s", async (file) => {
    const readme = pages.get("README.md")!
    const [, shown = ""] = /prints:\n\n```\n(.+)\n```$/m.exec(readme) ?? []
    const program = blocks.find(({ files, path }) => path === "README.md" && files[0] === file)!
    const { code, stderr, stdout } = await runProgramWith(bundledWhole, written.program(program))
    const last = stdout.trimEnd().split("\n").at(-1)
    expect({ code, stderr, last }).toEqual({ code: 0, stderr: "", last: shown })
  })

  it("every example type-checks", { timeout: 120_000 }, async () => {
    expect(await written.typeCheck()).toBe("")
  })

  it.each(programs.filter(isMain))("the example runs: $path:$line", async (example) => {
    const { code, stderr } = await runProgramWith(bundledWhole, written.program(example))
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
  })

  describe("examples that run one after the other in one process", () => {
    const together = [...programs.filter((example) => !isMain(example)), ...claims]
    let outcomes: { readonly [url: string]: string }
    beforeAll(async () => {
      const urls = together.map((example) => written.program(example).href)
      const { code, said, stderr } = await runProgramWith(
        bundledWhole,
        new URL("./support/runTogether.ts", import.meta.url),
        ...urls
      )
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
      outcomes = said("outcomes")
    })

    it.each(together)("$path:$line", (example) => {
      expect(outcomes[written.program(example).href]).toBe("")
    })
  })
})

describe("reading an example", () => {
  const read = (...lines: ReadonlyArray<string>) =>
    examplesIn("src/X.ts", ["/**", ...["```ts", ...lines, "```"].map((line) => ` * ${line}`), " */"].join("\n"))

  it("returns its location and the number of each line", () => {
    const [example] = read("const a = 1", "", "a // 1")
    expect(example).toMatchObject({ path: "src/X.ts", line: 3, files: ["main.ts"], sketch: false })
    expect(example?.text("main.ts").split("\n").slice(0, 5)).toEqual(["", "", "const a = 1", "", "a // 1"])
  })

  it("splits it into several files if it names them", () => {
    const [example] = read("// a.worker.ts", "run()", "", "// main.ts", "start()")
    expect(example?.files).toEqual(["a.worker.ts", "main.ts"])
    expect(example?.text("a.worker.ts").trim()).toBe("// a.worker.ts\nrun()")
    expect(example?.text("main.ts").trim()).toBe("// main.ts\nstart()")
  })

  it.each(["function* () { ... }", "run([SaveAttempts, ...])", "new URL(...)"])("treats it as a sketch: %s", (code) => {
    expect(read(code)[0]?.sketch).toBe(true)
  })

  it.each(["f(...args)", "[...[1]]", "f({ ...state })", 'log("and so on ...")'])(
    "treats it as a program: %s",
    (code) => {
      expect(read(code)[0]?.sketch).toBe(false)
    }
  )
})

describe("a comment after an expression", () => {
  it.each([
    ["f(1) // { a: [1, 2] }", "assert.deepEqual(f(1), { a: [1, 2] })"],
    ["  yield* g // 'x'", "  assert.deepEqual(yield* g, 'x')"],
    ["await h() // undefined", "assert.deepEqual(await h(), undefined)"]
  ])("becomes an assertion if it is a value: %s", (line, assertion) => {
    expect(withAssertions(line)).toBe(assertion)
  })

  it.each(["f(1) // counted twice", "f(1) // fails", "// 1", "const a = 1 // the first", 'open("http://x")'])(
    "stays prose otherwise: %s",
    (line) => {
      expect(withAssertions(line)).toBe(line)
    }
  )
})
