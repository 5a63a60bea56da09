// The names of several metrics are claimed together or not at all: after any failure they are free for others.
import { expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { Metric } from "mvx-metrics"
import { ExpositionNames } from "../../src/internal/formats/prometheus/nameRegistry.ts"
import { Registrations } from "../../src/internal/recorder/registrations.ts"

const events = Schema.TaggedUnion({ job: { n: Schema.Number } })
const counter = (name: string) => Metric.counter(name, { events })
/** Names that are one in Prometheus. */
const [one, other] = [counter("a.b"), counter("a-b")]
const gauge = Metric.gauge("a.b", { events, value: "n" })

/** Names, what was told of them, and who claims some. */
const registry = () => {
  const names = new ExpositionNames()
  const told: Array<readonly [name: string, isThere: boolean]> = []
  names.onChange = ({ name }, isThere) => void told.push([name, isThere])
  return { names, told, recorder: (id: string) => new Registrations(id, undefined, names) }
}

const failOn = (names: ExpositionNames, failing: string): void => {
  names.onChange = ({ name }) => {
    if (name === failing) throw new Error("defect")
  }
}

it("a claim that fails midway leaves no name taken", () => {
  const { names, recorder } = registry()
  failOn(names, "c")
  expect(() => recorder("r").claim([one, counter("c")])).toThrow("defect")
  names.onChange = undefined
  expect(recorder("s").claim([other, counter("c")])).toBe(undefined)
})

it("a claim that fails midway leaves the names to the metrics that it would have replaced", () => {
  const { names, recorder } = registry()
  const r = recorder("r")
  expect(r.claim([one])).toBe(undefined)
  r.add([one])
  failOn(names, "c")
  expect(() => r.claim([gauge, counter("c")])).toThrow("defect")
  names.onChange = undefined
  expect(recorder("s").claim([other])).toMatchObject({ other: "a.b" })
  expect(recorder("s").claim([gauge])).toMatchObject({ other: "a.b" })
  expect(recorder("s").claim([one])).toBe(undefined)
})

it("a rejected claim reports no change", () => {
  const { recorder, told } = registry()
  const r = recorder("r")
  r.claim([one])
  r.add([one])
  expect(recorder("s").claim([counter("c"), other])).toMatchObject({ other: "a.b" })
  expect(r.claim([gauge, counter("c"), other])).toMatchObject({ metric: "a-b" })
  expect(told).toEqual([["a.b", true]])
})
