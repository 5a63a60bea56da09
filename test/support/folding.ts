/**
 * The fold of a runtime over a stream in the same thread, like that of the in-process layer. It folds on demand.
 */
import { deserialize, serialize } from "node:v8"
import { expect } from "@effect/vitest"
import type { Metric, Snapshot } from "mvx-metrics"
import { Fold } from "../../src/internal/fold/fold.ts"
import type { SavedLane } from "../../src/internal/fold/savedLane.ts"
import { laneRecord, segmentOf } from "../../src/internal/fold/segment.ts"
import { ExpositionNames } from "../../src/internal/formats/prometheus/nameRegistry.ts"
import { Registrations } from "../../src/internal/recorder/registrations.ts"
import type { Carrier } from "../../src/internal/stream/carrier.ts"
import type { Command } from "../../src/internal/stream/commands.ts"
import { EventWriter } from "../../src/internal/stream/eventWriter.ts"
import { ChunkBytes } from "../../src/internal/stream/foldedCounters.ts"
import type { FoldMessage, Read, StateRead } from "../../src/internal/stream/foldMessages.ts"
import { PageBytes, setRead } from "../../src/internal/stream/rows/page.ts"
import { RowWriter } from "../../src/internal/stream/writer.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { rowSource } from "./rowSource.ts"

export class Folding {
  readonly writer: RowWriter
  readonly #fold: Fold
  readonly #catalog = new Map<string, Metric.Any>()
  readonly #said: Array<FoldMessage> = []
  #lanes = 0
  #time: number | undefined

  /** `generate`: whether to generate code for layouts. */
  constructor(generate = true) {
    this.#fold = new Fold({
      send: (message) => void this.#said.push(message),
      sendCopies: false,
      onPageRead: setRead,
      catalog: this.#catalog
    })
    const { reader } = this.#fold
    const carrier: Carrier = {
      pagesInTurn: { least: 0, most: 0 },
      fixedMemory: false,
      allocate: (bytes) => new ArrayBuffer(bytes),
      opened: (first, buffer) => reader.memory(first, buffer),
      attach: (attachments) => reader.attach(attachments),
      rouse: () => {},
      letSleep: () => {},
      wake: () => {},
      turned: () => {},
      soon: () => {}
    }
    this.writer = new RowWriter(carrier, 64 * PageBytes, generate)
    this.send({ _tag: "Counters", chunk: 0, buffer: new ArrayBuffer(ChunkBytes) })
  }

  /** By the live clock: consecutive events with the same time then form one run. */
  #atTime(at: number, write: () => void): void {
    // The clock is read again.
    if (!Object.is(at, this.#time)) this.writer.give(undefined)
    this.#time = at
    const { now } = Date
    Date.now = () => at
    try {
      write()
    } finally {
      Date.now = now
    }
  }

  /** See `FoldOfLanes`. */
  set isCareful(careful: boolean) {
    Object.defineProperty(this.#fold, "isCareful", { value: careful, configurable: true })
  }

  send(command: Command): void {
    this.writer.command(command)
  }

  fold(): void {
    this.writer.publish(true)
    this.#fold.reader.read(Number.POSITIVE_INFINITY)
    while (this.#fold.work.isPending) this.#fold.work.goOn()
  }

  /** A recorder with these metrics. */
  recorder(metrics: ReadonlyArray<Metric.Any>) {
    const lane = this.#lanes++ % 1024
    const registrations = new Registrations("r", undefined, new ExpositionNames())
    this.send({ _tag: "Open", lane, recorderId: "r" })
    const source = rowSource(lane)
    const events = new EventWriter(this.writer, registrations)
    const register = (metric: Metric.Any): void => {
      expect(registrations.claim([metric])).toBe(undefined)
      registrations.add([metric])
      events.forgetLayouts()
      this.#catalog.set(metric.name, metric)
      this.send({ _tag: "Register", lane, name: metric.name, metric, at: 0 })
    }
    for (const metric of metrics) register(metric)
    const ask = (what: "snapshots" | "shown" | "states", now: number): Read => {
      this.send({ _tag: "Read", lane, request: 1, what, now })
      this.fold()
      return this.#said.splice(0).find((message) => message._tag === "Answer")!.read
    }
    const save = (): SavedLane => {
      this.fold()
      return deserialize(serialize(allSteps(this.#fold.lanes.find(lane)!.saving())))
    }
    return {
      register,
      ask,
      save,
      /** Folds pending events, and replaces the lane by the one that another fold would have. */
      replace: (): void => {
        const saved = save()
        for (const metric of metrics) this.#catalog.set(metric.name, metric)
        const segments = new Map([[0, segmentOf([laneRecord(lane, -1, -1, saved)])]])
        const place = { page: 0, turn: 0, word: 0 }
        this.#fold.restore({
          careful: 0,
          counters: [],
          seen: [],
          gone: { lanes: [], to: 0 },
          poisoned: [],
          segments,
          place
        })
      },
      emit: (event: MetricEvent, at: number): void => {
        this.#atTime(at, () => {
          expect(events.writeRow(source, event) || events.writeRow(source, structuredClone(event))).toBe(true)
        })
      },
      /** The states of the metrics, in the same way. */
      states: (now = 0): ReadonlyArray<unknown> =>
        (ask("states", now) as ReadonlyArray<StateRead>).map(({ state }) => state),
      /** The snapshots of the metrics, including every event emitted before. */
      read: (now = 0): ReadonlyArray<unknown> => {
        const snapshots = ask("snapshots", now) as ReadonlyArray<Snapshot.Snapshot>
        expect(snapshots.filter(({ quarantine }) => quarantine !== undefined)).toEqual([])
        return snapshots.map(({ dimensions }) => dimensions)
      }
    }
  }
}
