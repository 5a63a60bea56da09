/**
 * The format of an update, which is read line by line.
 */
import { expect, it } from "@effect/vitest"
import { type LiveData, readLines } from "../../src/internal/live/model/update.ts"
import { updateLines, updateSteps } from "../../src/internal/live/server/updateSteps.ts"
import { noCounts } from "../../src/internal/model/stats.ts"

const recorder = (recorderId: string) => ({
  recorderId,
  entityId: "an entity,\n]}",
  stats: { ...noCounts, state: "Running" as const },
  metrics: []
})

it.each([0, 1, 3])("an update of %i recorders is JSON, with each recorder on a line of its own", (count) => {
  const recorders = Array.from({ length: count }, (_, index) => recorder(`recorder\n${index},`))
  const data: LiveData = { namespace: "a\nb", at: 5, recorderCount: count, recorders }
  const text = updateLines(data)
  expect(JSON.parse(text)).toEqual(data)
  const { head, recorders: read } = readLines(text)
  expect(head).toEqual({ namespace: "a\nb", at: 5, recorderCount: count })
  expect([...read()]).toEqual(recorders)
})

it("very many series are written in steps, with the same result", () => {
  const series = Array.from({ length: 2000 }, (_, i) => ({ labels: { path: `/${i}\n` }, value: i }))
  const metric = { name: "visits", kind: "counter" as const, labels: ["path"], seriesCount: series.length }
  const metrics = [
    { ...metric, dimensions: { value: 1, series } },
    { ...metric, dimensions: { series } },
    { ...metric, kind: "custom" as const, dimensions: 5 }
  ]
  const data: LiveData = { namespace: "a", at: 5, recorderCount: 1, recorders: [{ ...recorder("a"), metrics }] }
  const steps = updateSteps(data)
  let count = 0
  let step = steps.next()
  for (; step.done !== true; step = steps.next()) count++
  expect(count).toBeGreaterThan(6)
  expect(JSON.parse(step.value)).toEqual(data)
  expect([...readLines(step.value).recorders()]).toEqual(data.recorders)
})
