// The last events of a runtime: on demand, and recorded when something goes wrong.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { type AddressInfo, connect, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Logger, Schedule, Schema, Stream } from "effect"
import {
  type FlightRecorderOptions,
  type FlightRecording,
  Metric,
  MetricsRuntime,
  Replay,
  type RuntimeService
} from "mvx-metrics"
import { MetricsRuntime as PromiseRuntime } from "mvx-metrics/promise"
import { onBothRuntimes, started } from "../support/bothRuntimes.ts"
import { Fragile, Notes, note, ProbeEvent, poison, Sums, Ticks, tick } from "../support/probe.metrics.ts"
import { all, Poisoned, poisonousWorker } from "../worker/fixtures/poisonous.metrics.ts"

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "flight-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** Options that keep the recordings, and the next recording of a reason. */
const keeping = (options: Omit<FlightRecorderOptions, "onRecording"> = {}) => {
  const recordings: Array<FlightRecording> = []
  const waiting = new Map<string, Deferred.Deferred<FlightRecording>>()
  const next = (reason: string): Effect.Effect<FlightRecording> =>
    Effect.suspend(() => {
      const known = recordings.find(({ incident }) => incident.reason === reason)
      if (known !== undefined) return Effect.succeed(known)
      const deferred = Deferred.makeUnsafe<FlightRecording>()
      waiting.set(reason, deferred)
      return Deferred.await(deferred)
    })
  const onRecording = (recording: FlightRecording) => {
    recordings.push(recording)
    const deferred = waiting.get(recording.incident.reason)
    return deferred === undefined ? undefined : Deferred.succeed(deferred, recording)
  }
  return { flightRecorder: { ...options, onRecording }, next, recordings }
}

