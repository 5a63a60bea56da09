// Replay runs captured events through metrics and shows what they would have shown. It also reads events from the lines
// of a file.
import { NodeFileSystem } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Effect, FileSystem, Logger, Schema, Stream } from "effect"
import fc from "fast-check"
import { Metric, MetricsError, Recorder, Replay } from "mvx-metrics"
import { badInputOf } from "./support/badInput.ts"
import { forEvery } from "./support/property.ts"

const Event = Schema.TaggedUnion({
  "cache.lookup": { hit: Schema.Boolean, key: Schema.String },
  "cache.eviction": { bytes: Schema.BigInt, on: Schema.Date, reason: Schema.optional(Schema.String) }
})
type Event = typeof Event.Type
type Captured = Replay.Captured<Event>

const lookup = (at: number, hit: boolean, key = "a"): Captured => ({ at, event: { _tag: "cache.lookup", hit, key } })

const Hits = Metric.ratio("cache.hits", { events: Event, hits: "hit", when: "cache.lookup" })
const Lookups = Metric.counter("cache.lookups", { events: Event, when: "cache.lookup", labels: ["key"] })
const Last = Metric.make("cache.last", {
  events: Event,
  initial: { at: 0 },
  reduce: { "cache.lookup": (_state, _event, at) => ({ at }) },
  view: ({ at }, now) => ({ at, ago: now - at })
})

const anyCaptured: fc.Arbitrary<Captured> = fc.oneof(
  fc
    .record({ at: fc.nat(), hit: fc.boolean(), key: fc.string({ unit: "grapheme" }) })
    .map(({ at, hit, key }) => lookup(at, hit, key)),
  fc
    .record({ at: fc.nat(), bytes: fc.bigInt(), on: fc.date({ noInvalidDate: true }), reason: fc.string() })
    .map(({ at, bytes, on, reason }): Captured => ({ at, event: { _tag: "cache.eviction", bytes, on, reason } }))
)

