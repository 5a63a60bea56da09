// The law of owners: two recorders, or two runtimes, are each exported as if alone, whatever they measure under one
// name, whatever the names of their labels, in any order, and whatever happens to one of them.
import { describe, expect, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import fc from "fast-check"
import { Metric, MetricsRuntime, type RecorderService } from "mvx-metrics"
import { collect } from "../../src/internal/exporters/collect.ts"
import type { DeltaReader } from "../../src/internal/recorder/service.ts"
import { exporters, type World } from "../support/exportedSets.ts"
import { runs } from "../support/long.ts"
import { forEvery } from "../support/property.ts"

const events = Schema.TaggedUnion({ hit: { n: Schema.Number, of: Schema.NullOr(Schema.String), yes: Schema.Boolean } })

type Hit = typeof events.Type

const labelName = fc.constantFrom(
  ...["recorder", "recorder", "recorder", "recorder", "namespace", "namespace"],
  ...["recorder", "namespace", "exported_recorder", "value", "dimension", "duplicate", "otel.metric.overflow", "unit"],
  ...["__proto__", "constructor", "toString", "service.name", "job", "instance", "metric", "reason", "a.b"]
)

/** As JSON has them, so that `__proto__` can be one. */
const labels = fc
  .uniqueArray(labelName, { maxLength: 2 })
  .map((names) => Object.fromEntries(names.map((name) => [name, "of" as const])))

const kindOf = fc.constantFrom(
  ...(["counter", "upDownCounter", "gauge", "histogram", "exponentialHistogram"] as const),
  ...(["summary", "average", "minMax", "ratio", "frequency", "hand-written"] as const)
)

type Kind = Parameters<Parameters<typeof kindOf.map>[0]>[0]

const unit = fc.constantFrom(undefined, "s", "ms", "By")

/** A definition of the one name that all have. Whether it is of the given kind and unit decides what it can meet. */
const definitionLike = (given?: { readonly kind: Kind; readonly unit: string | undefined }) =>
  fc
    .record({
      labels,
      unit,
      kind: kindOf,
      boundaries: fc.constantFrom([1, 2], [10, 20], [-5, 0, 5], [1])
    })
    .map((own): Metric.Any => {
      const { boundaries, kind, labels, unit } = { ...own, ...given }
      const expires = Object.keys(labels).length > 0
      const common = {
        events,
        labels,
        ...(unit !== undefined && { unit }),
        ...(expires && { expireAfter: "1 minute" as const })
      }
      switch (kind) {
        case "histogram":
          return Metric.histogram("m", { ...common, value: "n", boundaries })
        case "frequency":
          return Metric.frequency("m", { ...common, value: "of" })
        case "ratio":
          return Metric.ratio("m", { ...common, hits: "yes" })
        case "counter":
          return Metric.counter("m", { ...common, value: "n" })
        case "hand-written":
          return Metric.make("m", {
            events,
            initial: 0,
            reduce: { hit: (count: number) => count + 1 },
            view: (count) => ({ count, series: [{ labels: { ...labels }, count }] })
          })
        default:
          return Metric[kind]("m", { ...common, value: "n" }) as Metric.Any
      }
    })

const hits = fc.array(
  fc.record({
    _tag: fc.constant("hit" as const),
    n: fc.constantFrom(-3, 0, 0.5, 1, 15, 400),
    of: fc.constantFrom(null, "", "x", "1", '"\n'),
    yes: fc.boolean()
  }),
  { minLength: 1, maxLength: 5 }
)

/** What becomes of an owner after its first events. */
const fateOf = (definition: fc.Arbitrary<Metric.Any>) =>
  fc.oneof(
    fc.constant({ _tag: "none" } as const),
    fc.constant({ _tag: "reset" } as const),
    fc.constant({ _tag: "remove" } as const),
    fc.record({ _tag: fc.constant("replace" as const), metric: definition })
  )

const ownerOf = (definition: fc.Arbitrary<Metric.Any>) =>
  fc.record({ metric: definition, before: hits, fate: fateOf(definition), after: hits })

/** Two owners, more often than not of one kind and unit: others are seldom together. */
const owners = fc.oneof(
  { weight: 1, arbitrary: fc.tuple(ownerOf(definitionLike()), ownerOf(definitionLike())) },
  {
    weight: 4,
    arbitrary: fc
      .record({ kind: kindOf, unit })
      .chain((given) => fc.tuple(ownerOf(definitionLike(given)), ownerOf(definitionLike(given))))
  }
)

type Owner = Parameters<Parameters<typeof owners.map>[0]>[0][0] & { readonly namespace: string; readonly id: string }

/** The runtimes of the owners, and the owners whose metric was refused beside that of another. */
const worldOf = (owners: ReadonlyArray<Owner>, expires: boolean) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(1_000_000)
    const recorders = new Map<Owner, RecorderService>()
    const readers = new Map<Owner, DeltaReader>()
    const runtimes = new Map<string, MetricsRuntime["Service"]>()
    const refused = new Set<Owner>()
    for (const { namespace } of owners) {
      if (runtimes.has(namespace)) continue
      const runtime = yield* MetricsRuntime.makeInProcess({ namespace, logging: "silent" })
      yield* runtime.start
      runtimes.set(namespace, runtime)
    }
    const emit = (each: Owner, all: ReadonlyArray<Hit>) =>
      Effect.forEach(all, (hit) => recorders.get(each)!.emit(hit), { discard: true })
    const register = (each: Owner, metric: Metric.Any, replace: boolean) =>
      Effect.catchReason(
        recorders.get(each)!.register(metric, { replace }),
        "mvx-metrics/RegisterError",
        "mvx-metrics/MetricNameCollision",
        () => Effect.sync(() => void refused.add(each))
      )
    for (const each of owners) {
      // A total has several owners.
      const recorder = yield* runtimes.get(each.namespace)!.createRecorder(each.id, { totalOfRemoved: false })
      recorders.set(each, recorder)
      yield* register(each, each.metric, false)
      readers.set(each, yield* recorder.deltaReader)
      yield* emit(each, each.before)
    }
    const midway = yield* Effect.forEach(runtimes.values(), collect)
    for (const reader of readers.values()) yield* reader.read
    if (expires) yield* TestClock.adjust("2 minutes")
    for (const each of owners) {
      if (each.fate._tag === "reset") yield* recorders.get(each)!.reset()
      if (each.fate._tag === "replace") yield* register(each, each.fate.metric, true)
      if (each.fate._tag === "remove") {
        readers.delete(each)
        yield* runtimes.get(each.namespace)!.stopAndRemoveRecorder(each.id)
      } else yield* emit(each, each.after)
    }
    const world: World = {
      runtimes: [...runtimes.values()],
      midway,
      readers: Array.from(readers, ([{ id, namespace }, reader]) => [`${namespace}/${id}`, reader])
    }
    return { world, refused }
  })

