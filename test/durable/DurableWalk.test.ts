// Random walks over several processes that continue from one durable state: recorders come, go and name totals, workers
// are replaced, processes shut down or are killed. At each look, everything shown is the fold of the events that count.
import { isDeepStrictEqual } from "node:util"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import type { Metric, RuntimeService } from "mvx-metrics"
import { nextTurn } from "../../src/internal/util/eventLoopTurn.ts"
import { Random } from "../crash/random.ts"
import { asMany } from "../support/long.ts"
import { addTo, exporting, Increases } from "../support/processes.ts"
import { all, Notes, Order, Steps, Times, type WalkEvent } from "./fixtures/walk.metrics.ts"
import {
  addLines,
  countIn,
  folded,
  isAddedUp,
  isLevel,
  kinds,
  type Moment,
  type OfRecorder,
  type Open,
  recorderOf,
  scraped,
  type Taken,
  without
} from "./fixtures/walked.ts"
import { type Place, places } from "./fixtures/walkPlaces.ts"

const ids = ["a", "b", "c"]
const total = "all"

class Walk {
  readonly #random: Random
  readonly #keepsLevels: boolean
  #now = 1_000_000
  #left = new Map<string, OfRecorder>()
  #total: OfRecorder = new Map()
  #moves = new Map<string, number>()
  /** All moments since the last write that is known of. */
  #moments: Array<Moment> = []
  #wasKilled = false

  constructor(random: Random, keepsLevels: boolean) {
    this.#random = random
    this.#keepsLevels = keepsLevels
  }

