// Series that expire, in states that are put together: as one recorder shows them that has taken all events.
import { deepStrictEqual, ok } from "node:assert"
import { expect, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import fc from "fast-check"
import { Metric, Snapshot } from "mvx-metrics"
import { stateOf } from "../../src/internal/metric/definition/stateShape.ts"
import { runs } from "../support/long.ts"

const Family = Schema.TaggedUnion({ hit: { of: Schema.String, ms: Schema.Number } })
const Life = 5
const expiring = { events: Family, labels: ["of"], expireAfter: Life } as const
const Hits = Metric.counter("hits", expiring)
const Times = Metric.histogram("times", { ...expiring, value: "ms", boundaries: [2, 4] })
const Twice = Metric.derive("twice", {
  from: { hits: Hits },
  view: ({ hits }) => ({ ...hits, series: hits.series.map((each) => ({ ...each, value: each.value * 2 })) })
})

interface Hit {
  readonly part: number
  readonly of: string
  readonly at: number
}

interface Shown {
  readonly value: number
  readonly series: ReadonlyArray<{ readonly labels: { readonly of: string }; readonly value: number }>
}

const folded = (metric: Metric.Any, hits: ReadonlyArray<Hit>): unknown =>
  hits.reduce(
    (state, { at, of }) => metric.reduce.hit!(state, { _tag: "hit", of, ms: at % 7 }, at),
    metric.initial as unknown
  )

/** What three recorders have come to that have taken the events of a part each. */
const statesOf = (metric: Metric.Any, hits: ReadonlyArray<Hit>): ReadonlyArray<unknown> =>
  [0, 1, 2].map((part) =>
    folded(
      metric,
      hits.filter((hit) => hit.part === part)
    )
  )

const merged = <A>(metric: Metric.Any, states: ReadonlyArray<unknown>, now: number): A => {
  const all = states.map((state) => ({ [metric.name]: stateOf(metric, state) }))
  return Effect.runSync(Snapshot.merge([metric], all, now))[metric.name]!.dimensions as A
}

const anyHits = fc
  .array(fc.record({ part: fc.nat({ max: 2 }), of: fc.constantFrom("a", "b"), at: fc.nat({ max: 30 }) }), {
    maxLength: 14
  })
  .map((hits) => hits.toSorted((a, b) => a.at - b.at))

/** The lives of a series, each as the times of its events. */
const livesOf = (hits: ReadonlyArray<Hit>, of: string): ReadonlyArray<ReadonlyArray<number>> => {
  const lives: Array<Array<number>> = []
  for (const { at } of hits.filter((hit) => hit.of === of)) {
    if (lives.length === 0 || at - lives.at(-1)!.at(-1)! >= Life) lives.push([])
    lives.at(-1)!.push(at)
  }
  return lives
}

/** What one recorder shows. */
const expected = (hits: ReadonlyArray<Hit>, now: number): ReadonlyMap<string, number> =>
  new Map(
    ["a", "b"].flatMap((of) => {
      const last = livesOf(hits, of).at(-1)
      return last === undefined || now - last.at(-1)! >= Life ? [] : [[of, last.length] as const]
    })
  )

/** Whether no part has let a series expire while another one had events of it that go on from there. */
const isTogether = (hits: ReadonlyArray<Hit>, states: ReadonlyArray<unknown>): boolean =>
  states.every((state, part) =>
    ["a", "b"].every((of) => {
      const lives = livesOf(
        hits.filter((hit) => hit.part === part),
        of
      )
      const isKept = Object.hasOwn((state as { readonly series: object }).series, JSON.stringify([of]))
      const ended = isKept ? lives.slice(0, -1) : lives
      return ended.every(
        (life) => !hits.some((hit) => hit.of === of && hit.at > life.at(-1)! && hit.at < life.at(-1)! + Life)
      )
    })
  )

const sorted = (shown: Shown): ReadonlyMap<string, number> =>
  new Map(shown.series.map(({ labels, value }) => [labels.of, value] as const).toSorted(([a], [b]) => (a < b ? -1 : 1)))

it("are there as in one recorder, with what has come to them since they began, and the total is that of all", () => {
  let together = 0
  fc.assert(
    fc.property(anyHits, fc.nat({ max: 8 }), (hits, later) => {
      const now = (hits.at(-1)?.at ?? 0) + later
      const states = statesOf(Hits, hits)
      const shown = merged<Shown>(Hits, states, now)
      const one = expected(hits, now)
      deepStrictEqual(sorted(Hits.view(folded(Hits, hits) as never, now) as Shown), one)
      deepStrictEqual(shown.value, hits.length)
      deepStrictEqual([...sorted(shown).keys()], [...one.keys()])
      for (const [of, value] of sorted(shown)) ok(value <= one.get(of)!)
      if (!isTogether(hits, states)) return
      together++
      deepStrictEqual(sorted(shown), one)
      for (const metric of [Times, Twice]) {
        const series = ({ series }: { readonly series: ReadonlyArray<object> }) =>
          series.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
        deepStrictEqual(
          series(merged(metric, statesOf(metric, hits), now)),
          series(metric.view(folded(metric, hits) as never, now) as never)
        )
      }
    }),
    { numRuns: runs(4000) }
  )
  expect(together).toBeGreaterThan(runs(4000) / 4)
})

it.each([
  [[0, 1, 2], 3],
  [[0, 2, 1], 3],
  [[2, 0, 1], 3]
])("go on where the events of a third state lie between, in any order of the states %s", (order, total) => {
  const hits = [0, 4, 8].map((at, part) => ({ part, of: "a", at }))
  const states = statesOf(Hits, hits)
  const shown = merged<Shown>(
    Hits,
    order.map((part) => states[part]),
    8
  )
  expect(sorted(shown)).toEqual(new Map([["a", total]]))
})

it("are new to deltas where they had expired in the state that they are compared with", () => {
  const hits = [
    { part: 0, of: "a", at: 0 },
    { part: 1, of: "a", at: 8 }
  ]
  const before = merging(Hits, statesOf(Hits, hits.slice(0, 1)), 0)
  const after = merging(Hits, statesOf(Hits, [hits[0]!, hits[1]!, hits[1]!]), 8)
  const since = Hits.minus!(after as never, before as never)
  expect(Hits.view(since as never, 8)).toEqual({ value: 2, series: [{ labels: { of: "a" }, value: 2 }] })
})

const merging = (metric: Metric.Any, states: ReadonlyArray<unknown>, now: number): unknown => {
  const all = states.map((state) => ({ [metric.name]: stateOf(metric, state) }))
  return Effect.runSync(Snapshot.mergeStates([metric], all, now))[metric.name]!.state
}
