// Changes the engine in one place at a time, and runs its tests: `npm run mutate -- [--files GLOB[:LINE]]... [--sample N]
// [--seed S] [--stages N]`. A change that no test notices survives. It fails where one does that mutants.ts, beside this
// file, does not explain.
//
// StrykerJS switches mutants on in the process of the tests, where worker threads of the library would not see them.
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import { stripTypeScriptTypes } from "node:module"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { parseAst } from "vitest/node"
import { aimed, explained, tuning } from "./mutants.ts"

const root = fileURLToPath(new URL("..", import.meta.url))
const engine = "src/internal/{stream,stream/rows,recorder,runtime,link,worker,fold,fold/kernels}/*.ts"

/** The tests, in stages: a mutant that survives one goes on to the next. */
const stages: ReadonlyArray<(file: string) => ReadonlyArray<string>> = [
  (file) => aimed[dirname(file).replace("src/internal/", "")] ?? [],
  () => ["test/internal", "test/model", "test/recorder"],
  () => ["test/runtime", "test/worker", "test/exporters", "test/streams", "test/arguments"]
]

/** Milliseconds that a test may take. A loop without end is ended after the time of a whole run, and this. */
const TestTimeout = 30_000

type Part = "argument" | "callee" | "expression" | "id" | "left" | "right" | "test"

type Node = { readonly [part in Part]?: Node | null } & {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly name?: string
  readonly operator?: string
  readonly prefix?: boolean
  readonly value?: unknown
}

interface Mutant {
  readonly file: string
  readonly line: number
  readonly operator: string
  /** The first line that changes, before and after. */
  readonly from: string
  readonly to: string
  readonly source: string
}

// --- what is changed

/** Operators, and what becomes of them. */
const swaps: { readonly [name: string]: { readonly [operator: string]: string } } = {
  comparison: { "<": "<=", "<=": "<", ">": ">=", ">=": ">" },
  equality: { "===": "!==", "!==": "===" },
  arithmetic: { "+": "-", "-": "+", "*": "/", "%": "*", "+=": "-=", "-=": "+=", "++": "--", "--": "++" },
  bits: { "<<": ">>", ">>": "<<", ">>>": "<<", "&": "|", "|": "&" },
  logic: { "&&": "||", "||": "&&" }
}

/** Not the text of errors, nor keys and strings. */
const isSkipped = ({ type, callee, id }: Node): boolean =>
  type === "ThrowStatement" ||
  type === "ImportDeclaration" ||
  (type === "NewExpression" && callee?.name?.endsWith("Error")) ||
  (type === "VariableDeclarator" && tuning.includes(id?.name ?? ""))

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as Node).type === "string"

type Change = readonly [operator: string, start: number, end: number, text: string]

function* changesOf(node: Node, code: string, early: boolean): Generator<Change> {
  const { argument, end, expression, left, operator, right, start, test, type, value } = node
  const text = (part: Node): string => code.slice(part.start, part.end)
  const isText = [left, right].some((side) => side?.type === "TemplateLiteral" || typeof side?.value === "string")
  for (const [name, others] of Object.entries(swaps)) {
    const other = type === "UnaryExpression" || (isText && operator === "+") ? undefined : others[operator ?? ""]
    if (other === undefined) continue
    const from = left?.end ?? (node.prefix === true ? start : argument!.end)
    const to = right?.start ?? (node.prefix === true ? argument!.start : end)
    yield [name, from, to, code.slice(from, to).replace(operator!, other)]
  }
  // Of an equality it would be the same as the other one.
  if (test && type !== "SwitchCase" && !["===", "!=="].includes(test.operator ?? "")) {
    yield ["condition", test.start, test.end, `!(${text(test)})`]
  }
  if (type === "ExpressionStatement" && expression) {
    const isCall = /^(Call|Chain|Unary|Yield)/.test(expression.type) && !text(expression).startsWith("super")
    if (isCall) yield ["call removed", start, end, ";"]
    if (expression.type === "AssignmentExpression") yield ["assignment removed", start, end, ";"]
  }
  if (type === "ReturnStatement" && early) yield ["return removed", start, end, argument ? `;(${text(argument)})` : ";"]
  if (type === "Literal" && typeof value === "boolean") yield ["boolean", start, end, String(!value)]
  if (type === "Literal" && typeof value === "number") yield ["number", start, end, String(value + 1)]
  if (type === "MemberExpression" && /^Math\.(max|min)$/.test(text(node))) {
    yield ["arithmetic", start, end, text(node) === "Math.max" ? "Math.min" : "Math.max"]
  }
}

