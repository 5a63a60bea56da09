// No name, tag, literal, label or id becomes code, or part of a prototype, whatever its text.
import { describe, expect, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import fc from "fast-check"
import { Metric, MetricsRuntime } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { layoutOf } from "../../src/internal/stream/rows/layout.ts"
import { PageBytes } from "../../src/internal/stream/rows/page.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { runs } from "../support/long.ts"
import { StreamPair } from "../support/streamPair.ts"

const Struck = "mvxStruck"
const strike = `globalThis.${Struck}=1`

/** Text that would leave a string, a comment, a template, an object or a function, and run. */
const anyText: fc.Arbitrary<string> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('"', "'", "`", '\\"', "\\", "*/", "\n", "\u2028", "${", "}", "]", ")", '"]', '")', '"}', '");}'),
      fc.constantFrom(`;${strike};`, `+(${strike})+`, `,[${strike}],`, `});${strike};({`, `${strike}}`),
      fc.constantFrom("//", "/*", '"', "'", "`", "\\", "", '["')
    )
    .map((parts) => parts.join("")),
  fc.constantFrom("__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "__defineGetter__", "then"),
  fc.string()
)

const prototypes = [Object.prototype, Array.prototype, Function.prototype, Map.prototype, String.prototype]
const properties = () => prototypes.map((prototype) => Reflect.ownKeys(prototype))
const before = properties()

const expectUnharmed = (): void => {
  expect(Object.hasOwn(globalThis, Struck)).toBe(false)
  expect(properties()).toEqual(before)
  expect(({} as { readonly polluted?: unknown }).polluted).toBe(undefined)
}

const anyNames = fc.uniqueArray(anyText, { minLength: 1, maxLength: 4 })

describe("hostile text", () => {
  it("is inert in generated code for rows: in names, tags, literals and values", () => {
    const any = fc.record({ tag: anyText, names: anyNames, literals: anyNames, value: anyText, fixed: fc.boolean() })
    fc.assert(
      fc.property(any, ({ fixed, literals, names, tag, value }) => {
        const own = names.filter((name) => name !== "_tag")
        const fields = own.map((name, i) => {
          const schema = [Schema.String, Schema.Literals(literals), Schema.Number, Schema.optional(Schema.String)][
            i % 4
          ]!
          return [name, schema] as const
        })
        const struct = Schema.Struct({ _tag: Schema.tag(tag), ...Object.fromEntries(fields) })
        const layout = layoutOf(tag, struct.ast)
        fc.pre(layout !== undefined)
        const values = own.map((name, i) => [name, [value, literals[0], i, value][i % 4]] as const)
        const event = Object.fromEntries([["_tag", tag], ...values]) as unknown as MetricEvent
        const pair = new StreamPair({ fixedMemory: fixed, bytes: 2 * PageBytes })
        expect(pair.encoder(layout!)(1, event, 0)).toBe(true)
        pair.generic(1, event, 0)
        pair.flush()
        expect(pair.events).toStrictEqual([event, event])
        expectUnharmed()
      }),
      { numRuns: runs(400) }
    )
  })

  it("is inert in events that have no layout", () => {
    const anyData = fc.object({ key: anyText, values: [anyText, fc.integer()], maxDepth: 3 })
    fc.assert(
      fc.property(anyText, anyData, (tag, data) => {
        const polluting = JSON.parse(
          '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}'
        )
        const event = { data, polluting, _tag: tag } as unknown as MetricEvent
        const pair = new StreamPair()
        expect(pair.generic(1, event, 0)).toBe(true)
        pair.flush()
        expect(JSON.stringify(pair.events)).toBe(JSON.stringify([{ _tag: tag, data, polluting }]))
        expectUnharmed()
      }),
      { numRuns: runs(200) }
    )
  })

  it.effect("is inert in labels, ids and names of metrics, from the event to the scrape", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime.makeInProcess({ namespace: `n";${strike}//`, logging: "silent" })
      yield* runtime.start
      const samples = fc.sample(fc.tuple(anyText, anyText, anyText), { numRuns: runs(80), seed: 1 })
      for (const [index, [field, value, id]] of samples.entries()) {
        if (field === "_tag" || field.trim() === "") continue
        const tag = `t${index}${value}`
        const events = Schema.TaggedUnion({ [tag]: { [field]: Schema.String } })
        const metric = Metric.counter(`m${index}${id}`, {
          events,
          labels: { [field]: (e: never) => e[field] } as never
        })
        const recorder = yield* runtime.createRecorder(`r${index}${id}`, { entityId: id })
        yield* recorder.register(metric)
        recorder.emitUnsafe(
          Object.fromEntries([
            ["_tag", tag],
            [field, value]
          ]) as never
        )
        const all = yield* recorder.snapshots
        expect(Object.keys(all)).toEqual([metric.name])
        expect(all[metric.name]!.dimensions).toMatchObject({ value: 1 })
      }
      const text = yield* Prometheus.render().pipe(Effect.provideService(MetricsRuntime, runtime))
      // Each sample and comment is one line.
      for (const line of text.trimEnd().split("\n"))
        expect(line).toMatch(/^(# (HELP|TYPE|UNIT) \w+ ?.*|\w+(\{.*\})? \S+)$/s)
      expectUnharmed()
    })
  )
})
