// How a thread that naps is woken: at once, by one call of the system, and not where it is awake.
import { afterEach, beforeEach, expect, it, vi } from "@effect/vitest"
import { ControlBytes, WakeUp } from "../../src/internal/stream/parking.ts"

const Long = 60_000

const makeSides = () => {
  const control = new SharedArrayBuffer(ControlBytes)
  return { producer: new WakeUp(control), thread: new WakeUp(control) }
}

beforeEach(() => {
  vi.spyOn(Atomics, "notify")
  vi.spyOn(Atomics, "wait")
})
afterEach(() => void vi.restoreAllMocks())

const waited = (): ReadonlyArray<unknown> => vi.mocked(Atomics.wait).mock.results.map(({ value }) => value)

it("a nap that is ended before the thread waits does not begin", () => {
  const { producer, thread } = makeSides()
  thread.nap(Long, () => {
    producer.rouse()
    return false
  })
  expect(waited()).toEqual(["not-equal"])
})

it("a nap for which there is work already does not begin", () => {
  const { thread } = makeSides()
  thread.nap(Long, () => true)
  expect(waited()).toEqual([])
})

it("a nap that nobody ends takes its time", () => {
  const { producer, thread } = makeSides()
  producer.rouse()
  thread.nap(1, () => false)
  expect(waited()).toEqual(["timed-out"])
})

it("a nap is ended once, however often it is called for, and a thread that is awake is left alone", () => {
  const { producer, thread } = makeSides()
  for (let n = 1; n <= 2; n++) {
    for (let i = 0; i < 3; i++) producer.rouse()
    expect(Atomics.notify).toHaveBeenCalledTimes(n - 1)
    thread.nap(Long, () => {
      for (let i = 0; i < 3; i++) producer.rouse()
      return false
    })
    expect(Atomics.notify).toHaveBeenCalledTimes(n)
  }
})
