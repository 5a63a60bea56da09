/** The metrics of a program as a Markdown table, for people who read dashboards but not code. */
import type * as Metric from "../metric/definition/metric.ts"
import { exposedOf } from "./exposedMetrics.ts"

const kindOf = ({ instrument, sources }: Metric.Any): string => {
  if (instrument !== undefined) return instrument.kind.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return sources === undefined
    ? "own"
    : `from ${Object.values(sources)
        .map(({ name }) => code(name))
        .join(", ")}`
}

/** In a table a bar ends a cell, and angle brackets start an element. */
const escaped = (text: string): string =>
  text
    .replace(/[\\`*_[\]<>|]/g, "\\$&")
    .replaceAll(/\s+/g, " ")
    .trim()

/** Literal text: enclosed in more backquotes than it contains. */
const code = (text: string): string => {
  const longest = Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length))
  const quote = "`".repeat(longest + 1)
  const space = longest > 0 ? " " : ""
  return `${quote}${space}${text.replaceAll(/\s+/g, " ").replaceAll("|", "\\|")}${space}${quote}`
}

const list = (texts: ReadonlyArray<string>): string => texts.map(code).join(", ")

const row = (metric: Metric.Any): string => {
  const { description, instrument, name, reduce, unit } = metric
  const cells = [
    code(name),
    escaped(description ?? ""),
    kindOf(metric),
    unit === undefined ? "" : code(unit),
    list((instrument?.labels ?? []).map(([label]) => label)),
    list(Object.keys(reduce)),
    list(exposedOf(metric).map(({ sample }) => sample))
  ]
  return `| ${cells.join(" | ")} |`
}

export const catalogueMarkdown = (metrics: ReadonlyArray<Metric.Any>): string =>
  [
    "# Metrics",
    "",
    "| metric | what it measures | kind | unit | labels | events | in Prometheus |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...metrics.map(row)
  ]
    .map((line) => `${line}\n`)
    .join("")
