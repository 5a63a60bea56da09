/**
 * The differences between two versions of definitions, and their severity.
 */
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import { type Change, type ChangeCode, changeRules } from "../../src/internal/catalogue/changes.ts"
import { dashboardOf } from "../../src/internal/catalogue/dashboard.ts"
import { DescribedMetrics, describedMetric } from "../../src/internal/catalogue/describedMetric.ts"
import { diffOf } from "../../src/internal/catalogue/diff.ts"
import { rulesOf } from "../../src/internal/catalogue/rules.ts"
import { anySpec, anySpecs, metricOf, mutations, type Spec } from "../support/anyDefinitions.ts"
import { runs } from "../support/long.ts"

const describedBy = (specs: ReadonlyArray<Spec>) => specs.map((spec) => describedMetric(metricOf(spec)))

const diffOfSpecs = (old: ReadonlyArray<Spec>, now: ReadonlyArray<Spec>) => diffOf(describedBy(old), describedBy(now))

const diffOfMetrics = (old: ReadonlyArray<Metric.Any>, now: ReadonlyArray<Metric.Any>) =>
  diffOf(old.map(describedMetric), now.map(describedMetric))

const codes = (changes: ReadonlyArray<Change>): ReadonlyArray<ChangeCode> => changes.map(({ code }) => code)

/** What is found when the versions change places. */
const inverse = (code: ChangeCode): string =>
  code.endsWith("-removed")
    ? code.replace(/removed$/, "added")
    : code.endsWith("-added")
      ? code.replace(/added$/, "removed")
      : (({ "label-opened": "label-closed", "label-closed": "label-opened" } as Record<string, string>)[code] ?? code)

