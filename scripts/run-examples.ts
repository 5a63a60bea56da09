// Runs every example as a process of its own and checks what it promises: exit code 0, and its last line on standard
// output. With --built the examples import the built package (`npm run build` first) instead of the sources.
import { match, partialDeepStrictEqual, strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"

interface Example {
  readonly folder: string
  readonly args: ReadonlyArray<string>
  /** The last line: exactly, by its form, or what the JSON in it contains. */
  readonly last: string | RegExp | object
}

const root = fileURLToPath(new URL("..", import.meta.url))
const built = process.argv.includes("--built")
const vitest = ["node_modules/vitest/vitest.mjs", "run", "--reporter=tap-flat"]

const threeDocuments = `{"document_storage.save.attempts":{"name":"document_storage.save.attempts","dimensions":{"total":3,"success_total":2,"failure_total":1}}}`

/** Six orders of three customers, one of which is refused: what each service has counted, on a clock that goes on. */
const fiveServices = {
  orders: { orders: { dimensions: { value: 6 } }, "orders.duration": { dimensions: { count: 6 } } },
  accounts: { "accounts.loaded": { dimensions: { value: 3 } } },
  cache: { "cache.hits": { dimensions: { hits: 3, total: 6 } } },
  payments: {
    payments: {
      dimensions: {
        value: 6,
        series: [
          { labels: { outcome: "SUCCESS" }, value: 5 },
          { labels: { outcome: "FAILURE" }, value: 1 }
        ]
      }
    },
    "payments.amount": { dimensions: { value: 150 } }
  },
  mailer: { "mails.sent": { dimensions: { value: 5 } }, "mails.size": { dimensions: { value: 5 * 35 } } }
}

const examples: ReadonlyArray<Example> = [
  { folder: "01_document-storage", args: ["examples/01_document-storage/main.ts"], last: threeDocuments },
  { folder: "02_in-process", args: ["examples/02_in-process/main.ts"], last: threeDocuments },
  { folder: "03_promise-facade", args: ["examples/03_promise-facade/main.ts"], last: threeDocuments },
  { folder: "03_promise-facade", args: ["examples/03_promise-facade/main.mjs"], last: threeDocuments },
  {
    folder: "04_test-clock",
    // The vitest.config.ts of the repository points at the sources. In this folder none is found.
    args: built ? [...vitest, "--root=examples/04_test-clock"] : [...vitest, "test/examples/TestClock.test.ts"],
    last: /^ok 6 - .*recent saves, on the worker/
  },
  {
    folder: "05_custom-recorder",
    args: ["examples/05_custom-recorder/main.ts"],
    last: {
      sequence: 3,
      event: "document_storage.save.attempt",
      name: "document_storage.save.attempts",
      dimensions: { total: 3, success_total: 2, failure_total: 1 }
    }
  },
  {
    folder: "06_document-service",
    args: ["examples/06_document-service/main.ts", "--demo"],
    last: {
      "document_service.operations": { dimensions: { value: 150 } },
      "document_service.failures": { dimensions: { hits: 3, total: 150 } },
      "document_service.bytes": { dimensions: { value: 245_000 } },
      "document_service.duration": { dimensions: { count: 150 } }
    }
  },
  {
    folder: "07_five-services",
    args: ["examples/07_five-services/main.ts"],
    last: { shared: { shop: Object.assign({}, ...Object.values(fiveServices)) }, apart: fiveServices }
  },
  {
    folder: "08_worker-that-dies",
    args: ["examples/08_worker-that-dies/main.ts"],
    last: {
      orders: { dimensions: { value: 2000 } },
      "orders.revenue": { dimensions: { value: 200_000 } },
      "orders.buggy": { dimensions: { value: 1500 }, quarantine: { missed: 500 } }
    }
  },
  {
    folder: "09_many-processes",
    args: ["examples/09_many-processes/main.ts"],
    last: { ended: 4, orders: { dimensions: { value: 7 } }, "orders.customers": { dimensions: { estimate: 4 } } }
  },
  {
    folder: "10_worker-threads",
    args: ["examples/10_worker-threads/main.ts"],
    last: /^pictures_resized_total\{recorder="resizing\/threads",namespace="example.metrics"\} 1000$/
  },
  {
    folder: "11_event-stream",
    args: ["examples/11_event-stream/main.ts"],
    last: {
      ended: 1,
      payments: { value: 12 },
      "payments.customers": { estimate: 4 },
      "payments.declined_in_a_row": { most: 3 }
    }
  }
]

/** Why an example does not keep its promise, or `undefined` when it does. */
const whyBroken = ({ args, last }: Example): string | undefined => {
  const condition = built ? [] : ["--conditions=mvx-metrics-source"]
  const run = spawnSync(process.execPath, [...condition, ...args], { cwd: root, encoding: "utf8", timeout: 60_000 })
  if (run.status !== 0) return `exit code ${run.status ?? run.signal}\n${run.stdout}${run.stderr}`
  const line = run.stdout.trimEnd().split("\n").at(-1) ?? ""
  try {
    if (typeof last === "string") strictEqual(line, last)
    else if (last instanceof RegExp) match(line, last)
    else partialDeepStrictEqual(JSON.parse(line), last)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

let failed = 0
const report = (name: string, broken: string | undefined) => {
  if (broken !== undefined) failed++
  console.log(broken === undefined ? `ok      ${name}` : `FAILED  ${name}\n${broken}`)
}

for (const example of examples) report(example.args.join(" "), whyBroken(example))
for (const entry of readdirSync(`${root}/examples`, { withFileTypes: true })) {
  // `npm run setups` runs those that need other packages.
  if (entry.isFile() || entry.name === "frameworks" || examples.some(({ folder }) => folder === entry.name)) continue
  report(`examples/${entry.name}`, "is not run by this script")
}
process.exitCode = failed === 0 ? 0 : 1
