// Snapshots are plain data that shows whether a metric is quarantined.
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Metric, Recorder, Snapshot } from "mvx-metrics"
import { Fragile, poison, Ticks, tick } from "./support/probe.metrics.ts"

const quarantine = { error: "no more", missed: 2 }

describe("isQuarantined", () => {
  it("returns false for the snapshot of a metric that is not quarantined", () => {
    expect(Snapshot.isQuarantined({ name: "door.openings", dimensions: { total: 1 } })).toBe(false)
    expect(Snapshot.isQuarantined(Metric.snapshot(Ticks, Ticks.initial))).toBe(false)
  })

  it('is not misled by a dimension named "quarantine"', () => {
    expect(Snapshot.isQuarantined({ name: "door.openings", dimensions: { quarantine } })).toBe(false)
  })

  it("returns true for a quarantined metric, whose reason can then be read", () => {
    const snapshot: Snapshot.Snapshot = { name: "door.openings", dimensions: {}, quarantine }
    expect(Snapshot.isQuarantined(snapshot) && snapshot.quarantine).toEqual(quarantine)
  })
})

describe("the snapshots in a report", () => {
  const read = Effect.gen(function* () {
    const recorder = yield* Recorder.make({ logging: "silent" })
    yield* recorder.register(Fragile)
    yield* recorder.register(Ticks)
    for (const event of [tick(1), poison("no more"), tick(2)]) yield* recorder.emit(event)
    return yield* recorder.report
  })

  it.effect("distinguish the quarantined metric from the others", () =>
    Effect.gen(function* () {
      const { snapshots } = yield* read
      const out = Object.values(snapshots).filter(Snapshot.isQuarantined)
      expect(out.map(({ name, quarantine: { missed } }) => ({ name, missed }))).toEqual([
        { name: "probe.fragile", missed: 2 }
      ])
      expect(out[0]?.quarantine.error).toContain("no more")
      expect(out[0]?.dimensions).toEqual({ value: 1 })
    })
  )

  it.effect("are plain data, which JSON preserves", () =>
    Effect.gen(function* () {
      const report = yield* read
      expect(JSON.parse(JSON.stringify(report))).toStrictEqual(report)
    })
  )

  it.effect("are keyed by name, in order of registration", () =>
    Effect.gen(function* () {
      const { snapshots } = yield* read
      expect(Object.entries(snapshots).map(([key, { name }]) => [key, name])).toEqual([
        ["probe.fragile", "probe.fragile"],
        ["probe.ticks", "probe.ticks"]
      ])
    })
  )
})
