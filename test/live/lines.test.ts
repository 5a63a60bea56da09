/**
 * How an update is written, and read a line at a time.
 */
import { expect, it } from "@effect/vitest"
import { readLines, updateLines } from "../../src/internal/live/model/lines.ts"
import type { LiveData } from "../../src/internal/live/model/update.ts"
import { noCounts } from "../../src/internal/model/stats.ts"

const recorder = (recorderId: string) => ({
  recorderId,
  entityId: "an entity,\n]}",
  stats: { ...noCounts, state: "Running" as const },
  metrics: []
})

it.each([0, 1, 3])("an update of %i recorders is JSON, and each recorder is a line of it", (count) => {
  const recorders = Array.from({ length: count }, (_, index) => recorder(`recorder\n${index},`))
  const data: LiveData = { namespace: "a\nb", at: 5, recorderCount: count, recorders }
  const text = updateLines(data)
  expect(JSON.parse(text)).toEqual(data)
  const { head, recorders: read } = readLines(text)
  expect(head).toEqual({ namespace: "a\nb", at: 5, recorderCount: count })
  expect([...read()]).toEqual(recorders)
})
