// Threads, aggregators and the store end, fail and are set back after any step: each event is still folded once.
import { afterEach, beforeEach, describe, expect, it, vi } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Aggregator, type AggregatorOptions } from "../../src/internal/aggregate/aggregator.ts"
import type { FoldedMetrics } from "../../src/internal/aggregate/foldedMetrics.ts"
import { Reports } from "../../src/internal/aggregate/report.ts"
import type { EventStoreService } from "../../src/internal/store/eventStore.ts"
import { Random } from "../crash/random.ts"
import { runs } from "../support/long.ts"
import { BrokenStore, type Fate } from "./support/brokenStore.ts"
import { RequestMetrics } from "./support/requests.metrics.ts"
import { requestAt } from "./support/requests.ts"
import { SentEvents } from "./support/sentEvents.ts"

const at = (i: number): number => 1_700_000_000_000 + i * 3

const problems: Array<string> = []
const metrics: FoldedMetrics = {
  byName: new Map(RequestMetrics.metrics.map((metric) => [metric.name, metric])),
  onProblem: (problem) => void problems.push(problem)
}

const aggregatorOf = (store: EventStoreService, options: Partial<AggregatorOptions> = {}) =>
  new Aggregator({
    store,
    namespace: "protocol",
    metrics,
    leaseMillis: 1000,
    silentMillis: 1e9,
    rememberMillis: 1e9,
    maxEnded: 1000,
    ...options
  })

beforeEach(() => {
  problems.length = 0
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] })
})
afterEach(() => {
  vi.useRealTimers()
})

const reliable = (store: BrokenStore): EventStoreService => store.usedWith(() => "works")

const countsOf = (store: BrokenStore) =>
  new Reports({ store: reliable(store), namespace: "protocol", metrics, reader: "report" }).report

/** Runs what a process has on its way, and what follows from it at once. */
const deliver = (sent: SentEvents) =>
  Effect.gen(function* () {
    vi.advanceTimersByTime(0)
    for (let next = sent.takePending(); next !== undefined; next = sent.takePending()) yield* next
  })

describe("a stream of events", () => {
  const numbers = Array.from({ length: runs(120) }, (_, i) => i)
  it.effect.each(numbers)("counts every event once, whatever ends, fails or is lost: seed %i", (seed) =>
    Effect.gen(function* () {
      const random = new Random(seed)
      const store = new BrokenStore()
      const fate = (): Fate => (random.isOneIn(6) ? random.one<Fate>(["fails", "fails, and has done it"]) : "works")
      const processes = [1, 2].map((process) => {
        const sent = new SentEvents(store.usedWith(fate), `p${process}`)
        sent.open()
        return { process, sent, emitted: 0 }
      })
      // Half of the time, processes are taken for ended that are silent for a while.
      const silentMillis = random.one([4000, 1e9])
      const newAggregator = () => aggregatorOf(store.usedWith(fate), { silentMillis })
      const aggregators = [newAggregator(), newAggregator()]
      for (let step = 0; step < 60; step++) {
        const own = random.one(processes)
        switch (random.upTo(9)) {
          case 0:
          case 1:
            for (let n = random.upTo(12); n > 0; n--) {
              own.sent.emit(requestAt(own.process, own.emitted), at(own.emitted))
              own.emitted++
            }
            if (random.isOneIn(8)) own.sent.reopen()
            own.sent.fold(random.upTo(20))
            break
          case 2:
            own.sent.ship()
            yield* deliver(own.sent)
            break
          case 3:
            own.sent.checkpoint()
            break
          case 4:
            if (random.isOneIn(2)) own.sent.die()
            break
          case 5:
            // It may have done a part of what it was about to do.
            own.sent.ship()
            vi.advanceTimersByTime(0)
            if (random.isOneIn(2)) yield* own.sent.takePending() ?? Effect.void
            own.sent.die()
            break
          case 6:
            if (silentMillis === 1e9 && random.isOneIn(3)) store.setBack(random.upTo(10))
            break
          case 7:
            yield* TestClock.adjust(random.upTo(3000))
            break
          default: {
            const i = random.upTo(1)
            const done = yield* Effect.exit(aggregators[i]!.round)
            // One that has failed may as well have been killed where it was.
            if (done._tag === "Failure" && random.isOneIn(2)) aggregators[i] = newAggregator()
          }
        }
      }
      // From here on all works.
      const last = aggregatorOf(reliable(store))
      for (const { sent } of processes) sent.fold()
      for (let i = 0; i < 30; i++) {
        yield* TestClock.adjust(500)
        for (const { sent } of processes) {
          sent.ship()
          vi.advanceTimersByTime(10_000)
          yield* deliver(sent)
        }
        for (const aggregator of [...aggregators, last]) yield* Effect.ignore(aggregator.round)
      }
      const { recorders } = yield* countsOf(store)
      for (const { emitted, process, sent } of processes) {
        sent.stop()
        const total = recorders[`p${process}`]!
        const { applied, evicted, ignored, missed } = total.events
        expect({ events: applied + ignored, evicted, missed }).toEqual({ events: emitted, evicted: 0, missed: 0 })
      }
      expect(problems).toEqual([])
    })
  )

  it.effect("has room again when committed batches are safe, however far apart heartbeats are", () =>
    Effect.gen(function* () {
      const store = new BrokenStore()
      const sent = new SentEvents(reliable(store), "p1", { memoryLimit: 1, graceMillis: 1000 })
      const aggregator = aggregatorOf(reliable(store))
      sent.open()
      sent.emit(requestAt(1, 0), at(0))
      sent.fold()
      sent.ship()
      yield* deliver(sent)
      yield* aggregator.round
      const fullAfter = (millis: number) =>
        Effect.gen(function* () {
          for (let passed = 0; passed < millis; passed += 50) {
            vi.advanceTimersByTime(50)
            yield* deliver(sent)
          }
          return sent.isFull
        })
      expect(yield* fullAfter(900)).toBe(true)
      expect(yield* fullAfter(600)).toBe(false)
      sent.stop()
    })
  )
})