/** `early`: what comes after it would run, were it not to return. */
function* walk(node: Node, code: string, early = false): Generator<Change> {
  if (isSkipped(node)) return
  yield* changesOf(node, code, early)
  for (const [key, child] of Object.entries(node)) {
    // A loop that goes on the other way hangs, which says nothing of the tests.
    if (node.type === "ForStatement" && key === "update") continue
    const children = Array.isArray(child) ? child.filter(isNode) : isNode(child) ? [child] : []
    const isFunction = /Function/.test(node.type)
    for (const each of children) {
      const isLast = each === children.at(-1)
      const within = !isFunction && (early || node.type === "IfStatement" || node.type === "SwitchCase")
      yield* walk(each, code, within || (key === "body" && node.type === "BlockStatement" && !isLast))
    }
  }
}

const mutantsOf = (file: string): ReadonlyArray<Mutant> => {
  const typed = fs.readFileSync(join(root, file), "utf8")
  // Spaces stand where types were: all places are the same.
  const code = stripTypeScriptTypes(typed)
  return [...walk(parseAst(code) as unknown as Node, code)].map(([operator, start, end, text]) => {
    const source = code.slice(0, start) + text + code.slice(end)
    const line = code.slice(0, start).split("\n").length
    const lineOf = (whole: string): string => whole.split("\n")[line - 1]!.trim().replace(/ {2,}/g, " ")
    return { file, line, operator, from: lineOf(typed), to: lineOf(source), source }
  })
}

// --- the tests

/** A copy of the checkout with packages linked and a cache of its own: Vitest begins with what failed last. */
const makeCopy = (): string => {
  const copy = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "mutants-")))
  const filter = (path: string): boolean => !["node_modules", ".git", "dist"].includes(basename(path))
  fs.cpSync(root, copy, { recursive: true, filter })
  const packages = join(copy, "node_modules")
  fs.mkdirSync(packages)
  for (const name of fs.readdirSync(join(root, "node_modules"))) {
    if (!name.startsWith(".")) fs.symlinkSync(join(root, "node_modules", name), join(packages, name))
  }
  // Properties need not look for the smallest example.
  const setup = 'import fc from "fast-check"; fc.configureGlobal({ endOnFailure: true })'
  fs.writeFileSync(join(copy, "mutants.setup.ts"), setup)
  const config = 'export default mergeConfig(base, { test: { setupFiles: ["./mutants.setup.ts"] } })'
  const imports = 'import { mergeConfig } from "vitest/config"; import base from "./vitest.config.ts"'
  fs.writeFileSync(join(copy, "mutants.config.ts"), `${imports}; ${config}`)
  return copy
}

const whoFailed = (report: string, copy: string): string => {
  if (!fs.existsSync(report)) return "the run of the tests, which ended without a report"
  for (const { assertionResults, message, name } of JSON.parse(fs.readFileSync(report, "utf8")).testResults) {
    const failed = assertionResults.find((each: { status: string }) => each.status === "failed")
    if (failed !== undefined || message !== "") return `${name.replace(`${copy}/`, "")}: ${failed?.fullName ?? message}`
  }
  return "an error beside the tests"
}