onBothRuntimes("a flight recorder", (make) => {
  it.live("returns the last events on demand, complete and in order, with their recorders and times", () =>
    Effect.gen(function* () {
      const runtime = yield* started(make({ flightRecorder: { events: 7 } }))
      const first = yield* runtime.createRecorder("first")
      const second = yield* runtime.createRecorder("second")
      for (const each of [first, second]) yield* each.register(Sums)
      yield* second.register(Notes)
      const before = Date.now()
      for (let n = 1; n <= 5; n++) {
        yield* first.emit(tick(n / 2))
        yield* first.emit(poison("not read by any metric"))
        yield* second.emit(note(`note ${n}`, "a", "b"))
        yield* second.emit({ _tag: "strange" })
      }
      const { events, incident, namespace } = yield* runtime.flightRecording()
      const after = Date.now()
      expect([namespace, incident]).toEqual(["test", { reason: "demand" }])
      expect(events.map(({ event, recorderId, sequence }) => [recorderId, sequence, event])).toEqual([
        ["second", 5, note("note 3", "a", "b")],
        ["first", 7, tick(2)],
        ["first", 8, poison("not read by any metric")],
        ["second", 7, note("note 4", "a", "b")],
        ["first", 9, tick(2.5)],
        ["first", 10, poison("not read by any metric")],
        ["second", 9, note("note 5", "a", "b")]
      ])
      for (const { at } of events) expect(at >= before && at <= after).toBe(true)
      const own = yield* runtime.flightRecording({ recorderId: "second" })
      expect(own.incident).toEqual({ reason: "demand", recorderId: "second" })
      expect(own.events.map(({ sequence }) => sequence)).toEqual([1, 3, 5, 7, 9])
    })
  )

  it.live("records a quarantine up to its event, so that Replay shows the same error", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryFolder
      const { flightRecorder, next } = keeping({ directory: join(directory, "incidents") })
      const runtime = yield* started(make({ flightRecorder }))
      const recorder = yield* runtime.createRecorder("app")
      const bystander = yield* runtime.createRecorder("bystander")
      for (const each of [recorder, bystander]) yield* each.register(Fragile)
      for (let n = 1; n <= 3; n++) {
        yield* recorder.emit(tick(n))
        yield* bystander.emit(tick(n))
      }
      yield* recorder.emit(poison("no such reason"))
      yield* recorder.emit(tick(5))
      yield* recorder.flush()
      const { events, file, incident, toNdjson } = yield* next("quarantine")
      const error = "RangeError: no such reason"
      expect(incident).toEqual({
        reason: "quarantine",
        recorderId: "app",
        metric: Fragile.name,
        error: expect.stringContaining(error),
        sequence: 4
      })
      expect(events.map(({ event, recorderId }) => [recorderId, event])).toEqual(
        [tick(1), tick(2), tick(3), poison("no such reason")].map((event) => ["app", event])
      )
      const text = readFileSync(file!, "utf8")
      expect(toNdjson()).toBe(text)
      expect(JSON.parse(text.slice(0, text.indexOf("\n")))).toMatchObject({ recording: incident })
      const shown = yield* Replay.runStream(Fragile, Replay.fromNdjson(ProbeEvent, Stream.make(text)))
      expect(shown[Fragile.name]).toMatchObject({
        dimensions: { value: 3 },
        quarantine: { error: incident.error, missed: 1 }
      })
    })
  )

  it.live("records the first overflow of a minute", () =>
    Effect.gen(function* () {
      const { flightRecorder, next, recordings } = keeping({ on: ["overflow"] })
      const runtime = yield* started(make({ flightRecorder }))
      const released = yield* Deferred.make<void>()
      const recorder = yield* runtime.createRecorder("full", {
        capacity: 4,
        onMetricChanged: () => Deferred.await(released)
      })
      yield* recorder.register(Ticks)
      for (let n = 1; n <= 9; n++) recorder.emitUnsafe(tick(n))
      const { events, incident } = yield* next("overflow")
      expect(incident).toEqual({ reason: "overflow", recorderId: "full" })
      expect(events.map(({ event }) => event)).toEqual([1, 2, 3, 4].map((n) => tick(n)))
      for (let n = 1; n <= 9; n++) recorder.emitUnsafe(tick(n))
      yield* Effect.yieldNow
      expect(recordings).toHaveLength(1)
      yield* Deferred.succeed(released, undefined)
    })
  )

  it.live("warns if a recording cannot be written, and fails nothing", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryFolder
      const taken = join(directory, "taken")
      writeFileSync(taken, "")
      const { flightRecorder } = keeping({ directory: taken })
      const warned = yield* Deferred.make<unknown>()
      const logger = Logger.make(({ message }) => {
        if (String(message).includes("could not record")) Deferred.doneUnsafe(warned, Effect.succeed(String(message)))
      })
      const runtime = yield* started(make({ flightRecorder, logging: "normal" })).pipe(
        Effect.provide(Logger.layer([logger]))
      )
      const recorder = yield* runtime.createRecorder("app", { logging: "silent" })
      yield* recorder.register(Fragile)
      yield* recorder.emit(poison("bad"))
      expect(yield* Deferred.await(warned)).toMatch(/^the flight recorder could not record a quarantine: EEXIST/)
      yield* recorder.emit(tick(1))
      yield* recorder.flush()
      expect((yield* recorder.stats).accepted).toBe(2)
    })
  )

  it.live("is rejected by name if its options are invalid", () =>
    Effect.gen(function* () {
      for (const [options, reason] of [
        [{ events: 0 }, "events: must be a positive integer, got 0"],
        [{ on: ["fire"] }, "on: must be an array of some of quarantine, death, overflow"],
        [{ folder: "x" }, "folder: is not an option"],
        [true, "must be an object of options"]
      ] as const) {
        const exit = yield* Effect.exit(make({ flightRecorder: options as never }))
        expect(String(exit)).toContain(reason)
      }
      const runtime = yield* started(make())
      expect(yield* Effect.flip(runtime.flightRecording())).toMatchObject({
        _tag: "mvx-metrics/InvalidState",
        hint: "Make it with flightRecorder: {}"
      })
    })
  )
})

