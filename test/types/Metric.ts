// Definitions that the compiler must reject, and the types it must infer. Checked by tsc (`npm run check`), never run.
import { Schema } from "effect"
import { Metric, MetricEvent, type Snapshot } from "mvx-metrics"
import { expectTypeOf } from "vitest"

const Door = Schema.TaggedUnion({ "door.opened": { by: Schema.String }, "door.closed": {} })
type Opened = { readonly _tag: "door.opened"; readonly by: string }
type Closed = { readonly _tag: "door.closed" }

const Openings = Metric.make("door.openings", {
  events: Door,
  initial: { total: 0, last: "" },
  reduce: { "door.opened": ({ total }, { by }) => ({ total: total + 1, last: by }) }
})

// --- what is found

expectTypeOf(Openings).toEqualTypeOf<
  Metric.Metric<
    "door.openings",
    { total: number; last: string },
    { total: number; last: string },
    Opened | Closed,
    Opened
  >
>()
expectTypeOf<Metric.State<typeof Openings>>().toEqualTypeOf<{ total: number; last: string }>()
expectTypeOf<Metric.Dimensions<typeof Openings>>().toEqualTypeOf<{ total: number; last: string }>()
expectTypeOf(Openings.name).toEqualTypeOf<"door.openings">()
expectTypeOf(Openings).toExtend<Metric.Any>()
expectTypeOf<MetricEvent.EventOf<typeof Door>>().toEqualTypeOf<Opened | Closed>()
expectTypeOf<MetricEvent.TagOf<typeof Door>>().toEqualTypeOf<"door.opened" | "door.closed">()
expectTypeOf(MetricEvent.tagsOf(Door)).toEqualTypeOf<ReadonlyArray<"door.opened" | "door.closed">>()

Metric.make("a.reducer.knows.its.arguments", {
  events: Door,
  initial: 0,
  reduce: {
    "door.opened": (state, event, at) => {
      expectTypeOf(state).toEqualTypeOf<number>()
      expectTypeOf(event).toEqualTypeOf<Opened>()
      expectTypeOf(at).toEqualTypeOf<number>()
      return state
    }
  },
  view: (state, now) => {
    expectTypeOf(state).toEqualTypeOf<number>()
    expectTypeOf(now).toEqualTypeOf<number>()
    return { state, now }
  }
})

const primitive = Metric.make("door.state", {
  events: Door,
  initial: "closed" as "open" | "closed",
  reduce: { "door.opened": () => "open" as const }
})
expectTypeOf<Metric.Dimensions<typeof primitive>>().toEqualTypeOf<
  { readonly value: "open" } | { readonly value: "closed" }
>()

const viewed = Metric.make("door.visitors", {
  events: Door,
  initial: [] as ReadonlyArray<string>,
  reduce: { "door.opened": (names, { by }) => [...names, by] },
  view: (names) => ({ names, count: names.length })
})
expectTypeOf(Metric.snapshot(viewed, [])).toEqualTypeOf<
  Snapshot.Snapshot<{ names: ReadonlyArray<string>; count: number }>
>()
expectTypeOf(Metric.fold(viewed, [])).toEqualTypeOf<ReadonlyArray<string>>()
expectTypeOf(Metric.reduce(viewed, [], { _tag: "door.closed" })).toEqualTypeOf<ReadonlyArray<string>>()

// The other way to declare a family gives the same.
const Union = Schema.Union([
  Schema.TaggedStruct("door.opened", { by: Schema.String }),
  Schema.TaggedStruct("door.closed", {})
]).pipe(Schema.toTaggedUnion("_tag"))
const overUnion = Metric.make("door.openings", {
  events: Union,
  initial: { total: 0, last: "" },
  reduce: { "door.opened": ({ total }, { by }) => ({ total: total + 1, last: by }) }
})
expectTypeOf(overUnion).toEqualTypeOf<typeof Openings>()
expectTypeOf(MetricEvent.tagsOf(Union)).toEqualTypeOf<ReadonlyArray<"door.opened" | "door.closed">>()

declare const anything: unknown
if (Metric.isMetric(anything)) expectTypeOf(anything).toEqualTypeOf<Metric.Any>()
if (MetricEvent.isMetricEvent(anything)) expectTypeOf(anything._tag).toEqualTypeOf<string>()

// --- definitions that are refused

const options = { events: Door, initial: 0, reduce: { "door.opened": (total: number) => total + 1 } }
Metric.make("all.is.well", options)

// @ts-expect-error the family has no event of this tag
Metric.make("wrong.tag", { ...options, reduce: { "door.slammed": (total: number) => total } })

