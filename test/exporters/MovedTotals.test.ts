// Deltas of a report whose recorders go into totals: what was exported of them does not come with the total once more.
import { expect, it } from "@effect/vitest"
import { Batches, type Told } from "../../src/internal/exporters/otlp/batches.ts"
import type { Interval, Streamed } from "../../src/internal/formats/otlp/streamed.ts"
import type { Timed } from "../../src/internal/formats/otlp/streams.ts"
import { isTotalId } from "../../src/internal/model/totalIds.ts"
import { allSteps } from "../../src/internal/util/steps.ts"

/** As a point, what a recorder has that had so many events of the value 2. */
const kinds: { readonly [type: string]: (count: number) => object } = {
  sum: (value) => ({ value }),
  histogram: (count) => ({ count, sum: 2 * count, boundaries: [1], counts: [0, count] }),
  exponentialHistogram: (count) => {
    const negative = { offset: 0, counts: [] }
    return { count, sum: 2 * count, scale: 0, zeroCount: 0, positive: { offset: 0, counts: [count] }, negative }
  }
}

it.each(Object.entries(kinds))("what goes into a total is told once: a %s", (type, pointOf) => {
  type Series = { readonly [kind: string]: number }
  /** `idle`: series that are not shown any more. */
  const dataOf = (id: string, series: Series, idle: Series = {}): Timed => {
    const [data, idleData, expired] = [series, idle, {}].map((counts: Series) => {
      const points = Object.entries(counts).map(([kind, count]) => ({
        attributes: { recorder: id, kind },
        ...pointOf(count)
      }))
      return { name: "parts", type, ...(type === "sum" && { monotonic: true }), points } as never
    })
    return {
      data: data!,
      bygone: { idle: idleData!, expired: expired! },
      since: 1,
      owner: id.length,
      subject: `${id}/parts`,
      life: id
    }
  }
  const batches = new Batches<{ readonly told: Told }>("delta", 0n, isTotalId)
  let now = 1_000_000n
  /** The deltas of an export, by recorder and series. */
  const send = (...all: ReadonlyArray<Timed>): { readonly [series: string]: number } => {
    const told: { [series: string]: number } = {}
    batches.read({ all, unread: new Set() })
    now += 1_000_000n
    const take = ({ points }: Streamed): void => {
      for (const { point } of points as ReadonlyArray<
        Interval<{ attributes: object; value?: number; count?: number }>
      >) {
        const { attributes, count = 0, value = count } = point
        told[Object.values(attributes).join(" ")] = value
      }
    }
    batches.delivered(allSteps(batches.next(now, false, take)))
    return told
  }
  expect(send(dataOf("r", { a: 5, b: 1 }), dataOf("rr", { a: 7 }), dataOf("rrr", { a: 100 }))).toEqual({
    "r a": 5,
    "r b": 1,
    "rr a": 7,
    "rrr a": 100
  })
  // r goes, rr has left 4 of one process and got 3 in another, and rrr has counted.
  expect(send(dataOf("rr", { a: 6 }), dataOf("rrr", { a: 150 }), dataOf("removed", { a: 10, b: 1, c: 2 }))).toEqual({
    "rrr a": 50,
    "removed a": 10 - 5 - (7 - 6),
    "removed c": 2
  })
  // To one of another id, where no total has as much.
  expect(
    send(dataOf("rrr", { a: 150 }), dataOf("threads", { a: 8 }), dataOf("removed", { a: 11, b: 1, c: 2 }))
  ).toEqual({
    "threads a": 8 - 6,
    "removed a": 1
  })
  // Nobody has it: it is not there any more.
  expect(send(dataOf("threads", { a: 9 }), dataOf("removed", { a: 11, b: 1, c: 2 }))).toEqual({ "threads a": 1 })
  // All stay, and threads has left 4.
  expect(send(dataOf("threads", { a: 5 }), dataOf("removed", { a: 16, b: 1, c: 2 }))).toEqual({
    "removed a": 5 - (9 - 5)
  })
  // It has left 2 more, of a series that is not shown any more.
  expect(send(dataOf("threads", {}, { a: 3 }), dataOf("removed", { a: 18, b: 1, c: 2 }))).toEqual({})
})