describe("a flight recorder of a worker", () => {
  it.live("records each death with the metric, and then its quarantine", () =>
    Effect.gen(function* () {
      const { flightRecorder, next, recordings } = keeping()
      const runtime = yield* MetricsRuntime.makeWorker({
        namespace: "test",
        logging: "silent",
        spawn: poisonousWorker,
        restart: Schedule.spaced("1 milli"),
        flightRecorder
      })
      yield* runtime.start
      const recorder = yield* runtime.createRecorder("struck")
      for (const metric of all) yield* recorder.register(metric)
      for (let n = 1; n <= 3; n++) recorder.emitUnsafe({ _tag: "poison.work", how: "fine", n })
      recorder.emitUnsafe({ _tag: "poison.work", how: "exit", n: 4 })
      for (let n = 5; n <= 9; n++) recorder.emitUnsafe({ _tag: "poison.work", how: "fine", n })
      const { events, incident } = yield* next("quarantine")
      const [first, second] = recordings
      for (const death of [first, second]) {
        expect(death!.incident).toMatchObject({
          reason: "death",
          recorderId: "struck",
          metric: Poisoned.name,
          error: expect.stringContaining("exited with code: 3"),
          sequence: 4
        })
      }
      for (const recorded of [first!.events, second!.events, events]) {
        expect(recorded.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4])
        expect(recorded.at(-1)!.event).toEqual({ _tag: "poison.work", how: "exit", n: 4 })
      }
      expect(incident).toMatchObject({ metric: Poisoned.name, sequence: 4 })
    })
  )
})

describe("the text of a flight recording", () => {
  const Typed = Schema.TaggedUnion({ typed: { on: Schema.Date, big: Schema.BigInt, n: Schema.Number } })
  const Count = Metric.make("typed.count", {
    events: Typed,
    initial: 0,
    reduce: { typed: (count) => count + 1 }
  })

  it.live("has events by their schema, and notes where one does not conform to it", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime.makeInProcess({ namespace: "test", logging: "silent", flightRecorder: {} })
      yield* runtime.start
      const recorder = yield* runtime.createRecorder("app")
      yield* recorder.register(Count)
      const fine = { _tag: "typed", on: new Date(5), big: 2n ** 70n, n: Number.NaN } as const
      const odd = { _tag: "typed", on: "no date", big: 1n, n: 1 }
      yield* recorder.emit(fine)
      yield* recorder.emit(odd as never)
      const recording = yield* runtime.flightRecording()
      expect(recording.events.map(({ event }) => event)).toEqual([fine, odd])
      const bad: Array<number> = []
      const read = yield* Replay.fromNdjson(Typed, Stream.make(recording.toNdjson()), {
        onBadLine: ({ line }) => Effect.sync(() => bad.push(line))
      }).pipe(Stream.runCollect)
      expect(read.map(({ event }) => event)).toEqual([fine])
      expect(bad).toEqual([3])
    })
  )
})

describe("the folder of a flight recorder", () => {
  it.live("keeps the last files only, and touches no other file", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryFolder
      writeFileSync(join(directory, "other.ndjson"), "")
      const done = yield* Deferred.make<void>()
      let count = 0
      const runtime = yield* MetricsRuntime.makeInProcess({
        namespace: "test",
        logging: "silent",
        flightRecorder: {
          directory,
          files: 2,
          onRecording: () => (++count === 3 ? Deferred.succeed(done, undefined) : undefined)
        }
      })
      yield* runtime.start
      for (const id of ["a", "b", "c"]) {
        const recorder = yield* runtime.createRecorder(id)
        yield* recorder.register(Fragile)
        yield* recorder.emit(poison(id))
        yield* recorder.flush()
      }
      yield* Deferred.await(done)
      const files = readdirSync(directory).sort()
      expect(files).toEqual([
        expect.stringMatching(/^flight-.*-quarantine\.ndjson$/),
        expect.stringMatching(/^flight-.*-quarantine\.ndjson$/),
        "other.ndjson"
      ])
    })
  )
})

