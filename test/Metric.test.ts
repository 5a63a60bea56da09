// A metric consists of pure functions and data: these tests define, fold and show metrics without a recorder.
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { Metric, type MetricEvent, MetricsError } from "mvx-metrics"
import { EvenTicks, Notes, note, type ProbeEvent, poison, TickLog, Ticks, tick } from "./support/probe.metrics.ts"

const Event = Schema.TaggedUnion({ "door.opened": { by: Schema.String }, "door.closed": {} })
const opened: typeof Event.Type = { _tag: "door.opened", by: "Ann" }

/** A metric of this initial state that no event changes. */
const showing = <State>(initial: State) =>
  Metric.make("door.state", { events: Event, initial, reduce: { "door.closed": (state) => state } })

describe("folding", () => {
  it("starts from the initial state and takes the events in order", () => {
    expect(Metric.fold(Ticks, [tick(1), tick(2), tick(3)])).toEqual({ count: 3, sum: 6 })
    expect(Metric.fold(TickLog, [tick(2), tick(1)], 7)).toEqual([
      [2, 7],
      [1, 7]
    ])
  })

  it("returns the initial state itself if there are no events", () => {
    expect(Metric.fold(Ticks, [])).toBe(Ticks.initial)
  })

  it("accepts any iterable", () => {
    const ticks = function* () {
      yield tick(1)
      yield tick(2)
    }
    expect(Metric.fold(EvenTicks, ticks())).toBe(1)
    expect(Metric.fold(EvenTicks, new Set([tick(2), tick(4)]))).toBe(2)
  })

  it("leaves the definition unchanged", () => {
    Metric.fold(Ticks, [tick(1)])
    expect(Metric.fold(Ticks, [tick(5)])).toEqual({ count: 1, sum: 5 })
  })

  it("yields the same state when it runs one step at a time from any state", () => {
    expect(Metric.reduce(Ticks, { count: 10, sum: 100 }, tick(5))).toEqual({ count: 11, sum: 105 })
  })

  it("passes the time of the event to the reducer, or 0 by default", () => {
    expect(Metric.reduce(TickLog, [], tick(1), 1_700_000_000_000)).toEqual([[1, 1_700_000_000_000]])
    expect(Metric.reduce(TickLog, [], tick(1))).toEqual([[1, 0]])
    expect(Metric.fold(TickLog, [tick(1)])).toEqual([[1, 0]])
  })

  it("rethrows the error of the reducer", () => {
    const thrown = new RangeError("no more")
    const Throwing = Metric.make("door.throwing", {
      events: Event,
      initial: 0,
      reduce: {
        "door.opened": () => {
          throw thrown
        }
      }
    })
    expect(() => Metric.fold(Throwing, [opened])).toThrow(thrown)
  })
})

describe("an event that does not concern the metric", () => {
  const state = { count: 1, sum: 1 }

  it("leaves the state unchanged if its tag has no reducer", () => {
    expect(Metric.reduce(Ticks, state, note("text"))).toBe(state)
  })

  it.each(["nobody.knows", "toString", "constructor", "hasOwnProperty", "__proto__", ""])(
    "leaves the state unchanged if no family has its tag: %j",
    (_tag) => {
      expect(Metric.reduce(Ticks, state, { _tag } as unknown as ProbeEvent)).toBe(state)
    }
  )

  it("leaves the state unchanged if its reducer returns the same state", () => {
    const opinion = { by: "Ann" }
    expect(Metric.reduce(showing({ by: "" }), opinion, { _tag: "door.closed" })).toBe(opinion)
  })
})

describe("a snapshot", () => {
  it("has exactly the name and the dimensions", () => {
    const snapshot = Metric.snapshot(Ticks, Metric.fold(Ticks, [tick(3)]))
    expect(snapshot).toStrictEqual({ name: "probe.ticks", dimensions: { count: 1, sum: 3 } })
    expect(JSON.parse(JSON.stringify(snapshot))).toStrictEqual(snapshot)
  })

  it.each([[{ a: 1 }], [{}], [[1, 2]], [[]]])("shows an object unchanged if there is no view: %j", (state) => {
    expect(Metric.snapshot(showing(state), state).dimensions).toBe(state)
  })

  it.each([0, 1.5, "text", "", true, false, null])(
    "shows a primitive as its value if there is no view: %j",
    (state) => {
      expect(Metric.snapshot(showing(state), state).dimensions).toStrictEqual({ value: state })
    }
  )

  it("shows the result of the view for the state and now, which is 0 by default", () => {
    const Age = Metric.make("door.age", {
      events: Event,
      initial: { openedAt: 0 },
      reduce: { "door.opened": (_state, _event, at) => ({ openedAt: at }) },
      view: ({ openedAt }, now) => ({ ms: now - openedAt })
    })
    const state = Metric.fold(Age, [opened], 1000)
    expect(Metric.snapshot(Age, state, 4000).dimensions).toEqual({ ms: 3000 })
    expect(Metric.snapshot(Age, state).dimensions).toEqual({ ms: -1000 })
  })
})

