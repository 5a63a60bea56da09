// Laws of every built-in metric, for any options and events: states can be carried over, merged and subtracted.
import { deepStrictEqual } from "node:assert/strict"
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import { awkward, modest } from "../support/exactSums.ts"
import { type KitKind, kinds } from "../support/kit.ts"

const Job = Schema.TaggedUnion({
  "job.done": { n: Schema.optional(Schema.NullOr(Schema.Number)), queue: Schema.String, ok: Schema.Boolean },
  "job.dropped": { n: Schema.optional(Schema.NullOr(Schema.Number)), queue: Schema.String, ok: Schema.Boolean },
  "job.idle": {}
})
type Job = typeof Job.Type

/** What happened, and when. */
type Moment = readonly [event: Job, at: number]

// --- what is measured

const when = ["job.done", "job.dropped"]
/** The field of each kind of measurement. `n` is `null` or not there in some events, and some kinds reject some of it. */
const fieldOf = { number: "n", answer: "ok", value: "n" } as const

/** Caps are another matter: beyond one, parts and the whole differ in what they can tell apart, though not in all. */
const uncapped = { maxValues: 1000 }

const definition = ({ make, measures, option }: KitKind, options: object): Metric.Any =>
  make("jobs", { events: Job, when, [option]: fieldOf[measures], ...options })

/** By their names, the kinds as constructors; `derive` is one that puts several of them together. */
const constructors: ReadonlyArray<
  readonly [name: string, make: (options: object) => Metric.Any, settings: fc.Arbitrary<object>]
> = [
  ...Object.entries(kinds).map(([name, kind]) => {
    const settings = kind.settings.map((own) => ("maxValues" in own ? uncapped : own))
    return [name, (options: object) => definition(kind, options), settings] as const
  }),
  [
    "derive",
    (options) =>
      Metric.derive("jobs", {
        from: {
          sum: definition(kinds.upDownCounter!, options),
          sizes: definition(kinds.histogram!, { ...options, boundaries: [0, 10] }),
          done: definition(kinds.ratio!, options),
          log: Seen
        },
        view: (shown) => shown
      }),
    fc.constant({})
  ]
]

/** A metric that was written by hand. */
const Seen = Metric.make("seen", {
  events: Job,
  initial: 0,
  reduce: { "job.done": (seen) => seen + 1 },
  merge: (left, right) => left + right,
  minus: (later, earlier) => later - earlier
})

/** Options that all kinds have, none of which lets anything go: neither series beyond a cap nor such that expire. */
const variants: { readonly [name: string]: object } = {
  "without labels": {},
  "with labels": { labels: ["queue", "ok"] },
  "with labels that expire": { labels: { of: "queue" }, expireAfter: "1 hour" },
  "with a filter": { labels: ["ok"], filter: ({ queue }: Job & { queue: string }) => queue !== "b" }
}

const all = constructors.flatMap(([kind, make, settings]) =>
  Object.entries(variants).map(([variant, options]) => ({
    name: `${kind} ${variant}`,
    kind,
    settings,
    of: (own: object) => make({ ...options, ...own })
  }))
)

// --- events

const numbersOf = (values: fc.Arbitrary<number>) =>
  fc.oneof(
    // A gauge keeps -0, which JSON does not know.
    { weight: 9, arbitrary: values.map((value) => 0 + value) },
    { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, null, undefined) }
  )
const numbers = numbersOf(awkward)
const eventsWith = (n: fc.Arbitrary<number | null | undefined>): fc.Arbitrary<Job> =>
  fc.oneof(
    {
      weight: 9,
      arbitrary: fc.record({
        _tag: fc.constantFrom("job.done" as const, "job.dropped" as const),
        n,
        queue: fc.constantFrom("a", "b", "", "__proto__", "overflow"),
        ok: fc.boolean()
      })
    },
    { weight: 1, arbitrary: fc.constant<Job>({ _tag: "job.idle" }) }
  )

const Start = 1.7e12

/** Each event at a time of its own, later than the one before. */
const momentsWith = (n: fc.Arbitrary<number | null | undefined>) =>
  fc.array(fc.tuple(eventsWith(n), fc.integer({ min: 1, max: 2000 })), { maxLength: 30 }).map((steps) => {
    let at = Start
    return steps.map(([event, after]): Moment => {
      at += after
      return [event, at]
    })
  })