const lawFor = (name: string, owners: ReadonlyArray<Owner>, expires: boolean) =>
  Effect.gen(function* () {
    const read = (some: ReadonlyArray<Owner>) =>
      Effect.flatMap(worldOf(some, expires), ({ refused, world }) =>
        Effect.map(exporters[name]!(world), (shown) => ({ shown, refused }))
      )
    const together = yield* read(owners)
    // What is refused by name is not put together with anything.
    if (together.refused.size > 0) return
    const alone = yield* Effect.forEach(owners, (each) => read([each]))
    const union = new Map(alone.flatMap(({ shown }) => [...shown]))
    expect(union.size).toBe(alone.reduce((size, { shown }) => size + shown.size, 0))
    expect(Object.fromEntries(together.shown)).toEqual(Object.fromEntries(union))
  })

/** Whether prom-client could tell the families of two runtimes apart is tested in Namespaces.test.ts. */
const haveOneKind = (owners: ReadonlyArray<Owner>): boolean => {
  const kinds = owners.flatMap(({ fate, metric }) => (fate._tag === "replace" ? [metric, fate.metric] : [metric]))
  return new Set(kinds.map(({ instrument }) => instrument?.kind)).size === 1
}

describe.each(Object.keys(exporters))("%s", (name) => {
  it.effect("shows each of two recorders of a runtime as if it were alone", () =>
    forEvery(
      fc.tuple(owners, fc.boolean()),
      ([[one, two], expires]) =>
        lawFor(
          name,
          [
            { ...one, namespace: "a", id: "one" },
            { ...two, namespace: "a", id: "two" }
          ],
          expires
        ),
      runs(40)
    )
  )

  it.effect("shows each of two runtimes as if it were alone", () =>
    forEvery(
      fc.tuple(owners, fc.boolean()),
      ([[one, two], expires]) => {
        const both = [
          { ...one, namespace: "a", id: "r" },
          { ...two, namespace: "b", id: "r" }
        ]
        return name === "prom-client" && !haveOneKind(both) ? Effect.void : lawFor(name, both, expires)
      },
      runs(40)
    )
  )
})
