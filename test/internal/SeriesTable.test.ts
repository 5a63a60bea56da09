// The keys of very many series are saved as texts that were prepared before: few are joined while nothing is folded.
import { expect, it } from "vitest"
import { SeriesTable } from "../../src/internal/fold/kernels/seriesTable.ts"

const tableOf = (): SeriesTable =>
  new SeriesTable({ maxSeries: 1e6, labels: [] } as never, { reserve: () => {} } as never)

const keysOf = (table: SeriesTable): ReadonlyArray<string> =>
  Array.from({ length: table.indexes }, (_, index) => table.key(index))

/** Has other series come in the place of these, by their indexes. */
const replace = (table: SeriesTable, indexes: ReadonlyArray<number>, by: string): void => {
  for (const index of indexes) table.remove(index)
  for (const index of indexes) table.indexOfKey(`["${by} ${index}"]`)
}

it("many changed keys are joined in steps, and few are saved next to the others", () => {
  const table = tableOf()
  const size = 30 * 1024 + 7
  for (let i = 0; i < size; i++) table.indexOfKey(`["${i}"]`)
  expect([table.isStale, [...table.prepare()]]).toEqual([false, []])
  replace(table, [...Array(size).keys()], "next")
  expect(table.isStale).toBe(true)
  // Series go on to come meanwhile.
  const steps = table.prepare()
  let count = 0
  while (!steps.next().done) replace(table, [count++, 20_000 + count], "meanwhile")
  expect(count).toBe(2)
  replace(table, [5, 3000, 3001, size - 1], "last")
  expect(table.isStale).toBe(false)

  const saved = table.save()
  const [indexes, lines] = saved.changed!
  expect([...indexes].sort((a, b) => a - b)).toEqual([0, 1, 5, 3000, 3001, 20_002])
  expect(lines.split("\n").toSorted()).toEqual(Array.from(indexes, (index) => table.key(index)).toSorted())
  const loaded = tableOf()
  loaded.load(saved)
  expect(keysOf(loaded)).toEqual(keysOf(table))
  expect(loaded.save()).toEqual(saved)
})

it("changed keys are also saved without preparation", () => {
  const table = tableOf()
  for (let i = 0; i < 3000; i++) table.indexOfKey(`["${i}"]`)
  replace(table, [...Array(1500).keys()], "next")
  const loaded = tableOf()
  loaded.load(table.save())
  expect(keysOf(loaded)).toEqual(keysOf(table))
})