// @ts-expect-error the family has no event of this tag, though another reducer is right
Metric.make("wrong.tag", { ...options, reduce: { ...options.reduce, "door.slammed": (total: number) => total } })

Metric.make("missing.field", {
  ...options,
  // @ts-expect-error the event has no such field
  reduce: { "door.opened": (total, { from }) => total + from }
})

Metric.make("field.of.another.event", {
  ...options,
  // @ts-expect-error it is the other event that has this field
  reduce: { "door.closed": (total, { by }) => total + by.length }
})

Metric.make("another.shape", {
  events: Door,
  initial: { total: 0, last: "" },
  // @ts-expect-error the reducer loses a part of the state
  reduce: { "door.opened": ({ total }) => ({ total: total + 1 }) }
})

Metric.make("another.type", {
  ...options,
  // @ts-expect-error the reducer turns a number into a text
  reduce: { "door.opened": (total) => `${total}` }
})

Metric.make("no.state", {
  ...options,
  // @ts-expect-error the reducer returns nothing
  reduce: { "door.opened": () => {} }
})

Metric.make("impure", {
  ...options,
  // @ts-expect-error a reducer is synchronous
  reduce: { "door.opened": async (total) => total + 1 }
})

Metric.make("state.does.not.come.from.a.reducer", {
  events: Door,
  initial: 0,
  // @ts-expect-error the state is what the initial state says
  reduce: { "door.opened": (state: number | string) => `${state}` }
})

// @ts-expect-error the state has no such part to view
Metric.make("wrong.view", { ...options, view: (state) => ({ count: state.count }) })

// @ts-expect-error a misspelt option
Metric.make("typo", { ...options, veiw: (total: number) => ({ total }) })

// @ts-expect-error there is no initial state
Metric.make("no.initial", { events: Door, reduce: { "door.opened": (total: number) => total } })

// @ts-expect-error a schema of one event is no family
Metric.make("no.family", { ...options, events: Schema.Struct({ _tag: Schema.Literal("door.opened") }) })

const byKind = Schema.Union([Schema.Struct({ kind: Schema.Literal("door.opened") })]).pipe(Schema.toTaggedUnion("kind"))
// @ts-expect-error the members are told apart by another key than _tag
Metric.make("by.kind", { ...options, events: byKind })

// @ts-expect-error a name is a string
Metric.make(7, options)

// --- a metric over a family takes the events of that family only

Metric.reduce(Openings, Openings.initial, { _tag: "door.opened", by: "Ann" })
Metric.fold(Openings, [{ _tag: "door.opened", by: "Ann" }, { _tag: "door.closed" }])

// @ts-expect-error no event of the family
Metric.reduce(Openings, Openings.initial, { _tag: "door.slammed" })

// @ts-expect-error the event lacks a field
Metric.reduce(Openings, Openings.initial, { _tag: "door.opened" })

// @ts-expect-error the field is of another type
Metric.fold(Openings, [{ _tag: "door.opened", by: 1 }])

declare const anyEvents: ReadonlyArray<MetricEvent.MetricEvent>
// @ts-expect-error these may be events of any family
Metric.fold(Openings, anyEvents)

// @ts-expect-error the state is of another shape
Metric.reduce(Openings, { total: 0 }, { _tag: "door.closed" })

// @ts-expect-error the state is of another shape
Metric.snapshot(Openings, 0)

// A metric that accepts more events can stand where fewer are emitted, not the other way round.
expectTypeOf<Metric.Metric<"m", 0, 0, Opened | Closed, Opened>>().toExtend<Metric.Metric<"m", 0, 0, Opened>>()
expectTypeOf<Metric.Metric<"m", 0, 0, Opened>>().not.toExtend<Metric.Metric<"m", 0, 0, Opened | Closed, Opened>>()

// One that reads fewer can stand where more may be read, not the other way round.
expectTypeOf<Metric.Metric<"m", 0, 0, Opened | Closed, Opened>>().toExtend<Metric.Metric<"m", 0, 0, Opened | Closed>>()
expectTypeOf<Metric.Metric<"m", 0, 0, Opened | Closed>>().not.toExtend<
  Metric.Metric<"m", 0, 0, Opened | Closed, Opened>
>()

// @ts-expect-error a definition does not change
Openings.name = "door.openings"

// --- units

const units: ReadonlyArray<Metric.Unit> = ["s", "ms", "By", "%", "1", "{document}", "By/s", "seconds"]
units satisfies ReadonlyArray<string>
Openings.pipe(Metric.unit("{door}"))
// @ts-expect-error a unit is a text
Openings.pipe(Metric.unit(1))