describe("a definition", () => {
  it("has a trimmed name and the description of the metric", () => {
    const metric = Metric.make("  door.openings\n", {
      events: Event,
      initial: 0,
      reduce: { "door.opened": (total) => total + 1 },
      description: "How often a door was opened",
      unit: "{opening}"
    })
    expect(metric.name).toBe("door.openings")
    expect(Metric.snapshot(metric, 0).name).toBe("door.openings")
    expect(metric.description).toBe("How often a door was opened")
    expect(metric.unit).toBe("{opening}")
    expect(metric.events).toBe(Event)
  })

  it("can be piped", () => {
    expect(
      Ticks.pipe(
        (metric) => Metric.fold(metric, [tick(4)]),
        ({ sum }) => sum
      )
    ).toBe(4)
  })

  it("is distinguished from any other value", () => {
    expect(Metric.isMetric(Ticks)).toBe(true)
    const lookalike = { name: "x", events: Event, initial: 0, reduce: {}, view: () => 0 }
    for (const value of [undefined, null, 0, "probe.ticks", [], {}, () => Ticks, Event, lookalike]) {
      expect(Metric.isMetric(value)).toBe(false)
    }
  })

  it("is distinguished from values that throw on inspection", () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    expect(Metric.isMetric(proxy)).toBe(false)
  })

  it("is frozen, with its reducers", () => {
    expect(() => Object.assign(Ticks, { name: "other" })).toThrow(TypeError)
    expect(() => Object.assign(Ticks.reduce, { "probe.note": () => 0 })).toThrow(TypeError)
  })

  it("does not change with its options object", () => {
    const reduce = { "door.opened": (total: number) => total + 1 }
    const metric = Metric.make("door.openings", { events: Event, initial: 0, reduce })
    reduce["door.opened"] = (total) => total + 1000
    expect(Metric.fold(metric, [opened])).toBe(1)
  })
})

describe("the initial state is frozen", () => {
  interface Log {
    names: Array<string>
    last: { by: string }
  }
  const fresh = (): Log => ({ names: [], last: { by: "" } })
  const change: { readonly [how: string]: (state: Log, event: MetricEvent.MetricEvent) => void } = {
    "the state": (state) => {
      state.names = ["other"]
    },
    "an object in it": (state) => {
      state.last.by = "other"
    },
    "an array in it": (state, { _tag }) => {
      state.names.push(_tag)
    }
  }
  const states: { readonly [what: string]: Log } = {
    "an initial state": fresh(),
    "an initial state that was shallowly frozen": Object.freeze(fresh())
  }

  for (const [what, initial] of Object.entries(states)) {
    it.each(Object.entries(change))(`a reducer that changes %s in place throws: ${what}`, (_, mutate) => {
      const metric = Metric.make("door.log", {
        events: Event,
        initial,
        reduce: {
          "door.opened": (state, event) => {
            mutate(state, event)
            return state
          }
        }
      })
      expect(() => Metric.fold(metric, [opened])).toThrow(TypeError)
      expect(metric.initial).toEqual(fresh())
    })
  }
})

describe("any way of splitting the events", () => {
  const anEvent: fc.Arbitrary<ProbeEvent> = fc.oneof(
    fc.integer({ min: -1000, max: 1000 }).map(tick),
    fc.tuple(fc.string(), fc.array(fc.string())).map(([text, tags]) => note(text, ...tags)),
    fc.string().map(poison)
  )
  const pieces = fc.array(fc.array(anEvent, { maxLength: 5 }), { maxLength: 8 })

  const foldPieces = <S, D>(
    metric: Metric.Metric<string, D, S, ProbeEvent>,
    cut: ReadonlyArray<ReadonlyArray<ProbeEvent>>,
    at: number
  ): S => {
    const [first = [], ...rest] = cut
    return rest.flat().reduce((state, event) => Metric.reduce(metric, state, event, at), Metric.fold(metric, first, at))
  }

  it("yields the same state as one fold over all of them", () => {
    fc.assert(
      fc.property(pieces, fc.nat(), (cut, at) => {
        expect(foldPieces(Ticks, cut, at)).toEqual(Metric.fold(Ticks, cut.flat(), at))
        expect(foldPieces(TickLog, cut, at)).toEqual(Metric.fold(TickLog, cut.flat(), at))
        expect(foldPieces(Notes, cut, at)).toEqual(Metric.fold(Notes, cut.flat(), at))
      })
    )
  })
})