describe("a replay", () => {
  it("shows what a metric would have shown, typed by its definition", () => {
    const shown = Replay.run(Hits, [lookup(1, true), lookup(2, false), lookup(3, true), lookup(4, true)])
    const ratio: number | null = shown["cache.hits"].dimensions.ratio
    expect(ratio).toBe(0.75)
    expect(shown).toEqual({ "cache.hits": { name: "cache.hits", dimensions: { ratio: 0.75, hits: 3, total: 4 } } })
  })

  it("accepts one metric, several metrics, or a set", () => {
    const events = [lookup(1, true)]
    const several = Replay.run([Hits, Lookups], events)
    expect(several["cache.lookups"].dimensions.value).toBe(1)
    expect(several["cache.hits"].dimensions.hits).toBe(1)
    expect(Replay.run(Metric.combine(Hits, Lookups), events)).toEqual(several)
    expect(Replay.run([Metric.combine(Hits), Lookups], events)).toEqual(several)
  })

  it("reads at the time of the last event, or at a given time", () => {
    const events = [lookup(1_000, true), lookup(3_000, true)]
    expect(Replay.run(Last, events)["cache.last"].dimensions).toEqual({ at: 3_000, ago: 0 })
    expect(Replay.run(Last, events, { now: 5_000 })["cache.last"].dimensions).toEqual({ at: 3_000, ago: 2_000 })
    expect(Replay.run(Last, [])["cache.last"].dimensions).toEqual({ at: 0, ago: 0 })
  })

  it("starts from the initial state each time", () => {
    const once = Replay.run(Lookups, [lookup(1, true)])
    expect(Replay.run(Lookups, [lookup(1, true)])).toEqual(once)
  })

  it("yields the same state as the pure reducers", () => {
    fc.assert(
      fc.property(fc.array(anyCaptured, { maxLength: 40 }), (captured) => {
        for (const metric of [Hits, Lookups, Last] as ReadonlyArray<Metric.Any>) {
          let state: unknown = metric.initial
          for (const { at, event } of captured) state = Metric.reduce(metric, state, event as never, at)
          const now = captured.at(-1)?.at ?? 0
          expect(Replay.run(metric, captured)[metric.name]).toEqual(Metric.snapshot(metric, state, now))
        }
      })
    )
  })

  it("quarantines a metric whose reducer throws, and no other", () => {
    const Fragile = Metric.make("fragile", {
      events: Event,
      initial: 0,
      reduce: {
        "cache.lookup": (count, { hit }) => {
          if (!hit) throw new Error("a miss")
          return count + 1
        }
      }
    })
    const shown = Replay.run([Fragile, Hits], [lookup(1, true), lookup(2, false), lookup(3, true)])
    expect(shown.fragile).toEqual({
      name: "fragile",
      dimensions: { value: 1 },
      quarantine: { error: "Error: a miss", missed: 2 }
    })
    expect(shown["cache.hits"].dimensions.total).toBe(3)
  })

  it.effect("shows the same as a recorder with the same events", () =>
    Effect.gen(function* () {
      const recorder = yield* Recorder.make()
      yield* recorder.register(Metric.combine(Hits, Lookups))
      const captured = [lookup(0, true, "a"), lookup(0, false, "b"), lookup(0, true, "a")]
      for (const { event } of captured) yield* recorder.emit(event)
      expect(yield* recorder.snapshots).toEqual(Replay.run([Hits, Lookups], captured))
    })
  )

  it.effect("accepts a stream with the same result", () =>
    Effect.gen(function* () {
      const captured = [lookup(1, true), lookup(2, false)]
      expect(yield* Replay.runStream([Hits, Last], Stream.fromIterable(captured).pipe(Stream.rechunk(1)))).toEqual(
        Replay.run([Hits, Last], captured)
      )
      const failing = Stream.concat(Stream.fromIterable(captured), Stream.fail("broken"))
      expect(yield* Effect.flip(Replay.runStream(Hits, failing))).toBe("broken")
    })
  )

  it.each<[what: string, argument: string, run: () => unknown]>([
    ["no metric", "metrics", () => Replay.run({} as never, [])],
    ["an invalid metric among several", "metrics[1]", () => Replay.run([Hits, undefined] as never, [])],
    ["two metrics with one name", "metrics", () => Replay.run([Hits, Lookups.pipe(Metric.named("cache.hits"))], [])],
    ["none", "metrics", () => Replay.run([], [])],
    ["no event", "captured[1]", () => Replay.run(Hits, [lookup(1, true), { at: 2, event: {} } as never])],
    ["no time", "captured[0]", () => Replay.run(Hits, [lookup(Number.NaN, true)])],
    ["an unknown option", "at", () => Replay.run(Hits, [], { at: 1 } as never)],
    ["a time that is none", "now", () => Replay.run(Hits, [], { now: Number.NaN })]
  ])("rejects %s", (_what, argument, run) => {
    expect(run).toThrow(expect.objectContaining({ _tag: "mvx-metrics/InvalidArgument", argument }))
  })

  it.effect("of a stream fails on an invalid event, and dies on an invalid metric", () =>
    Effect.gen(function* () {
      const refused = yield* Effect.flip(Replay.runStream(Hits, Stream.make({ at: 1, event: {} } as never)))
      expect(refused).toMatchObject({ _tag: "mvx-metrics/InvalidArgument", argument: "captured[0]" })
      expect(yield* badInputOf(Replay.runStream({} as never, Stream.empty))).toMatchObject({ argument: "metrics" })
      const badOptions = Replay.runStream(Hits, Stream.empty, { now: Number.NaN })
      expect(yield* badInputOf(badOptions)).toMatchObject({ argument: "now" })
    })
  )
})

