// Totals over processes neither hide nor repeat what one process resets, replaces, removes or lets expire.
import { describe, expect, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import fc from "fast-check"
import { Metric, type RecorderService, type RuntimeService } from "mvx-metrics"
import { internalsOf } from "../../src/internal/runtime/internals.ts"
import { BriefParts, BriefSizes, PartSizes, PartSummary, Parts, part } from "../support/addedUp.metrics.ts"
import { addTo, exporting, Increases, type Told, ways } from "../support/processes.ts"
import { forEvery } from "../support/property.ts"

const metrics = [Parts, PartSizes, BriefParts, BriefSizes]

const events = Schema.TaggedUnion({ "part.made": { kind: Schema.String, size: Schema.Number } })
const PartSize = Metric.gauge("part.size", { events, value: "size", labels: ["kind"] })

/** Other definitions of the same names. */
const PartsBySize = Metric.counter("parts", { events, labels: ["kind", "size"] })
const PartSizeBySize = Metric.gauge("part.size", { events, value: "size", labels: ["kind", "size"] })
const BriefPartsBySize = Metric.counter("parts.brief", { events, labels: ["size"], expireAfter: "1 minute" })

const emit = (recorder: RecorderService, count: number, kind = "a") =>
  Effect.forEach(Array(count), () => recorder.emit(part(kind)), { discard: true })

/** What the snapshots of all recorders come to, by metric. What has expired is in them. */
const totalsOf = (merged: RuntimeService) =>
  Effect.gen(function* () {
    const { gather, sources } = internalsOf(merged)
    yield* gather
    const totals = new Map<string, number>()
    for (const { shown } of sources()) {
      for (const { metric, snapshot } of yield* shown) {
        const { count, value = count } = snapshot.dimensions as { readonly count?: number; readonly value?: number }
        if (metrics.some(({ name }) => name === metric.name)) addTo(totals, { name: metric.name, kind: "a" }, value!)
      }
    }
    return totals
  })

/** What exporters of deltas and of sums tell of a metric that has one series, or of one of its series. */
const telling = Effect.fnUntraced(function* (
  gather: Effect.Effect<void>,
  merged: RuntimeService,
  metric: Metric.Any,
  isMeant: (point: Told) => boolean = () => true
) {
  const deltas = yield* exporting(merged, "delta", [metric])
  const cumulative = yield* exporting(merged, "cumulative", [metric])
  const told: Array<readonly [delta: number, cumulative: number]> = []
  const starts = new Set<number>()
  const tell = Effect.gen(function* () {
    yield* gather
    const delta = (yield* deltas).filter(isMeant)
    const [sum, ...others] = (yield* cumulative).filter(isMeant)
    expect(others).toEqual([])
    starts.add(sum!.start)
    told.push([delta.reduce((sum, { value }) => sum + value, 0), sum!.value])
  })
  return { starts, tell, told }
})

describe.each(Object.entries(ways))("totals in a %s,", (_, way) => {
  it.effect("a counter reset by one process keeps the counts of both processes", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_000_000)
      const { gather, merged, processes } = yield* way(metrics)
      const [one, two] = yield* Effect.forEach(processes, (runtime) =>
        Effect.tap(runtime.createRecorder("a"), (recorder) =>
          Effect.forEach(metrics, (each) => recorder.register(each))
        )
      )
      const later = Effect.andThen(TestClock.adjust("1 second"), gather)
      const { starts, tell, told } = yield* telling(later, merged, Parts)
      yield* emit(one!, 10)
      yield* emit(two!, 10)
      yield* tell
      yield* one!.reset(Parts)
      yield* emit(one!, 3)
      yield* tell
      yield* emit(two!, 4)
      yield* tell
      // 10 + 10, then 3, then 4.
      expect(told).toEqual([
        [20, 20],
        [3, 23],
        [4, 27]
      ])
      expect(starts.size).toBe(1)
    }).pipe(Effect.scoped)
  )

  it.effect("a series that expires in one process keeps that process's counts while another process has it", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_000_000)
      const { gather, merged, processes } = yield* way([BriefParts])
      const [one, two] = yield* Effect.forEach(processes, (runtime) =>
        Effect.tap(runtime.createRecorder("a"), (recorder) => recorder.register(BriefParts))
      )
      const { starts, tell, told } = yield* telling(gather, merged, BriefParts, ({ kind }) => kind === "a")
      yield* emit(one!, 10)
      yield* emit(two!, 7)
      yield* tell
      yield* TestClock.adjust("50 seconds")
      yield* emit(two!, 1)
      yield* TestClock.adjust("30 seconds")
      yield* tell
      // Where series are looked through.
      yield* emit(one!, 1, "b")
      yield* tell
      yield* emit(one!, 1)
      yield* tell
      expect(told).toEqual([
        [17, 17],
        [1, 18],
        [0, 18],
        [1, 19]
      ])
      expect(starts.size).toBe(1)
    }).pipe(Effect.scoped)
  )

  it.effect("a series that has expired everywhere keeps its counts and its start time when it returns", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_000_000)
      const { gather, merged, processes } = yield* way([BriefParts])
      const [one, two] = yield* Effect.forEach(processes, (runtime) =>
        Effect.tap(runtime.createRecorder("a"), (recorder) => recorder.register(BriefParts))
      )
      const deltas = yield* exporting(merged, "delta", [BriefParts])
      const cumulative = yield* exporting(merged, "cumulative", [BriefParts])
      const told: Array<readonly [delta: number, cumulative: number | undefined]> = []
      const starts = new Set<number>()
      const tell = Effect.gen(function* () {
        yield* gather
        const delta = (yield* deltas).reduce((sum, { value }) => sum + value, 0)
        const [sum] = (yield* cumulative).filter(({ kind }) => kind === "a")
        if (sum !== undefined) starts.add(sum.start)
        told.push([delta, sum?.value])
      })
      yield* emit(one!, 10)
      yield* emit(two!, 7)
      yield* tell
      yield* TestClock.adjust("90 seconds")
      yield* tell
      // In both, series are looked through.
      for (const recorder of [one!, two!]) yield* emit(recorder, 1, "b")
      yield* tell
      yield* TestClock.adjust("90 seconds")
      yield* emit(one!, 1)
      yield* tell
      yield* emit(two!, 2)
      yield* tell
      // Of "a" 10 + 7, of "b" 2, then of "a" 1 and 2.
      expect(told).toEqual([
        [17, 17],
        [0, undefined],
        [2, undefined],
        [1, 18],
        [2, 20]
      ])
      expect(starts.size).toBe(1)
    }).pipe(Effect.scoped)
  )

  it.effect("a counter replaced by one process keeps its counts, and adds new ones when it returns", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_000_000)
      const { gather, merged, processes } = yield* way([Parts])
      const [one, two] = yield* Effect.forEach(processes, (runtime) =>
        Effect.tap(runtime.createRecorder("a"), (recorder) => recorder.register(Parts))
      )
      const later = Effect.andThen(TestClock.adjust("1 second"), gather)
      const { starts, tell, told } = yield* telling(later, merged, Parts)
      yield* emit(one!, 10)
      yield* emit(two!, 10)
      yield* tell
      yield* one!.register(PartsBySize, { replace: true })
      yield* tell
      yield* emit(one!, 3)
      yield* tell
      yield* emit(two!, 4)
      yield* tell
      yield* one!.register(Parts, { replace: true })
      yield* emit(one!, 1)
      yield* tell
      yield* one!.register(PartsBySize, { replace: true })
      yield* emit(one!, 1)
      yield* processes[0].stopAndRemoveRecorder("a")
      yield* tell
      // 10 + 10, then 4 in the other process, then 1: the other definition is counted apart.
      expect(told).toEqual([
        [20, 20],
        [0, 20],
        [0, 20],
        [4, 24],
        [1, 25],
        [0, 25]
      ])
      expect(starts.size).toBe(1)
    }).pipe(Effect.scoped)
  )

  it.effect("a gauge replaced by one process no longer has a value from that process", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_000_000)
      const { gather, merged, processes } = yield* way([PartSize])
      const [one, two] = yield* Effect.forEach(processes, (runtime) =>
        Effect.tap(runtime.createRecorder("a"), (recorder) => recorder.register(PartSize))
      )
      const shown = Effect.gen(function* () {
        yield* gather
        yield* internalsOf(merged).gather
        const [a] = internalsOf(merged).sources()
        const [size] = yield* a!.shown
        const { series } = size!.snapshot.dimensions as { readonly series: ReadonlyArray<{ labels: { kind: string } }> }
        return series.map(({ labels }) => labels.kind).toSorted()
      })
      yield* emit(one!, 1, "one")
      yield* emit(two!, 1, "two")
      expect(yield* shown).toEqual(["one", "two"])
      yield* one!.register(PartSizeBySize, { replace: true })
      yield* emit(one!, 1, "one")
      expect(yield* shown).toEqual(["two"])
    }).pipe(Effect.scoped)
  )

  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        what: fc.constant("emit" as const),
        process: fc.nat(1),
        recorder: fc.nat(1),
        count: fc.integer({ min: 1, max: 5 })
      })
    },
    {
      weight: 2,
      arbitrary: fc.record({
        what: fc.constantFrom("reset" as const, "resetAll" as const, "remove" as const, "replace" as const),
        process: fc.nat(1),
        recorder: fc.nat(1)
      })
    },
    { weight: 2, arbitrary: fc.constant({ what: "gather" as const }) },
    fc.record({ what: fc.constant("wait" as const), seconds: fc.constantFrom(1, 20, 50, 70) }),
    fc.constant({ what: "tell delta" as const }),
    fc.constant({ what: "tell cumulative" as const })
  )

  it.effect("every count of the processes is exported once, whatever they reset, replace, remove and let expire", () =>
    forEvery(
      fc.array(step, { minLength: 4, maxLength: 25 }),
      (steps) =>
        Effect.gen(function* () {
          yield* TestClock.setTime(1_000_000)
          const all = [...metrics, PartSummary]
          const { gather, merged, processes } = yield* way(all)
          /** The recorders that have other definitions of these. */
          const replaced = new Set<RecorderService>()
          const replacing = [Parts, BriefParts]
          const replace = (recorder: RecorderService) => {
            const isBack = replaced.delete(recorder)
            if (!isBack) replaced.add(recorder)
            const other = isBack ? replacing : [PartsBySize, BriefPartsBySize]
            return Effect.forEach(other, (metric) => recorder.register(metric, { replace: true }), { discard: true })
          }
          const count = (recorder: RecorderService, count: number) => {
            for (const metric of metrics) {
              if (replaced.has(recorder) && replacing.some(({ name }) => name === metric.name)) continue
              addTo(counted, { name: metric.name, kind: "a" }, count)
            }
            return emit(recorder, count)
          }
          const registered = (process: number, recorder: number) =>
            Effect.tap(processes[process]!.createRecorder(`r${recorder}`), (made) =>
              Effect.forEach(all, (metric) => made.register(metric))
            )
          const recorders = yield* Effect.forEach([0, 1], (process) =>
            Effect.forEach([0, 1], (recorder) => registered(process, recorder))
          )
          const deltas = yield* exporting(merged, "delta", metrics)
          const cumulative = yield* exporting(merged, "cumulative", metrics)
          const counted = new Map<string, number>()
          const told = new Map<string, number>()
          const increases = new Increases()
          const tell = Effect.gen(function* () {
            for (const point of yield* deltas) addTo(told, point, point.value)
            increases.take(yield* cumulative)
          })
          // What expires before its recorder was read is not there again.
          yield* gather
          for (const each of steps) {
            yield* TestClock.adjust("10 millis")
            if (each.what === "emit") yield* count(recorders[each.process]![each.recorder]!, each.count)
            else if (each.what === "replace") yield* replace(recorders[each.process]![each.recorder]!)
            else if (each.what === "remove") {
              yield* processes[each.process]!.stopAndRemoveRecorder(`r${each.recorder}`)
              recorders[each.process]![each.recorder] = yield* registered(each.process, each.recorder)
              yield* gather
            } else if (each.what === "wait") yield* TestClock.adjust(`${each.seconds} seconds`)
            else if (each.what === "gather") yield* gather
            else if (each.what === "tell delta") for (const point of yield* deltas) addTo(told, point, point.value)
            else if (each.what === "tell cumulative") increases.take(yield* cumulative)
            else {
              const recorder = recorders[each.process]![each.recorder]!
              yield* recorder.reset(
                ...(each.what === "resetAll" ? [] : replaced.has(recorder) ? [PartsBySize] : [Parts])
              )
            }
          }
          yield* TestClock.adjust("10 millis")
          // Series that have expired are there again.
          for (const recorder of recorders.flat()) {
            if (replaced.has(recorder)) yield* replace(recorder)
            yield* count(recorder, 1)
          }
          yield* gather
          yield* tell
          expect(yield* totalsOf(merged)).toEqual(counted)
          expect(increases.falls).toEqual([])
          expect(increases.sums).toEqual(counted)
          expect(told).toEqual(counted)
        }),
      25
    )
  )
})
