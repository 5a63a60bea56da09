// However many reads are answered together, the application thread receives the answers in short turns.
import { expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { Metric } from "mvx-metrics"
import { Fold } from "../../src/internal/fold/fold.ts"
import { PartValues } from "../../src/internal/stream/answerParts.ts"
import { ChunkBytes } from "../../src/internal/stream/foldedCounters.ts"
import type { FoldMessage } from "../../src/internal/stream/foldMessages.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"

const Family = Schema.TaggedUnion({ seen: { what: Schema.Number } })
const labels = ["what"] as const
const recorders = 12
const seen = (what: number): MetricEvent & { readonly what: number } => ({ _tag: "seen", what })

/** A fold that was asked to read all recorders at once. */
const reading = (metrics: ReadonlyArray<Metric.Any>, series: number, reads = 1) => {
  const sent: Array<FoldMessage & { readonly values: number }> = []
  const fold = new Fold({
    send: (message) => void ("values" in message && sent.push(message)),
    sendCopies: true,
    onPageRead: () => {}
  })
  // It is behind the first row, from which a fold may be restored.
  Object.defineProperty(fold.reader, "position", { value: 1 })
  fold.command({ _tag: "Counters", chunk: 0, buffer: new ArrayBuffer(ChunkBytes) })
  for (let lane = 0; lane < recorders; lane++) {
    fold.command({ _tag: "Open", lane, recorderId: `r${lane}` })
    for (const metric of metrics) fold.command({ _tag: "Register", lane, name: metric.name, metric, at: 0 })
    for (let what = 0; what < series; what++) fold.main.event(lane, seen(what), 0)
  }
  for (let request = 0; request < reads; request++) {
    for (let lane = 0; lane < recorders; lane++)
      fold.command({ _tag: "Read", lane, request, what: "snapshots", now: 0 })
  }
  let taken = 0
  let answers = 0
  /** What is received in one turn of the event loop; `undefined` at the end. */
  const turn = (): number | undefined => {
    while (fold.work.isPending) fold.work.goOn()
    if (sent.length === 0) return undefined
    answers += sent.filter(({ _tag }) => _tag === "Answer").length
    const values = sent.splice(0).reduce((sum, each) => sum + each.values, 0)
    taken += values
    fold.room.taken(taken)
    return values
  }
  return { answers: () => answers, turn }
}

it.each([
  ["very many series", [Metric.counter("one", { events: Family, labels })], 900],
  [
    "many metrics of a few series each",
    Array.from({ length: 40 }, (_, i) => Metric.counter(`m${i}`, { events: Family, labels })),
    100
  ],
  ["very many reads of a few series", [Metric.counter("one", { events: Family, labels })], 3, 500]
])("a fold answers in short turns: %s", (_, metrics, series, reads = 1) => {
  const { answers, turn } = reading(metrics, series, reads)
  let turns = 0
  for (;;) {
    const values = turn()
    if (values === undefined) break
    turns++
    expect(values).toBeLessThan(3.1 * PartValues)
  }
  expect(answers()).toBe(recorders * reads)
  expect(turns).toBeGreaterThan(2)
})
