// Each error is an Error with a `_tag`, names its subject and the fix, and crosses a thread as JSON.
import { readFile } from "node:fs/promises"
import { inspect } from "node:util"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { MetricsError as E } from "mvx-metrics"

const cause = new RangeError("disk is full")

/** One of each, with what its message has to say: what it is about, and what to do. */
const samples: ReadonlyArray<readonly [error: Error & { readonly _tag: string }, ...says: ReadonlyArray<string>]> = [
  [new E.InvalidArgument({ argument: "capacity", reason: "must be a positive integer" }), "capacity", "must be a pos"],
  [new E.QueueOverflow({ recorderId: "docs", capacity: 12 }), '"docs"', "12 events", "Raise the capacity"],
  [
    new E.InvalidState({
      subject: "recorder",
      id: "docs",
      state: "Stopped",
      operation: "emit",
      hint: "Start it first"
    }),
    'recorder "docs" is Stopped',
    "cannot emit",
    "Start it first"
  ],
  [
    new E.RecorderNotFound({ recorderId: "docs", namespace: "app" }),
    '"docs"',
    '"app"',
    "createRecorder",
    "recorderIds"
  ],
  [new E.RecorderAlreadyExists({ recorderId: "docs", namespace: "app" }), '"docs"', '"app"', "getRecorder"],
  [new E.NamespaceTaken({ namespace: "app", place: "the meter" }), '"app"', "the meter", "different namespaces"],
  [
    new E.StateMismatch({ metric: "saves", part: 1, differences: ["its labels are a, b instead of b, a"] }),
    '"saves"',
    "parts[1]",
    "its labels are a, b",
    "Merge states of one version"
  ],
  [
    new E.DurableStateError({
      path: "/var/lib/app/metrics",
      problem: "newer",
      reason: "has format 2. Update mvx-metrics"
    }),
    "/var/lib/app/metrics",
    "format 2",
    "Update mvx-metrics"
  ],
  [
    new E.DurableStateError({
      path: "/var/lib/app/metrics",
      problem: "foreign",
      reason: "is not a state of mvx-metrics"
    }),
    "/var/lib/app/metrics",
    "is not a state of mvx-metrics",
    "Move it away to start without it"
  ],
  [
    new E.MetricsStoreError({ store: "redis://metrics:6379", operation: "read", reason: "no answer within 5000 ms" }),
    '"redis://metrics:6379"',
    "read",
    "no answer within 5000 ms",
    "Check that the server runs"
  ],
  [new E.MetricNameTaken({ metric: "saves", recorderId: "docs" }), '"saves"', '"docs"', "replace: true"],
  [
    new E.MetricNameCollision({ metric: "a.b", other: "a_b", as: "a_b_total" }),
    '"a.b"',
    '"a_b"',
    '"a_b_total"',
    "another name"
  ],
  [
    new E.MetricNotRegistered({ metric: "saves", recorderId: "docs", registered: ["loads", "hits"] }),
    '"saves"',
    '"docs"',
    "loads, hits",
    "Register it first"
  ],
  [
    new E.UnknownMetric({ metric: "saves", known: ["loads", "hits"], hint: "Export it" }),
    '"saves"',
    "loads, hits",
    "Export it"
  ],
  [new E.DefinitionMismatch({ metric: "saves", differences: ["unit"] }), '"saves"', "unit", "same version"],
  [new E.MetricsModuleError({ path: "/app/a.metrics.ts", reason: "does not exist" }), "/app/a.metrics.ts", "not exist"],
  [
    new E.RegisterError({
      recorderId: "docs",
      reason: new E.UnknownMetric({ metric: "saves", known: ["loads"], hint: "Export it" })
    }),
    '"saves"',
    "loads",
    "Export it"
  ],
  [new E.InvalidLine({ line: 12, reason: "is not JSON" }), "line 12", "is not JSON", "Fix the line", '"skip"'],
  [new E.HookFailed({ recorderId: "docs", hook: "onStarting", cause }), '"docs"', "onStarting", "disk is full"],
  [new E.RecorderFailed({ recorderId: "docs", cause }), 'recorder "docs"', "disk is full"],
  [
    new E.WaitTimeout({ recorderId: "docs", operation: "read", timeout: "30s", sequence: 12, folded: 7 }),
    'recorder "docs"',
    "its read did not end within 30s",
    "7 of the 12 events",
    "a listener or a reducer",
    "raise waitTimeout"
  ],
  [
    new E.WaitTimeout({
      recorderId: "docs",
      operation: "stop",
      timeout: "30s",
      sequence: 12,
      folded: 12,
      hook: "onStopped"
    }),
    "12 of the 12 events",
    "Its hook onStopped is running"
  ],
  [
    new E.PushFailed({
      url: "http://gateway:9091",
      reason: "the receiver answered 503",
      delivered: 1,
      requests: 3,
      attempts: 7,
      kind: "503"
    }),
    "http://gateway:9091",
    "1 of 3 requests",
    "after 7 attempts",
    "answered 503",
    "Check that"
  ],
  [new E.RuntimeFailed({ namespace: "app", cause }), 'runtime "app"', "disk is full"],
  [
    new E.ShutdownFailed({
      namespace: "app",
      failures: [
        { recorderId: "docs", accepted: 3, folded: 3, reason: "its hook failed" },
        { recorderId: "users", accepted: 9, folded: 2, reason: "it hangs" }
      ]
    }),
    '"app"',
    '"docs" (3 of 3 events are folded: its hook failed)',
    '"users" (2 of 9 events are folded: it hangs)'
  ],
  [
    new E.ExportFailed({
      url: "http://localhost:4318/v1/metrics",
      attempts: 3,
      points: 12,
      reason: "the collector answered 503",
      cause
    }),
    "12 points",
    "http://localhost:4318/v1/metrics",
    "3 attempts: the collector answered 503",
    "Check that the collector runs"
  ],
  [
    new E.FlushFailed({
      namespace: "app",
      flushed: ["docs", "orders"],
      failures: [{ recorderId: "users", accepted: 9, folded: 2, reason: "it hangs" }],
      exports: [{ exporter: "OTLP", reason: "it was not taken" }]
    }),
    '"app"',
    'recorders not flushed: "users" (2 of 9 events are folded: it hangs)',
    "did not deliver: OTLP (it was not taken)",
    "recorders flushed: 2"
  ],
  [
    new E.RecorderOptionsDiffer({ recorderId: "docs", namespace: "app", options: ["capacity", "onStopped"] }),
    '"docs"',
    '"app"',
    "capacity, onStopped",
    "another id"
  ]
]