describe("events as NDJSON", () => {
  const hit = '{"at":1,"event":{"_tag":"cache.lookup","hit":true,"key":"ä🙂"}}'
  const events = [lookup(1, true, "ä🙂"), lookup(1, true, "ä🙂")]

  const read = (...chunks: ReadonlyArray<string | Uint8Array>) =>
    Stream.runCollect(Replay.fromNdjson(Event, Stream.fromIterable(chunks).pipe(Stream.rechunk(1))))

  const skipping = (...chunks: ReadonlyArray<string | Uint8Array>) =>
    Effect.gen(function* () {
      const skipped: Array<MetricsError.InvalidLine> = []
      const onBadLine = (line: MetricsError.InvalidLine) => Effect.sync(() => skipped.push(line))
      const stream = Replay.fromNdjson(Event, Stream.fromIterable(chunks), { onBadLine })
      return { events: yield* Stream.runCollect(stream), skipped }
    })

  it.effect("survive a round trip, including dates and bigints", () =>
    forEvery(fc.array(anyCaptured), (captured) =>
      Effect.gen(function* () {
        const lines = Replay.toNdjson(Event, Stream.fromIterable(captured))
        expect(yield* Stream.runCollect(Replay.fromNdjson(Event, lines))).toEqual(captured)
      })
    )
  )

  it.effect("can be split anywhere, also within characters", () =>
    forEvery(
      fc.tuple(fc.array(anyCaptured, { minLength: 1, maxLength: 5 }), fc.array(fc.nat(30)), fc.boolean()),
      ([captured, sizes, asBytes]) =>
        Effect.gen(function* () {
          const text = yield* Stream.mkString(Replay.toNdjson(Event, Stream.fromIterable(captured)))
          const whole = asBytes ? new TextEncoder().encode(text) : text
          const chunks: Array<string | Uint8Array> = []
          let from = 0
          for (const size of [...sizes, whole.length]) {
            chunks.push(whole.slice(from, from + size))
            from += size
          }
          expect(yield* read(...chunks)).toEqual(captured)
        })
    )
  )

  it.effect("may lack a final line feed, and contain empty lines, carriage returns and a byte order mark", () =>
    Effect.gen(function* () {
      expect(yield* read(`${hit}\n${hit}`)).toEqual(events)
      expect(yield* read(`\n${hit}\n \n\r\n${hit}\n\n`)).toEqual(events)
      expect(yield* read(`${hit}\r\n${hit}\r`, "\n")).toEqual(events)
      expect(yield* read(`\uFEFF${hit}\n${hit}\n`)).toEqual(events)
      expect(yield* read(new TextEncoder().encode(`\uFEFF${hit}\n${hit}\n`))).toEqual(events)
      expect(yield* read()).toEqual([])
      expect(yield* read("", "\n")).toEqual([])
    })
  )

  it.effect("stay intact when the memory of their bytes is reused", () =>
    Effect.gen(function* () {
      const memory = Buffer.alloc(40)
      const bytes = new TextEncoder().encode(`${hit}\n`)
      const chunks = [bytes.subarray(0, 40), bytes.subarray(40)]
      const reused = Stream.map(Stream.fromIterable(chunks).pipe(Stream.rechunk(1)), (chunk) => {
        memory.fill(0).set(chunk)
        return memory.subarray(0, chunk.length)
      })
      expect(yield* Stream.runCollect(Replay.fromNdjson(Event, reused))).toEqual([events[0]])
    })
  )

  it.effect("omit fields that the schema lacks", () =>
    Effect.gen(function* () {
      expect(yield* read('{"at":1,"seq":7,"event":{"_tag":"cache.lookup","hit":true,"key":"a","more":1}}')).toEqual([
        lookup(1, true)
      ])
    })
  )

  it.effect("fail at an invalid line, after the events before it", () =>
    Effect.gen(function* () {
      const seen: Array<Captured> = []
      const stream = Replay.fromNdjson(Event, Stream.make(`${hit}\n\n${hit}\nnonsense\n${hit}\n`))
      const error = yield* Effect.flip(Stream.runForEach(stream, (each) => Effect.sync(() => seen.push(each))))
      expect(error).toBeInstanceOf(MetricsError.InvalidLine)
      expect(error.line).toBe(4)
      expect(seen).toEqual(events)
    })
  )

  it.effect("skip invalid lines if so configured, and pass each of them to a callback", () =>
    Effect.gen(function* () {
      const result = yield* skipping(`nonsense\n${hit}\n`, '{"at":1}\n', `${hit}\n{"at":1,"ev`)
      expect(result.events).toEqual(events)
      expect(result.skipped.map(({ line }) => line)).toEqual([1, 3, 5])
    })
  )

  it.effect("log each skipped line with its number", () =>
    Effect.gen(function* () {
      const logged: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => logged.push(`${logLevel} ${String(message)}`))
      const stream = Replay.fromNdjson(Event, Stream.make(`${hit}\nnonsense`), { onBadLine: "skip" })
      expect(yield* Stream.runCollect(stream).pipe(Effect.provide(Logger.layer([logger])))).toEqual([events[0]])
      expect(logged).toEqual([expect.stringMatching(/^Warn skipped: line 2 is not JSON/)])
    })
  )

  it.effect("fail with the error of the callback for invalid lines", () =>
    Effect.gen(function* () {
      const onBadLine = ({ line }: MetricsError.InvalidLine) => Effect.fail(`too bad: ${line}`)
      const stream = Replay.fromNdjson(Event, Stream.make("nonsense\n"), { onBadLine })
      expect(yield* Effect.flip(Stream.runDrain(stream))).toBe("too bad: 1")
    })
  )

  it.effect.each<[what: string, line: string | Uint8Array, reason: RegExp]>([
    ["no JSON", '{"at":1,', /^is not JSON: .+/],
    ["no object", "[]", /^is not an event of the family: .+/],
    [
      "a misspelt event",
      '{"at":1,"event":{"_tag":"cache.lokup","hit":true,"key":"a"}}',
      /: got "cache\.lokup" at \["event"\]\["_tag"\]\. Did you mean "cache\.lookup"\? Its events are: [\w., ]+$/
    ],
    ["no event at all", '{"at":1,"event":["cache.lookup"]}', /: must be an object with a string _tag at \["event"\]$/],
    ["no time", '{"event":{"_tag":"cache.lookup","hit":true,"key":"a"}}', /Missing key at \["at"\]/],
    ["a time that is none", '{"at":"now","event":{"_tag":"cache.lookup","hit":true,"key":"a"}}', /at \["at"\]/],
    ["no event", '{"at":1}', /Missing key at \["event"\]/],
    ["an event of another family", '{"at":1,"event":{"_tag":"disk.full"}}', /at \["event"\]/],
    ["a wrong field", '{"at":1,"event":{"_tag":"cache.lookup","hit":1,"key":"a"}}', /at \["event"\]\["hit"\]/],
    ["no UTF-8", new Uint8Array([0x22, 0xff, 0x22]), /^is not UTF-8$/]
  ])("report the problem of a line that contains %s", ([_what, line, reason]) =>
    Effect.gen(function* () {
      const { skipped } = yield* skipping(line)
      expect(skipped.map((each) => each.reason)).toEqual([expect.stringMatching(reason)])
      expect(skipped[0]?.reason).not.toContain("\n")
    })
  )

  it.effect("never print a whole invalid family or event", () =>
    Effect.gen(function* () {
      const cases = Array.from({ length: 200 }, (_, i) => [`some.quite.long.name.${i}`, { n: Schema.Number }] as const)
      const family = Schema.TaggedUnion(Object.fromEntries(cases))
      const text = "x".repeat(60_000)
      const events = [{ _tag: "b" }, { _tag: text }, { _tag: "some.quite.long.name.1", n: text }, text, [text]]
      for (const captured of [...events.map((event) => ({ at: 1, event })), [text], text, { at: text }]) {
        const line = Stream.make(JSON.stringify(captured))
        const read = yield* Effect.flip(Stream.runDrain(Replay.fromNdjson(family, line)))
        const written = yield* Effect.flip(Stream.runDrain(Replay.toNdjson(family, Stream.make(captured as never))))
        for (const { reason } of [read, written]) {
          expect(reason).toMatch(/^is not an event of the family: ./)
          expect(reason).not.toMatch(/name\.1" *, \.\.\.|x{200}/)
          expect(reason.length).toBeLessThanOrEqual(1000)
        }
      }
    })
  )

  it.effect("cannot be written with another family", () =>
    Effect.gen(function* () {
      const other = Stream.make({ at: 1, event: { _tag: "disk.full" } } as never)
      const error = yield* Effect.flip(Stream.runDrain(Replay.toNdjson(Event, other)))
      expect(error).toMatchObject({ _tag: "mvx-metrics/InvalidArgument", argument: "captured" })
    })
  )

  it("require a family and known options", () => {
    const refusal = (argument: string) => expect.objectContaining({ _tag: "mvx-metrics/InvalidArgument", argument })
    expect(() => Replay.fromNdjson({} as never, Stream.empty)).toThrow(refusal("family"))
    expect(() => Replay.toNdjson(Schema.Struct({}) as never, Stream.empty)).toThrow(refusal("family"))
    expect(() => Replay.fromNdjson(Event, Stream.empty, { onBadLine: "stop" } as never)).toThrow(refusal("onBadLine"))
    expect(() => Replay.fromNdjson(Event, Stream.empty, { badLine: "skip" } as never)).toThrow(refusal("badLine"))
  })
})

describe("a file of events", () => {
  it.effect("is written and read back", () =>
    Effect.gen(function* () {
      const files = yield* FileSystem.FileSystem
      const path = yield* files.makeTempFileScoped()
      const captured = Array.from({ length: 3_000 }, (_, i) => lookup(i, i % 3 === 0, "ä".repeat(i % 50)))
      yield* Replay.writeFile(Event, path, Stream.fromIterable(captured))
      expect(yield* Stream.runCollect(Replay.readFile(Event, path))).toEqual(captured)
      expect(yield* Replay.runStream(Hits, Replay.readFile(Event, path))).toEqual(Replay.run(Hits, captured))

      yield* files.writeFileString(path, `${yield* files.readFileString(path)}nonsense\n`)
      expect(yield* Effect.flip(Stream.runDrain(Replay.readFile(Event, path)))).toMatchObject({ line: 3_001 })
      const skipping = Replay.readFile(Event, path, { onBadLine: () => Effect.void })
      expect(yield* Stream.runCount(skipping)).toBe(3_000)
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.effect("reports a file system error if it does not exist", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Stream.runDrain(Replay.readFile(Event, "/nowhere/events.ndjson")))
      expect(error._tag).toBe("PlatformError")
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )
})
