/** What all servers have to do: count, be scraped, and end at a signal without losing a number. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict"
import { Collector, type Lookups } from "./collector.ts"
import { freePorts } from "./listening.ts"
import { Program, type Start } from "./program.ts"

export interface Serving extends Start {
  /** What it prints once it listens on a port. Default: that it does. */
  readonly says?: (port: number) => RegExp
  /** What standard error may have. Default: nothing. */
  readonly complains?: RegExp
  /** Whether the metrics have a port of their own. */
  readonly hasMetricsPort?: boolean
  /** Whether a scrape has all numbers. Default: true. */
  readonly isScraped?: boolean
  /** Has it end. Default: by SIGTERM. */
  readonly signalled?: (program: Program) => void
  /** How it ends at the signal. Default: with exit code 0. */
  readonly ends?: (code: number | null, signal: NodeJS.Signals | null) => boolean
}

/** The longest that a server may take from the signal to its end, beside what the last request takes. */
const MostForShutdown = 20_000

/** How long the last request takes, in milliseconds: an order of so many items. */
const LastRequest = 700

const outcomes = /^order_lookups_total\{(.*)\} (\d+)/gm

/** The numbers of a scrape, added up over processes and recorders. */
const lookupsIn = (scrape: string): Lookups => {
  const counted = { FOUND: 0, MISSING: 0 }
  for (const [, labels = "", value] of scrape.matchAll(outcomes)) {
    const outcome = /outcome="(\w+)"/.exec(labels)?.[1]
    if (outcome === "FOUND" || outcome === "MISSING") counted[outcome] += Number(value)
  }
  return counted
}

const answers = async (url: string, status: number): Promise<string> => {
  const signal = AbortSignal.timeout(15_000)
  const response = await fetch(url, { signal }).catch((cause: unknown) => {
    throw new Error(`${url} was not answered`, { cause })
  })
  const text = await response.text()
  strictEqual(response.status, status, `${url}: ${response.status} ${text}`)
  return text
}

const listens = (port: number): RegExp => new RegExp(`listening on .*\\b${port}\\b`, "i")

export const serves = async ({
  complains = /^$/,
  says = listens,
  isScraped = true,
  hasMetricsPort = false,
  signalled = (program) => program.signal("SIGTERM"),
  ...start
}: Serving): Promise<void> => {
  await using collector = new Collector()
  const [port, metricsPort] = await freePorts()
  const ports = { PORT: String(port), METRICS_PORT: String(metricsPort) }
  await using program = new Program({ ...start, env: { ...start.env, ...(await collector.listen()), ...ports } })
  await program.said(says(port))
  const base = `http://127.0.0.1:${port}`
  await answers(`${base}/orders/1`, 200)
  await answers(`${base}/orders/2`, 200)
  await answers(`${base}/orders/none`, 404)
  if (isScraped) {
    const scrape = await answers(`http://127.0.0.1:${hasMetricsPort ? metricsPort : port}/metrics`, 200)
    deepStrictEqual(lookupsIn(scrape), { FOUND: 2, MISSING: 1 })
  }

  // One request is being answered when the signal comes. It has reached the server when one that was sent later is answered.
  const last = answers(`${base}/orders/${LastRequest}`, 200)
  await answers(`${base}/orders/3`, 200)
  signalled(program)
  await last
  const ended = await program.ended(MostForShutdown)
  const isRight = start.ends ?? ((code) => code === 0)
  strictEqual(
    isRight(ended.code, ended.signal),
    true,
    `ended with ${ended.code ?? ended.signal}\n${program.complained}`
  )
  match(program.complained, complains)
  deepStrictEqual(collector.lookups, { FOUND: 4, MISSING: 1 })
}