describe("an invalid definition is rejected with a typed error", () => {
  const good = { events: Event, initial: 0, reduce: { "door.opened": (total: number) => total } }
  const byKind = Schema.Union([Schema.Struct({ kind: Schema.Literal("door.opened") })]).pipe(
    Schema.toTaggedUnion("kind")
  )
  const reducing = (tag: string) => ({ ...good, reduce: { ...good.reduce, [tag]: () => 0 } })

  it.each<[what: string, name: unknown, options: unknown, argument: string, reason: string]>([
    ["a blank name", " \t", good, "name", "not blank"],
    ["no name", undefined, good, "name", "got undefined"],
    ["a name that is not a string", 7, good, "name", "got 7"],
    ["no options", "m", undefined, "options", "must be an object"],
    ["options that are not an object", "m", "good", "options", "must be an object"],
    [
      "an unknown option",
      "m",
      { ...good, veiw: () => 0 },
      "veiw",
      'is not an option. Did you mean "view"? The options are: events, initial'
    ],
    [
      "an option named like a member of every object",
      "m",
      { ...good, toString: () => "" },
      "toString",
      "is not an option"
    ],
    ["no family", "m", { ...good, events: undefined }, "events", "is missing"],
    ["a family that is not a schema", "m", { ...good, events: { cases: good.reduce } }, "events", "Schema.TaggedUnion"],
    ["a schema that is not a tagged union", "m", { ...good, events: Schema.String }, "events", "Schema.TaggedUnion"],
    ["a family with another discriminator", "m", { ...good, events: byKind }, "events", "Schema.TaggedUnion"],
    ["a family without events", "m", { ...good, events: Schema.TaggedUnion({}) }, "events", "Schema.TaggedUnion"],
    ["no initial state", "m", { ...good, initial: undefined }, "initial", "is missing"],
    ["missing reducers", "m", { ...good, reduce: undefined }, "reduce", "is missing"],
    [
      "reducers that are not an object",
      "m",
      { ...good, reduce: () => 0 },
      "reduce",
      "must be an object of reducers by tag"
    ],
    ["an array of reducers", "m", { ...good, reduce: [() => 0] }, "reduce", "must be an object of reducers by tag"],
    ["no reducer", "m", { ...good, reduce: {} }, "reduce", "has no reducer"],
    ["only inherited reducers", "m", { ...good, reduce: Object.create(good.reduce) }, "reduce", "has no reducer"],
    [
      "a reducer that is not a function",
      "m",
      { ...good, reduce: { "door.opened": 1 } },
      'reduce["door.opened"]',
      "got 1"
    ],
    [
      "a reducer for an unknown event",
      "m",
      reducing("door.slam"),
      'reduce["door.slam"]',
      "are: door.opened, door.closed"
    ],
    ["a reducer for toString", "m", reducing("toString"), 'reduce["toString"]', "is not an event of the family"],
    ["a reducer for constructor", "m", reducing("constructor"), 'reduce["constructor"]', "is not an event"],
    ["a reducer for __proto__", "m", reducing("__proto__"), 'reduce["__proto__"]', "is not an event of the family"],
    ["a view that is not a function", "m", { ...good, view: {} }, "view", "must be a function, got an object"],
    ["a description that is not a string", "m", { ...good, description: 1 }, "description", "must be a string, got 1"],
    ["a unit that is not a string", "m", { ...good, unit: null }, "unit", "must be a string, got null"]
  ])("%s", (_what, name, options, argument, reason) => {
    expect(() => Metric.make(name as string, options as typeof good)).toThrow(
      expect.objectContaining({
        _tag: "mvx-metrics/InvalidArgument",
        argument,
        reason: expect.stringContaining(reason)
      })
    )
  })

  it("the error is an InvalidArgument and an Error, and names the argument and the reason", () => {
    const make = () => Metric.make("", good)
    expect(make).toThrow(MetricsError.InvalidArgument)
    expect(make).toThrow('name: must be a string that is not blank, got ""')
  })

  it("the rejected options are not frozen", () => {
    const initial = { total: 0 }
    expect(() => Metric.make("", { events: Event, initial, reduce: { "door.opened": (state) => state } })).toThrow()
    expect(Object.isFrozen(initial)).toBe(false)
  })
})