const moments = momentsWith(numbers)
/** What they show is finite, as JSON has it. */
const modestMoments = momentsWith(numbersOf(modest))

/** Cut in several places. */
const batches = fc.tuple(moments, fc.array(fc.nat(30), { maxLength: 4 })).map(([all, cuts]) => {
  const at = [0, ...cuts.map((cut) => Math.min(cut, all.length)).sort((a, b) => a - b), all.length]
  return at.slice(1).map((end, i) => all.slice(at[i], end))
})

// --- helpers

const foldOn = (metric: Metric.Any, from: unknown, all: ReadonlyArray<Moment>): unknown =>
  all.reduce((state, [event, at]) => Metric.reduce(metric, state, event, at), from)
const fold = (metric: Metric.Any, all: ReadonlyArray<Moment>): unknown => foldOn(metric, metric.initial, all)

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
const shown = (metric: Metric.Any, state: unknown, now: number): unknown =>
  Metric.snapshot(metric, state, now).dimensions

const property = <A extends ReadonlyArray<unknown>>(
  ...args: [...{ [I in keyof A]: fc.Arbitrary<A[I]> }, (...values: A) => void]
) => fc.assert(fc.property(...(args as unknown as [fc.Arbitrary<unknown>, () => void])), { numRuns: 40 })

/** The same but for when series were last looked through, which is no more than housekeeping. */
const withoutSweep = (state: unknown): unknown =>
  JSON.parse(JSON.stringify(state), (key, value) => (key === "sweptAt" ? undefined : value))

/** The kinds whose states can be taken away from each other. Windows show the last minute as it is. */
const subtracting = new Set([
  ...["average", "counter", "derive", "exponentialHistogram", "frequency", "histogram", "ratio", "upDownCounter"]
])

describe.each(all)("$name", ({ kind, of, settings }) => {
  it("reaches the same state in batches, carried from one to the next as JSON and as a clone", () => {
    property(settings, batches, (own, batches) => {
      const metric = of(own)
      const once = fold(metric, batches.flat())
      deepStrictEqual(
        batches.reduce((state, batch) => foldOn(metric, json(state), batch), metric.initial),
        once
      )
      deepStrictEqual(
        batches.reduce((state, batch) => foldOn(metric, structuredClone(state), batch), metric.initial),
        once
      )
    })
  })

  it("has states that survive JSON and structured clone unchanged", () => {
    property(settings, moments, (own, all) => {
      const state = fold(of(own), all)
      deepStrictEqual(json(state), state)
      deepStrictEqual(structuredClone(state), state)
    })
  })

  it("shows dimensions that survive JSON and structured clone unchanged", () => {
    property(settings, modestMoments, fc.nat(100_000), (own, all, later) => {
      const metric = of(own)
      const dimensions = shown(metric, fold(metric, all), Start + later)
      deepStrictEqual(json(dimensions), dimensions)
      deepStrictEqual(structuredClone(dimensions), dimensions)
    })
  })

  it("merges commutatively and associatively, and matches the fold of all events", () => {
    const parts = fc.tuple(moments, moments, moments)
    property(settings, parts, (own, parts) => {
      const metric = of(own)
      const merge = metric.merge!
      const [a, b, c] = inTurn(parts).map((part) => fold(metric, part)) as [unknown, unknown, unknown]
      deepStrictEqual(merge(a, b), merge(b, a))
      deepStrictEqual(merge(merge(a, b), c), merge(a, merge(b, c)))
      deepStrictEqual(merge(metric.initial, a), a)
      deepStrictEqual(withoutSweep(merge(merge(a, b), c)), withoutSweep(fold(metric, inTurn(parts).flat())))
    })
  })

  it("ignores events that do not concern it", () => {
    property(settings, moments, (own, all) => {
      const metric = of(own)
      const state = fold(metric, all)
      const foreign = [{ _tag: "job.idle" }, { _tag: "unheard.of", n: 1 }, { _tag: "toString" }]
      for (const event of foreign) expect(Metric.reduce(metric, state, event, Start)).toBe(state)
    })
  })

  it("declares whether its states can be subtracted", () => {
    property(settings, (own) => {
      expect(of(own).minus !== undefined).toBe(subtracting.has(kind))
    })
  })

  if (!subtracting.has(kind)) return

  it("subtracts an earlier state: the difference is what came since", () => {
    property(settings, moments, moments, (own, before, after) => {
      const metric = of(own)
      const [a, b] = inTurn([before, after]) as [ReadonlyArray<Moment>, ReadonlyArray<Moment>]
      const [earlier, later] = [fold(metric, a), fold(metric, [...a, ...b])]
      const rest = metric.minus!(later, earlier)
      deepStrictEqual(withoutSweep(metric.merge!(earlier, rest)), withoutSweep(later))
      const now = Start + 1_000_000
      deepStrictEqual(countable(shown(metric, rest, now)), countable(shown(metric, fold(metric, b), now)))
      deepStrictEqual(
        countable(shown(metric, metric.minus!(later, later), now)),
        countable(shown(metric, metric.initial, now))
      )
    })
  })
})