describe("a diff of definitions", () => {
  it("is empty between a version and itself, made again or read from a file", () => {
    const decode = Schema.decodeSync(Schema.fromJsonString(DescribedMetrics))
    fc.assert(
      fc.property(anySpecs, (specs) => {
        expect(diffOfSpecs(specs, specs)).toEqual([])
        const described = describedBy(specs)
        const read = decode(JSON.stringify({ "mvx-metrics": 1, metrics: described }))
        expect(read.metrics).toEqual(described)
      }),
      { numRuns: runs(100) }
    )
  })

  it("is the opposite in the opposite direction", () => {
    fc.assert(
      fc.property(anySpecs, anySpecs, (old, now) => {
        const [there, back] = [diffOfSpecs(old, now), diffOfSpecs(now, old)]
        const names = new Map(
          there.flatMap(({ after, code, metric }) => (code === "metric-renamed" ? [[metric, after]] : []))
        )
        const opposite = there.map(({ code, metric }) => `${inverse(code)} ${names.get(metric) ?? metric}`)
        expect(back.map(({ code, metric }) => `${code} ${metric}`).sort()).toEqual(opposite.sort())
      }),
      { numRuns: runs(100) }
    )
  })

  it("finds each change by its code, and nothing else", () => {
    fc.assert(
      fc.property(anySpec, (spec) => {
        for (const mutation of mutations) {
          const mutated = mutation.of(spec)
          if (mutated === undefined) continue
          const changes = diffOfSpecs([spec], [mutated])
          const known: ReadonlyArray<ChangeCode> = [
            mutation.code,
            ...(mutation.also ?? []),
            "state-reset",
            "state-incompatible"
          ]
          expect(codes(changes), mutation.name).toContain(mutation.code)
          expect(
            codes(changes).filter((code) => !known.includes(code)),
            mutation.name
          ).toEqual([])
        }
      }),
      { numRuns: runs(100) }
    )
    const specs = fc.sample(anySpec, { seed: 1, numRuns: 300 })
    const idle = mutations.filter((mutation) => specs.every((spec) => mutation.of(spec) === undefined))
    expect(idle.map(({ name }) => name)).toEqual([])
  })

  it("names the subject of each change", () => {
    const events = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean, tier: Schema.String } })
    const old = Metric.ratio("cache.hits", { events, hits: "hit" })
    const now = Metric.ratio("cache.hits", { events, hits: "hit", labels: ["tier"], maxSeries: 10 })
    const changes = diffOfMetrics([old], [now])
    expect(changes).toMatchObject([
      {
        code: "label-added",
        severity: "breaking",
        metric: "cache.hits",
        subject: "tier",
        before: [],
        after: ["tier"],
        samples: ["cache_hits_ratio", "cache_hits_hits_total", "cache_hits_checked_total"],
        rules: ["recorder:cache_hits_ratio:rate5m"],
        panels: ["cache.hits"]
      },
      {
        code: "limit-changed",
        severity: "changed",
        rules: ["recorder:cache_hits_ratio:rate5m", "MetricSeriesOverflow"]
      },
      { code: "state-incompatible", severity: "changed" }
    ])
    const generated = JSON.stringify([rulesOf([old]), dashboardOf([old], "")])
    for (const name of changes.flatMap(({ panels, rules, samples }) => [...panels, ...rules, ...samples])) {
      expect(generated).toContain(name)
    }
    expect(diffOfMetrics([], [old])).toMatchObject([
      { code: "metric-added", severity: "added", panels: ["cache.hits"] }
    ])
    expect(diffOfMetrics([old], [])).toMatchObject([{ code: "metric-removed", severity: "breaking" }])
  })

  it("reports for a unit whether the Prometheus name changes", () => {
    const events = Schema.TaggedUnion({ save: { n: Schema.Number } })
    const of = (unit: string, boundaries: ReadonlyArray<number>) =>
      Metric.histogram("save.duration", { events, value: "n", unit, boundaries })
    const [change, ...others] = diffOfMetrics([of("ms", [5, 10])], [of("s", [0.005, 0.01])])
    expect(change).toMatchObject({ code: "unit-changed", before: "ms", after: "s" })
    expect(codes(others)).not.toContain("boundaries-changed")
    expect(codes(diffOfMetrics([of("ms", [5, 10])], [of("s", [5, 10])]))).not.toContain("boundaries-changed")
    expect(codes(diffOfMetrics([of("ms", [5, 10])], [of("s", [0.005, 1])]))).toContain("boundaries-changed")
  })

  it("compares hand-written metrics by the numbers they show", () => {
    const events = Schema.TaggedUnion({ save: { ok: Schema.Boolean } })
    const of = (initial: { readonly [name: string]: number }) =>
      Metric.make("saves", { events, initial, reduce: { save: (state) => state } })
    const changes = diffOfMetrics([of({ total: 0, failed: 0 })], [of({ total: 0, refused: 0 })])
    expect(changes.map(({ code, subject }) => [code, subject])).toEqual([
      ["dimension-removed", "failed"],
      ["state-incompatible", undefined],
      ["dimension-added", "refused"]
    ])
    const derived = (
      view: (dimensions: { readonly a: { readonly total?: number } }) => object,
      from = of({ total: 0 })
    ) => Metric.derive("saves.derived", { from: { a: from }, view: view as () => object })
    expect(codes(diffOfMetrics([derived(() => ({ x: 1 }))], [derived(() => ({ y: 1 }), of({ other: 0 }))]))).toEqual(
      expect.arrayContaining(["dimension-removed", "dimension-added", "sources-changed"])
    )
  })

  it("compares a frequency by the label that exporters use for its values", () => {
    const of = (values: ReadonlyArray<string>) => {
      const events = Schema.TaggedUnion({ save: { format: Schema.Literals(values) } })
      return Metric.frequency("saves", { events, value: "format" })
    }
    expect(diffOfMetrics([of(["json", "xml"])], [of(["json", "yaml"])])).toMatchObject([
      { code: "label-value-removed", subject: 'value="xml"' },
      { code: "label-value-added", subject: 'value="yaml"' }
    ])
  })

  it("is empty for an unchanged frequency that also has a label of that name", () => {
    const events = Schema.TaggedUnion({ "job.ended": { reason: Schema.String, queue: Schema.String } })
    const ended = (label: "queue" | "reason") =>
      Metric.frequency("job.reasons", { events, value: "reason", labels: { value: label } })
    expect(diffOfMetrics([ended("queue")], [ended("queue")])).toEqual([])
    const changes = diffOfMetrics([ended("queue")], [ended("reason")])
    expect(changes.map(({ after, before, code }) => [code, before, after])).toContainEqual([
      "label-source-changed",
      "the field queue",
      "the field reason"
    ])
    expect(codes(changes).filter((code) => code.startsWith("label"))).toEqual(["label-source-changed"])
  })

  it("finds changes of the self-metrics in the file of an older version", () => {
    const events = Schema.TaggedUnion({ save: {} })
    const now = describedMetric(Metric.counter("saves", { events }))
    const old = {
      ...now,
      exposed: [{ ...now.exposed[0]!, sample: "saves" }],
      settings: { ...now.settings, unheard: 1 }
    }
    expect(codes(diffOf([old], [now]))).toEqual(["sample-removed", "setting-changed", "sample-added"])
  })

  it("gives a reason for each change that names the loss", () => {
    for (const [code, { severity, why }] of Object.entries(changeRules)) {
      expect(why, code).toMatch(/^[A-Z].*\.$/)
      if (code.endsWith("-added") && !code.startsWith("label-a") && !code.startsWith("event-")) {
        expect(severity, code).toBe("added")
      }
    }
  })
})