const tagged = samples.map(([error, ...says]) => ({ error, says, tag: error._tag, name: error.constructor.name }))

const classOf = (error: Error) => error.constructor as unknown as Schema.Codec<Error> & (new () => Error)

const encode = (error: Error): unknown => Schema.encodeSync(classOf(error))(error)

/** Through JSON and back, as between two threads or two processes. */
const overTheWire = (error: Error): Error =>
  Schema.decodeUnknownSync(classOf(error))(JSON.parse(JSON.stringify(encode(error))))

it("an invalid argument of a definition names the metric that it would define", () => {
  const error = new E.InvalidArgument({ metric: "http.requests", argument: "boundaries", reason: "must be increasing" })
  expect(error.message).toBe('metric "http.requests": boundaries: must be increasing')
  expect(overTheWire(error)).toMatchObject({ metric: "http.requests", message: error.message })
})

it("every error has a sample", () => {
  expect([...new Set(tagged.map(({ name }) => name))].sort()).toEqual(Object.keys(E).sort())
})

describe.each(tagged)("$name", ({ error, name, says, tag }) => {
  it("is an Error whose tag is its exported name with the prefix of the library", () => {
    expect(error).toBeInstanceOf(Error)
    expect(error.constructor).toBe(E[name as keyof typeof E])
    expect(tag).toBe(`mvx-metrics/${name}`)
  })

  it("has its tag as its name, and no field that hides a member of Error", () => {
    expect(error.name).toBe(tag)
    const own = Object.keys(encode(error) as object)
    expect(own.filter((field) => ["name", "message", "stack"].includes(field))).toEqual([])
    expect(String(error)).toBe(`${tag}: ${error.message}`)
  })

  it("names its subject and the fix, also in its stack", () => {
    for (const words of says) expect(error.message).toContain(words)
    expect(error.message).not.toMatch(/undefined|\[object|\.\.\. *$/)
    expect(String(error)).toContain(error.message)
    expect(error.stack).toContain(error.message)
  })

  it("shows its message when printed", () => {
    expect(inspect(error)).toContain(error.message)
  })

  it("crosses a thread with the same class, fields and message", () => {
    const arrived = overTheWire(error)
    expect(arrived).toBeInstanceOf(error.constructor)
    expect(arrived.message).toBe(error.message)
    expect(encode(arrived)).toEqual(encode(error))
  })

  it("is not matched by a similar error of another class", () => {
    const decode = Schema.decodeUnknownSync(classOf(error))
    expect(() => decode({ _tag: tag })).toThrow()
    expect(() => decode({ ...error, _tag: "Other" })).toThrow()
  })

  it.effect("is a failure that its tag selects", () =>
    Effect.gen(function* () {
      const failing = Effect.fail(error as E.QueueOverflow)
      const caught = yield* Effect.catchTag(failing, tag as "mvx-metrics/QueueOverflow", (failure) =>
        Effect.succeed(failure)
      )
      expect(caught).toBe(error)
    })
  )
})

it("docs/reference/errors.md has a section for each error, with its fields, its cause and its fix", async () => {
  const page = await readFile(new URL("../docs/reference/errors.md", import.meta.url), "utf8")
  const sections = page.split(/^(?=##)/m).flatMap((text) => {
    const [, tag] = /^### (\w+)$/m.exec(text) ?? []
    const fields = Array.from(text.matchAll(/^\| `(\w+)`/gm), ([, field]) => field)
    const parts = Array.from(text.matchAll(/^(Cause|Fix): \S/gm), ([, part]) => part)
    return tag === undefined ? [] : [{ tag, fields, parts }]
  })
  const documented = (tag: string) => sections.find((section) => section.tag === tag)
  expect(sections.map(({ tag }) => tag).sort()).toEqual(Object.keys(E).sort())
  for (const tag of Object.keys(E)) {
    const fields = Object.keys(E[tag as keyof typeof E].fields).filter((field) => field !== "_tag")
    expect({ tag, fields: documented(tag)?.fields }).toEqual({ tag, fields })
    expect({ tag, parts: documented(tag)?.parts }).toEqual({ tag, parts: ["Cause", "Fix"] })
  }
})

describe("an error that lists names", () => {
  it("reports an empty list", () => {
    expect(new E.UnknownMetric({ metric: "saves", known: [], hint: "Export it" }).message).toContain("it has: none")
    expect(new E.MetricNotRegistered({ metric: "saves", recorderId: "docs", registered: [] }).message).toContain(
      "registered: none"
    )
  })
})

describe("an error with a cause", () => {
  const withCause = (cause: unknown) => [
    new E.HookFailed({ recorderId: "docs", hook: "onStopped", cause }),
    new E.RecorderFailed({ recorderId: "docs", cause }),
    new E.RuntimeFailed({ namespace: "app", cause })
  ]

  it("has the cause as Error does", () => {
    for (const error of withCause(cause)) expect(error.cause).toBe(cause)
  })

  it("keeps the name, the message and the nested cause of the cause across threads", () => {
    for (const error of withCause(new RangeError("disk is full", { cause: new Error("inner") }))) {
      const { cause } = overTheWire(error) as { readonly cause?: Error }
      expect(cause).toBeInstanceOf(Error)
      expect(cause).toMatchObject({ name: "RangeError", message: "disk is full", cause: { message: "inner" } })
    }
  })

  it.each<[what: string, cause: unknown, says: string]>([
    ["a text", "disk is full", "disk is full"],
    ["a number", 28, "28"],
    ["an object", { code: "ENOSPC" }, "ENOSPC"],
    ["an object with a message", { message: "disk is full" }, "disk is full"],
    ["an object without a prototype", Object.assign(Object.create(null), { code: "ENOSPC" }), "ENOSPC"]
  ])("describes its cause: %s", (_what, cause, says) => {
    for (const error of withCause(cause)) expect(error.message).toContain(says)
  })
})

/** What can be thrown, and what the message has to say of it. */
const cyclic = new Error("is its own cause")
cyclic.cause = cyclic
const throwing = (thrown: string) => () => {
  throw new Error(thrown)
}
const { proxy: revoked, revoke } = Proxy.revocable({}, {})
revoke()

const thrown: ReadonlyArray<readonly [what: string, cause: unknown, says: string]> = [
  ["undefined", undefined, "undefined"],
  ["null", null, "null"],
  ["an empty text", "", "an empty text"],
  ["a symbol", Symbol("sunk"), "Symbol(sunk)"],
  ["a bigint", 12n, "12"],
  ["a function", function sink() {}, "the function sink"],
  [
    "a function without a name",
    (
      () => () =>
        1
    )(),
    "a function"
  ],
  [
    "an object with a getter that throws",
    {
      code: 5,
      get other() {
        throw new Error("no")
      }
    },
    "code"
  ],
  ["a message that throws", Object.defineProperty(new RangeError(), "message", { get: throwing("no") }), "RangeError"],
  ["a message that is not a text", Object.assign(new Error("x"), { message: Symbol("m") }), "Error"],
  ["an error without a message", new TypeError(), "TypeError"],
  ["an error that is its own cause", cyclic, "is its own cause"],
  ["an error with a function as its cause", new Error("outer", { cause: () => 1 }), "outer"],
  ["an AggregateError", new AggregateError([new Error("one")], "all failed"), "all failed"],
  ["a DOMException", new DOMException("was aborted", "AbortError"), "was aborted"],
  ["a proxy that throws", new Proxy({}, { get: throwing("trap"), ownKeys: throwing("trap") }), "threw"],
  ["a revoked proxy", revoked, "an object"],
  ["an object with a cycle", Object.assign([], { 0: cyclic }), "is its own cause"],
  ["lines", new Error("first\r\n\tsecond\u2028third\u0000"), "first second third"],
  ["terminal control sequences", "\u001b[2Jcleared", "[2Jcleared"],
  ["a long message", new Error("long ".repeat(200_000)), "long long"],
  ["a deep object", Array.from({ length: 20_000 }).reduce<object>((inner) => ({ inner }), {}), '{"inner":']
]

describe.each(thrown)("a cause that is %s", (_what, given, says) => {
  const errors = [
    () => new E.HookFailed({ recorderId: "docs", hook: "onStopped", cause: given }),
    () => new E.RecorderFailed({ recorderId: "docs", cause: given }),
    () => new E.RuntimeFailed({ namespace: "app", cause: given })
  ]

  it("is described in one line of bounded length", () => {
    for (const make of errors) {
      const { message } = make()
      expect(message).toContain(says)
      expect(message).not.toMatch(/\[object|[\p{Cc}\p{Zl}\p{Zp}]/u)
      expect(message.length).toBeLessThan(1_200)
    }
  })

  it("can be printed", () => {
    for (const make of errors) expect(inspect(make())).toContain(make().message)
  })
})

it("one name for two types is distinguished from two names that become one", () => {
  expect(new E.MetricNameCollision({ metric: "a", other: "a", as: "a_total" }).message).toMatch(/"a".*another type/)
})