const adding = constructors.filter(([kind]) => !kind.startsWith("gauge") && kind !== "derive")

/** What slides follows the clock, so the order of events counts: see ClockSetBack.test.ts. */
const sliding = new Set(["rate", "window", "summary"])

describe.each(adding)("%s with labels shows for all series together", (kind, make, settings) => {
  /** In any order of time, where that does not matter. */
  const timed = (all: ReadonlyArray<Moment>): ReadonlyArray<Moment> => (sliding.has(kind) ? inOrder(all) : all)
  const anyMoments = fc.array(
    fc.tuple(
      eventsWith(numbers),
      fc.integer({ min: -5000, max: 100_000 }).map((after) => Start + after)
    ),
    { maxLength: 40 }
  )
  const limits = fc.record(
    { maxSeries: fc.integer({ min: 1, max: 4 }), expireAfter: fc.constantFrom(1, 300, 20_000) },
    { requiredKeys: [] }
  )

  it("the same as without labels, whatever is beyond the limit, has expired, or was merged", () => {
    property(settings, limits, anyMoments, anyMoments, fc.nat(200_000), (own, limits, some, others, later) => {
      const plain = make(own)
      const metric = make({ ...own, ...limits, labels: ["queue", "ok"] })
      const now = Start + later
      const total = (state: unknown): object => {
        const {
          overflow: _o,
          series: _s,
          ...rest
        } = shown(metric, state, now) as { series: unknown; overflow: unknown }
        return rest
      }
      const together = timed([...some, ...others])
      const expected = shown(plain, fold(plain, together), now)
      deepStrictEqual(total(fold(metric, together)), expected)
      deepStrictEqual(total(metric.merge!(fold(metric, timed(some)), fold(metric, timed(others)))), expected)
    })
  })
})

const inOrder = (moments: ReadonlyArray<Moment>): ReadonlyArray<Moment> =>
  moments.toSorted(([, left], [, right]) => left - right)

/** Each part begins when the one before it has ended. */
const inTurn = (parts: ReadonlyArray<ReadonlyArray<Moment>>): ReadonlyArray<ReadonlyArray<Moment>> => {
  let start = 0
  return parts.map((part) => {
    const shifted = part.map(([event, at]): Moment => [event, at + start])
    start += (part.at(-1)?.[1] ?? Start) - Start
    return shifted
  })
}

/**
 * What adds up, by series that have anything. What is not known any more of what came since, extremes and all that is
 * made of them, is left out; so is the scale of buckets, which is that of all values.
 */
const countable = (dimensions: unknown): unknown =>
  JSON.parse(JSON.stringify(dimensions), (key, value) => {
    if (uncountable.has(key)) return undefined
    if (key === "positive" || key === "negative") return value.counts.reduce((a: number, b: number) => a + b, 0)
    if (key !== "series") return value
    return value.filter(hasAnything).sort((a: object, b: object) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  })

const uncountable = new Set(["min", "max", "p50", "p90", "p99", "relativeError", "scale", "overflow"])

const hasAnything = ({ labels, ...point }: { readonly labels: unknown }): boolean =>
  JSON.stringify(point, (_, value) => (value === 0 ? undefined : value)).match(/[1-9]/) !== null
