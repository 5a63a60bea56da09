// How a parked thread is woken: at once, by one system call, and only if it is not awake.
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

it("a wait that is ended before the thread parks does not begin", () => {
  const { producer, thread } = makeSides()
  thread.nap(Long, () => {
    producer.rouse()
    return false
  })
  expect(waited()).toEqual(["not-equal"])
})

it("a wait for which there is already work does not begin", () => {
  const { thread } = makeSides()
  thread.nap(Long, () => true)
  expect(waited()).toEqual([])
})

it("a wait that nobody ends lasts its full time", () => {
  const { producer, thread } = makeSides()
  producer.rouse()
  thread.nap(1, () => false)
  expect(waited()).toEqual(["timed-out"])
})

it("a wait is ended once, however often that is requested, and an awake thread is left alone", () => {
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
