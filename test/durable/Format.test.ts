// A written state is read back bit for bit, and no other data is accepted as a state.
import { serialize } from "node:v8"
import { describe, expect, it } from "@effect/vitest"
import fc from "fast-check"
import { type KeptState, readState, StateWriter } from "../../src/internal/durable/format.ts"
import { runs } from "../support/long.ts"

const namespace = "test.format"

const written = (state: KeptState, most = 64): Uint8Array => {
  const writer = new StateWriter(state)
  while (writer.goOn(most));
  return writer.bytes
}

const metric = (recorderId: string, bytes = serialize({ recorderId })) => ({
  recorderId,
  name: "a metric",
  measured: "hash",
  goneSince: recorderId === "gone" ? 5 : undefined,
  bytes
})

const state: KeptState = {
  namespace,
  savedAt: 1_700_000_000_000,
  measured: new Map([["hash", { kind: "counter" }]]),
  shapes: new Map([["hash", { kind: "a counter" }]]),
  metrics: ["a", "gone", "ä\u0000\n"].map((id) => metric(id))
}

const anyState = fc.record({
  namespace: fc.constant(namespace),
  savedAt: fc.nat(),
  measured: fc.constant(state.measured),
  shapes: fc.constant(state.shapes),
  metrics: fc.array(
    fc.record({
      recorderId: fc.string({ unit: "binary" }),
      name: fc.string({ unit: "binary" }),
      measured: fc.constant("hash"),
      goneSince: fc.option(fc.nat(), { nil: undefined }),
      bytes: fc.uint8Array({ maxLength: 200 })
    }),
    { minLength: 1, maxLength: 8 }
  )
})

const plain = (kept: ReturnType<typeof readState>) =>
  "problem" in kept
    ? kept
    : { ...kept, metrics: kept.metrics.map(({ bytes, ...rest }) => ({ ...rest, bytes: [...bytes] })) }

describe("the bytes of a durable state", () => {
  it("are read back as written, in parts of any size", () => {
    fc.assert(
      fc.property(anyState, fc.integer({ min: 1, max: 5000 }), (any, most) => {
        expect(plain(readState(written(any, most), namespace))).toEqual(plain(any))
      }),
      { numRuns: runs(100) }
    )
  })

  it("are detected as damaged if truncated anywhere, or if any bit differs", () => {
    const whole = written(state)
    for (let length = 0; length < whole.length; length++) {
      expect(readState(whole.subarray(0, length), namespace)).toMatchObject({ problem: "damaged" })
    }
    expect(readState(new Uint8Array(whole.length), namespace)).toMatchObject({
      problem: "damaged",
      reason: "is damaged: it is empty, or begins with zeros"
    })
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const changed = whole.slice()
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(readState(changed, namespace)).toHaveProperty("problem")
    }
  })

  it("are distinguished from another version, another format and another namespace", () => {
    const newer = written(state)
    newer[11] = 5
    expect(readState(newer, namespace)).toMatchObject({
      problem: "newer",
      reason: "was written by a newer version of mvx-metrics (format 5 instead of 4). Use that one, or another folder"
    })
    const older = written(state)
    older[11] = 1
    expect(readState(older, namespace)).toMatchObject({
      problem: "foreign",
      reason: "was written by an older version of mvx-metrics (format 1 instead of 4). Use that one, or another folder"
    })
    expect(readState(new TextEncoder().encode("{}"), namespace)).toMatchObject({
      problem: "foreign",
      reason: "is not a state of mvx-metrics"
    })
    expect(readState(written(state), "another")).toMatchObject({
      problem: "foreign",
      reason: `is the state of the namespace "${namespace}"`
    })
  })
})
