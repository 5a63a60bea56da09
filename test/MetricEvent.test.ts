// An event is an object with a `_tag`; a family is a tagged union of events, in any form that Schema offers.
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { Metric, MetricEvent } from "mvx-metrics"

const throwing = (thrown: unknown) => ({
  get _tag(): string {
    throw thrown
  }
})

const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable({ _tag: "door.opened" }, {})
  revoke()
  return proxy
}

describe("isMetricEvent", () => {
  it.each<[what: string, value: unknown]>([
    ["a literal", { _tag: "door.opened" }],
    ["one with additional fields", { _tag: "door.opened", by: "Ann", at: new Date(0) }],
    ["one without a prototype", Object.assign(Object.create(null), { _tag: "door.opened" })],
    ["a frozen one", Object.freeze({ _tag: "door.opened" })],
    ["one with a tag named like a member of every object", { _tag: "toString" }],
    ["one seen through a proxy", new Proxy({ _tag: "door.opened" }, {})]
  ])("returns true for %s", (_what, value) => {
    expect(MetricEvent.isMetricEvent(value)).toBe(true)
  })

  it.each<[what: string, value: unknown]>([
    ["undefined", undefined],
    ["null", null],
    ["a string", "door.opened"],
    ["a number", 1],
    ["a function with a tag", Object.assign(() => 0, { _tag: "door.opened" })],
    ["an object without a tag", { tag: "door.opened" }],
    ["an array without a tag", ["door.opened"]],
    ["a tag that is not a string", { _tag: 1 }],
    ["a tag that is a String object", { _tag: Object("door.opened") }],
    ["a tag that is a symbol", { _tag: Symbol("door.opened") }],
    ["an empty tag", { _tag: "" }],
    ["a blank tag", { _tag: " \t\n" }]
  ])("returns false for %s", (_what, value) => {
    expect(MetricEvent.isMetricEvent(value)).toBe(false)
  })

  it.each<[what: string, value: unknown]>([
    ["a getter that throws an error", throwing(new Error("no"))],
    ["a getter that throws nothing", throwing(undefined)],
    ["a getter that throws a symbol", throwing(Symbol("no"))],
    ["a getter that throws an unprintable value", throwing(Object.create(null))],
    ["a revoked proxy", revoked()]
  ])("returns false for %s, and never throws", (_what, value) => {
    expect(MetricEvent.isMetricEvent(value)).toBe(false)
  })
})

const opened = { by: Schema.String }

const families = {
  "Schema.TaggedUnion": Schema.TaggedUnion({ "door.opened": opened, "door.closed": {} }),
  "Schema.Union of tagged structs": Schema.Union([
    Schema.TaggedStruct("door.opened", opened),
    Schema.TaggedStruct("door.closed", {})
  ]).pipe(Schema.toTaggedUnion("_tag")),
  "Schema.Union of unions": Schema.Union([
    Schema.Union([Schema.TaggedStruct("door.opened", opened)]),
    Schema.Struct({ _tag: Schema.Literal("door.closed") })
  ]).pipe(Schema.toTaggedUnion("_tag"))
} as const

for (const [what, family] of Object.entries(families)) {
  describe(`a family by ${what}`, () => {
    it("returns its tags in declaration order", () => {
      expect(MetricEvent.tagsOf(family)).toEqual(["door.opened", "door.closed"])
    })

    it("can be measured", () => {
      const Visitors = Metric.make("door.visitors", {
        events: family as (typeof families)["Schema.TaggedUnion"],
        initial: [] as ReadonlyArray<string>,
        reduce: { "door.opened": (names, { by }) => [...names, by] }
      })
      const events = [{ _tag: "door.opened", by: "Ann" } as const, { _tag: "door.closed" } as const]
      expect(Metric.fold(Visitors, events)).toEqual(["Ann"])
    })
  })
}

describe("a family with tags named like members of every object", () => {
  const tags = ["toString", "constructor", "hasOwnProperty", "__proto__"]
  const family = Schema.TaggedUnion(Object.fromEntries(tags.map((tag) => [tag, {}])))
  const Counts = Metric.make("odd.names", {
    events: family,
    initial: [] as ReadonlyArray<string>,
    reduce: Object.fromEntries(
      tags.map((tag) => [tag, (seen: ReadonlyArray<string>, event: MetricEvent.MetricEvent) => [...seen, event._tag]])
    )
  })

  it("has all of them", () => {
    expect(MetricEvent.tagsOf(family)).toEqual(tags)
  })

  it.each(tags)("counts %s", (_tag) => {
    expect(Metric.fold(Counts, [{ _tag }, { _tag: "valueOf" }])).toEqual([_tag])
  })
})