/** Runs tests; who failed, if anybody did. */
const runTests = (copy: string, files: ReadonlyArray<string>, timeout = 900_000): Promise<string | undefined> =>
  new Promise((resolve) => {
    const report = join(copy, "report.json")
    fs.rmSync(report, { force: true })
    const vitest = join(root, "node_modules/vitest/vitest.mjs")
    const flags = [
      "--config=mutants.config.ts",
      "--bail=1",
      `--testTimeout=${TestTimeout}`,
      "--reporter=json",
      `--outputFile=${report}`
    ]
    const env = {
      ...process.env,
      NODE_COMPILE_CACHE: join(root, "node_modules/.cache/node-compile"),
      // All runs of the property tests.
      MVX_TEST_LONG: "yes"
    }
    const options = { cwd: copy, env, stdio: "ignore", detached: true } as const
    const run = spawn(process.execPath, [vitest, "run", ...flags, ...files], options)
    /** With the processes of the tests, which may not listen. */
    const kill = (): boolean => process.kill(-run.pid!, "SIGKILL")
    const timer = setTimeout(kill, timeout)
    process.once("exit", kill)
    run.once("exit", (code, signal) => {
      clearTimeout(timer)
      process.off("exit", kill)
      resolve(code === 0 ? undefined : signal === null ? whoFailed(report, copy) : "the time limit")
    })
  })

// --- the run

const { values: options } = parseArgs({
  options: {
    files: { type: "string", multiple: true, default: [engine] },
    sample: { type: "string" },
    seed: { type: "string", default: "1" },
    stages: { type: "string", default: String(stages.length) }
  }
})

/** In an order that the seed gives. */
const shuffled = (mutants: ReadonlyArray<Mutant>, seed: string): ReadonlyArray<Mutant> => {
  const keys = new Map(mutants.map((mutant, i) => [mutant, createHash("md5").update(`${seed} ${i}`).digest("hex")]))
  return mutants.toSorted((a, b) => (keys.get(a)! < keys.get(b)! ? -1 : 1))
}

const isExplained = ({ file, from, to }: Mutant): boolean =>
  explained.some((each) => each.file === file && each.from === from && each.to === to)

/** The mutants of files, or of one line where the pattern ends with its number. */
const mutantsIn = (pattern: string): ReadonlyArray<Mutant> => {
  const [files, line] = pattern.split(/:(?=\d+$)/) as [string, string?]
  const found = fs.globSync(files, { cwd: root }).sort().flatMap(mutantsOf)
  return line === undefined ? found : found.filter((mutant) => mutant.line === Number(line))
}

const all = options.files.flatMap(mutantsIn)
const sample = shuffled(all, options.seed).slice(0, Number(options.sample ?? all.length))
const toTest = sample.filter((mutant) => !isExplained(mutant))
const show = (mutant: Mutant): string =>
  `${mutant.file}:${mutant.line}  ${mutant.operator}\n    ${mutant.from}\n    ${mutant.to}`

const copy = makeCopy()
process.once("exit", () => fs.rmSync(copy, { recursive: true, force: true }))
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1))

console.log(`${all.length} mutants, ${sample.length} in the sample, ${sample.length - toTest.length} of them explained`)
let living = toTest
for (const [stage, testsOf] of stages.slice(0, Number(options.stages)).entries()) {
  if (living.length === 0) break
  const begun = Date.now()
  const whole = await runTests(copy, [...new Set(living.flatMap(({ file }) => testsOf(file)))])
  if (whole !== undefined) throw new Error(`The tests fail without any mutant: ${whole}`)
  const timeout = Date.now() - begun + TestTimeout
  const survivors: Array<Mutant> = []
  for (const mutant of living) {
    const path = join(copy, mutant.file)
    const original = fs.readFileSync(path)
    fs.writeFileSync(path, mutant.source)
    const by = await runTests(copy, testsOf(mutant.file), timeout)
    fs.writeFileSync(path, original)
    if (by === undefined) survivors.push(mutant)
    console.log(`${show(mutant)}\n    ${by === undefined ? `alive after stage ${stage + 1}` : `killed by ${by}`}`)
  }
  living = survivors
}
console.log(
  `\n${toTest.length - living.length} of ${toTest.length} mutants were killed. ${living.length} survived${living.length > 0 ? ":" : "."}`
)
for (const mutant of living) console.log(show(mutant))
process.exitCode = living.length === 0 ? 0 : 1
