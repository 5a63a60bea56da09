// The document service as a real process: its responses, its measurements, and its shutdown.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { expect, it } from "@effect/vitest"
import { bundled, HangsAfter } from "../support/runProgram.ts"

const main = fileURLToPath(new URL("../../examples/06_document-service/main.ts", import.meta.url))

it("the document service stores documents, measures operations, and prints its metrics on SIGTERM", async () => {
  const args = [...bundled.execArgv, "--conditions=mvx-metrics-source", main, "--port", "0"]
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...bundled.env },
    stdio: ["ignore", "pipe", "inherit"],
    timeout: HangsAfter,
    killSignal: "SIGKILL"
  })
  const closed = once(child, "close")
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const [url] = /http:\S+/.exec((await lines.next()).value ?? "") ?? []
  const request = async (method: string, path: string, body?: string) => {
    const response = await fetch(`${url}${path}`, { method, ...(body === undefined ? {} : { body }) })
    return [response.status, await response.text()] as const
  }

  expect(await request("PUT", "/documents/a", "hello")).toEqual([204, ""])
  expect(await request("GET", "/documents/a")).toEqual([200, "hello"])
  expect(await request("PUT", "/documents/empty", "")).toEqual([422, "the document is empty\n"])
  expect(await request("DELETE", "/documents/a")).toEqual([204, ""])
  expect(await request("GET", "/documents/a")).toEqual([404, "no such document\n"])
  // Not an id, so no operation: it would lead out of the folder.
  expect(await request("GET", "/documents/..%2F..%2Fa")).toEqual([400, ""])

  const measured = {
    "document_service.operations": {
      dimensions: {
        value: 5,
        series: [
          { labels: { operation: "put", outcome: "SUCCESS" }, value: 1 },
          { labels: { operation: "get", outcome: "SUCCESS" }, value: 1 },
          { labels: { operation: "put", outcome: "FAILURE" }, value: 1 },
          { labels: { operation: "delete", outcome: "SUCCESS" }, value: 1 },
          { labels: { operation: "get", outcome: "FAILURE" }, value: 1 }
        ]
      }
    },
    "document_service.failures": { dimensions: { ratio: 0.4 } },
    "document_service.bytes": { dimensions: { value: 10 } },
    "document_service.duration": { dimensions: { count: 5 } },
    "document_service.largest": { dimensions: { bytes: 5, operation: "put" } }
  }
  const [status, snapshots] = await request("GET", "/snapshots")
  expect(status).toBe(200)
  expect(JSON.parse(snapshots)).toMatchObject(measured)
  const [, scrape] = await request("GET", "/metrics")
  expect(scrape).toContain(
    'document_service_operations_total{recorder="document_service",namespace="example.metrics",operation="get",outcome="FAILURE"} 1'
  )
  const [, page] = await request("GET", "/metrics/live")
  expect(page).toContain('src="./live/page.js"')
  const [, data] = await request("GET", "/metrics/live/data")
  expect(JSON.parse(data)).toMatchObject({ namespace: "example.metrics", recorderCount: 1 })

  child.kill("SIGTERM")
  expect(JSON.parse((await lines.next()).value ?? "")).toMatchObject(measured)
  // The code that Effect's runMain ends with when a signal interrupted the program.
  expect(await closed).toEqual([130, null])
})