  /** A process, which ends in one way or the other. */
  process(place: Place, steps: number) {
    return Effect.gen({ self: this }, function* () {
      const isKilled = this.#random.isOneIn(2)
      let undo = (): void => {}
      const open = new Map<string, Open>()
      yield* Effect.scoped(
        Effect.gen({ self: this }, function* () {
          yield* TestClock.setTime(this.#now)
          const runtime = yield* place.make
          yield* runtime.start
          yield* this.#life(runtime, open, place, steps)
          if (isKilled) undo = place.freeze()
        })
      )
      undo()
      this.#wasKilled = isKilled
      if (isKilled) return
      for (const id of [...open.keys()]) this.#leave(id, open)
      this.#moments = []
    })
  }

  /** A write from now on may be of this moment. */
  #note(open: ReadonlyMap<string, Open>): void {
    const left = new Map(this.#left)
    for (const [id, { taken }] of open) left.set(id, new Map([...(left.get(id) ?? []), ...taken]))
    this.#moments.push({ left, total: this.#total, moves: new Map(this.#moves) })
  }

  /**
   * Finds out which writes a killed process has left. Each recorder is as of one moment, and an event that was moved is
   * either in its recorder or in the total.
   */
  #recover(runtime: RuntimeService, open: Map<string, Open>) {
    return Effect.gen({ self: this }, function* () {
      const probe = yield* runtime.createRecorder("probe", { totalOfRemoved: total })
      for (const metric of all) yield* probe.register(metric)
      const inTotal = JSON.stringify([...(yield* scraped(runtime, total))].sort())
      yield* runtime.stopAndRemoveRecorder("probe")
      const totals = this.#moments.filter((moment) => {
        const lines = new Map<string, number>()
        addLines(lines, total, moment.total)
        return JSON.stringify([...lines].sort()) === inTotal
      })
      expect(totals, "moments of the total").not.toEqual([])
      const found = new Map<string, ReadonlyArray<Moment>>()
      for (const id of ids) {
        const recorder = yield* runtime.createRecorder(id)
        for (const metric of all) yield* recorder.register(metric)
        const snapshots = yield* recorder.snapshots
        const restored = (moment: Moment, { name }: Metric.Any): Taken | undefined =>
          isLevel(name) && !this.#keepsLevels ? undefined : moment.left.get(id)?.get(name)
        const isOf = (moment: Moment): boolean =>
          [Notes, Order].every(
            (each) => (restored(moment, each)?.events.length ?? 0) === countIn(snapshots[each.name]!.dimensions)
          ) &&
          all.every((metric) =>
            isDeepStrictEqual(snapshots[metric.name], folded(metric, restored(moment, metric), this.#now))
          )
        const moments = this.#moments.filter(isOf)
        expect(moments, `moments of ${id}`).not.toEqual([])
        found.set(id, moments)
        const taken = all.map((metric): [string, Taken] => {
          const events = restored(moments.at(-1)!, metric)?.events ?? []
          const since = moments.flatMap((moment) => restored(moment, metric)?.since ?? [])
          // A state without events may not have been written at all.
          return [metric.name, { since: events.length > 0 ? since : [...since, this.#now], events }]
        })
        open.set(id, { recorder, namesTotal: false, taken: new Map(taken), accepted: 0 })
      }
      const agreeing = totals.filter(({ moves }) =>
        ids.every((id) => found.get(id)!.some((moment) => moment.moves.get(id) === moves.get(id)))
      )
      expect(agreeing, "moves of counts").not.toEqual([])
      this.#left = new Map()
      this.#total = agreeing.at(-1)!.total
      this.#moments = []
    })
  }

  #life(runtime: RuntimeService, open: Map<string, Open>, place: Place, steps: number) {
    return Effect.gen({ self: this }, function* () {
      const random = this.#random
      const measured = [Steps, Times]
      const cumulative = yield* exporting(runtime, "cumulative", measured)
      const delta = yield* exporting(runtime, "delta", measured)
      /** By metric and kind: what deltas have told, and what they must. */
      const told = new Map<string, number>()
      const counted = new Map<string, number>()
      /** Metrics that the total has in this process. */
      const shown = new Set<string>()
      let unsaved = 0
      if (this.#wasKilled) {
        yield* this.#recover(runtime, open)
        for (const metric of all) if (isAddedUp(metric)) shown.add(metric.name)
      }
      this.#note(open)

      const tell = Effect.gen(function* () {
        for (const point of yield* delta) addTo(told, point, point.value)
        for (const [key, value] of told) if (value === 0) told.delete(key)
        expect(told).toEqual(counted)
      })

      const register = (id: string, one: Open, metric: Metric.Any) =>
        Effect.gen({ self: this }, function* () {
          yield* one.recorder.register(metric as (typeof all)[number])
          const { name } = metric
          const left = isLevel(name) && !this.#keepsLevels ? undefined : this.#left.get(id)?.get(name)
          one.taken = new Map(one.taken).set(name, left ?? { since: [this.#now], events: [] })
          this.#left.set(id, without(this.#left.get(id) ?? new Map(), [name]))
          if (one.namesTotal && isAddedUp(metric)) shown.add(name)
        })

      const emit = (one: Open, event: WalkEvent) =>
        Effect.gen({ self: this }, function* () {
          yield* one.recorder.emit(event)
          unsaved++
          one.accepted++
          one.taken = new Map(
            [...one.taken].map(([name, taken]) => [
              name,
              (name === Notes.name) === (event._tag === "walk.note")
                ? { ...taken, events: [...taken.events, [event, this.#now]] }
                : taken
            ])
          )
          this.#note(open)
        })

      const increases = new Increases()
      const look = Effect.gen({ self: this }, function* () {
        const expected = new Map<string, number>()
        for (const [id, { accepted, recorder, taken }] of open) {
          const { snapshots, stats } = yield* recorder.report
          for (const metric of all) {
            const of = taken.get(metric.name)
            expect(snapshots[metric.name], `${metric.name} of ${id}`).toEqual(of && folded(metric, of, this.#now))
          }
          expect(stats).toMatchObject({ accepted, evicted: 0, pending: 0, refused: 0 })
          addLines(expected, id, taken)
        }
        addLines(expected, total, new Map([...this.#total].filter(([name]) => shown.has(name))))
        expect(yield* scraped(runtime)).toEqual(expected)
        const points = yield* cumulative
        increases.take(points)
        expect(increases.falls).toEqual([])
        // A recorder that was removed since the previous export is told once more, before the one that has its id now.
        const last = new Map(points.map((point) => [`${point.name} ${recorderOf(point)} ${point.kind}`, point]))
        for (const [id, { taken }] of open) {
          for (const { name } of measured) {
            for (const kind of kinds) {
              const line = name === Steps.name ? "walk_steps_total" : "walk_times_count"
              const value = expected.get(`${line} ${id} ${kind}`)
              if (value === undefined) continue
              const point = last.get(`${name} ${id} ${kind}`)
              expect(point).toMatchObject({ value })
              expect(taken.get(name)!.since).toContain(point!.start)
            }
          }
        }
        const { durable } = yield* runtime.stats
        expect(durable).toMatchObject({ discarded: 0, failures: 0 })
        expect(durable!.unsaved).toBeGreaterThanOrEqual(0)
        expect(durable!.unsaved).toBeLessThanOrEqual(unsaved)
      })

      for (let i = 0; i < steps; i++) {
        const id = random.one(ids)
        const one = open.get(id)
        const what = random.upTo(13)
        this.#now++
        yield* TestClock.setTime(this.#now)
        if (one === undefined) {
          const namesTotal = random.isOneIn(2)
          const recorder = yield* runtime.createRecorder(id, { totalOfRemoved: namesTotal && total })
          const made = { recorder, namesTotal, taken: new Map(), accepted: 0 }
          open.set(id, made)
          for (const metric of all) if (!random.isOneIn(5)) yield* register(id, made, metric)
        } else if (what < 4) {
          for (let n = random.upTo(20); n >= 0; n--) {
            const kind = random.one(kinds)
            yield* emit(one, { _tag: "walk.step", kind, millis: random.upTo(900) + 0.1 })
            for (const { name } of measured) if (one.taken.has(name)) addTo(counted, { name, kind }, 1)
            if (random.isOneIn(8)) yield* nextTurn
          }
        } else if (what === 4) this.#now += random.one([1, 1000, 20_000])
        else if (what === 5) {
          for (const metric of all) if (!one.taken.has(metric.name)) yield* register(id, one, metric)
        } else if (what === 6) {
          yield* runtime.stopAndRemoveRecorder(id)
          this.#leave(id, open)
        } else if (what === 7) {
          // What is not exported before a reset is in no delta.
          yield* tell
          yield* one.recorder.reset()
          one.taken = new Map([...one.taken.keys()].map((name) => [name, { since: [this.#now], events: [] }]))
        } else if (what === 8) {
          yield* runtime.flush()
          unsaved = 0
          this.#moments = []
        } else if (what === 9) yield* place.killWorker
        else if (what === 10) yield* tell
        else if (what === 11) {
          for (let n = 0; n < place.notes; n++)
            yield* emit(one, { _tag: "walk.note", text: `${i} ${n}`.padEnd(4000, "-") })
        } else yield* look
        this.#note(open)
      }
      yield* TestClock.setTime(this.#now)
      yield* tell
      yield* look
    })
  }

  /** A recorder is removed, at the latest by a shutdown. */
  #leave(id: string, open: Map<string, Open>): void {
    const { namesTotal, taken } = open.get(id)!
    open.delete(id)
    if (!namesTotal) {
      this.#left.set(id, new Map([...(this.#left.get(id) ?? []), ...taken]))
      return
    }
    this.#moves.set(id, (this.#moves.get(id) ?? 0) + 1)
    const sum = new Map(this.#total)
    for (const metric of all) {
      const { name } = metric
      const own = taken.get(name)
      if (own === undefined || !isAddedUp(metric)) continue
      sum.set(name, { since: [], events: [...(sum.get(name)?.events ?? []), ...own.events] })
    }
    this.#total = sum
  }
}

describe.each([
  ["in process", asMany(100, 1)],
  ["on the worker", asMany(20, 1)]
] as const)("a walk over several processes, %s,", (where, count) => {
  it.effect.each(Array.from({ length: count }, (_, i) => i + 1))("shows each event once: seed %i", (seed) =>
    Effect.gen(function* () {
      const random = new Random(seed)
      const keepsLevels = random.isOneIn(2)
      const place = yield* places[where](keepsLevels, random.one(["1 hour", "1 milli"]))
      const walk = new Walk(random, keepsLevels)
      for (let process = 0; process < 4; process++) yield* walk.process(place, 10 + random.upTo(30))
    })
  )
})