onBothRuntimes("a shutdown", (make) => {
  it.live("waits for a file that is being written", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryFolder
      const runtime = yield* started(make({ flightRecorder: { directory } }))
      const recorder = yield* runtime.createRecorder("app")
      yield* recorder.register(Fragile)
      for (let n = 1; n <= 2000; n++) recorder.emitUnsafe(tick(n))
      recorder.emitUnsafe(poison("bad"))
      yield* runtime.shutdown
      expect(readdirSync(directory)).toEqual([expect.stringMatching(/-quarantine\.ndjson$/)])
    })
  )
})

onBothRuntimes("a flush", (make) => {
  it.live("waits for the files of earlier incidents", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryFolder
      const runtime = yield* started(make({ flightRecorder: { directory } }))
      const recorder = yield* runtime.createRecorder("app")
      yield* recorder.register(Fragile)
      for (let n = 1; n <= 2000; n++) recorder.emitUnsafe(tick(n))
      recorder.emitUnsafe(poison("bad"))
      yield* runtime.flush()
      expect(readdirSync(directory)).toEqual([expect.stringMatching(/-quarantine\.ndjson$/)])
    })
  )
})

/** In a callback of a socket: actions for the next turn run before messages of threads that come in from now on. */
const dataReceived = Effect.callback<void>((resume) => {
  const server = createServer((socket) => {
    socket.end("data")
    server.close()
  }).listen(0, "127.0.0.1", () => {
    connect((server.address() as AddressInfo).port, "127.0.0.1").once("data", () => resume(Effect.void))
  })
})

describe("a flush and a shutdown of a worker", () => {
  for (const [name, end] of [
    ["flush", (runtime: RuntimeService) => runtime.flush()],
    ["shutdown", (runtime: RuntimeService) => runtime.shutdown]
  ] as const) {
    it.live(`${name} waits for the file of incidents that the fold has reported and that were not yet received`, () =>
      Effect.gen(function* () {
        const directory = yield* temporaryFolder
        const runtime = yield* MetricsRuntime.makeWorker({
          namespace: "test",
          logging: "silent",
          metrics: new URL("../support/probe.metrics.ts", import.meta.url),
          flightRecorder: { directory }
        })
        yield* runtime.start
        const recorder = yield* runtime.createRecorder("app")
        yield* recorder.register(Fragile)
        yield* recorder.flush()
        yield* dataReceived
        recorder.emitUnsafe(poison("bad"))
        yield* Effect.promise(async () => {})
        while (Effect.runSync(recorder.stats).pending > 0);
        yield* end(runtime)
        expect(readdirSync(directory)).toEqual([expect.stringMatching(/-quarantine\.ndjson$/)])
      })
    )
  }
})

describe("a flight recorder without Effect", () => {
  it("returns the last events, and passes recordings to a function", async () => {
    let tell: (recording: FlightRecording) => void
    const told = new Promise<FlightRecording>((resolve) => {
      tell = resolve
    })
    const runtime = await PromiseRuntime.start({
      namespace: "test",
      inProcess: true,
      logging: "silent",
      flightRecorder: { onRecording: async (recording) => tell(recording) }
    })
    const recorder = await runtime.createRecorder("app")
    const metrics = await recorder.registerMetric(Fragile)
    metrics.emit(poison("bad"))
    expect(runtime.flightRecording().events.map(({ event }) => event)).toEqual([poison("bad")])
    expect((await told).incident).toMatchObject({ reason: "quarantine", metric: Fragile.name, sequence: 1 })
    await runtime.shutdown()
  })
})
