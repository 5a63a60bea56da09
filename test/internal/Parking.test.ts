// How a napping or sleeping thread is woken: at once, by one system call, and only if it is not awake.
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
  vi.spyOn(Atomics, "waitAsync" as never)
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

/** The number of non-blocking waits for the signal so far. */
const asyncWaits = (): number =>
  vi.mocked((Atomics as never as { readonly waitAsync: () => void }).waitAsync).mock.calls.length

it("a sleep with work at hand, or ended before the thread waits, does not begin", () => {
  const { producer, thread } = makeSides()
  const onSignal = vi.fn()
  expect(thread.sleep(() => true, onSignal)).toBe(false)
  expect(asyncWaits()).toBe(0)
  producer.rouse()
  expect(Atomics.notify, "it is awake").not.toHaveBeenCalled()
  const isRoused = () => {
    producer.rouse()
    return false
  }
  expect(thread.sleep(isRoused, onSignal)).toBe(false)
  expect(Atomics.notify).toHaveBeenCalledTimes(1)
  producer.rouse()
  expect(Atomics.notify, "it is awake").toHaveBeenCalledTimes(1)
  expect(onSignal).not.toHaveBeenCalled()
})

it("a signal ends a sleep once, and the thread waits for it once, however often messages ended earlier sleeps", async () => {
  const { producer, thread } = makeSides()
  for (let n = 1; n <= 2; n++) {
    const onSignal = vi.fn()
    for (let i = 0; i < 3; i++) {
      expect(thread.sleep(() => false, onSignal)).toBe(true)
      thread.awake()
    }
    expect(thread.sleep(() => false, onSignal)).toBe(true)
    expect(asyncWaits()).toBe(n)
    for (let i = 0; i < 3; i++) producer.rouseSleeping()
    await vi.waitUntil(() => onSignal.mock.calls.length > 0)
    expect(Atomics.notify).toHaveBeenCalledTimes(n)
    expect(onSignal).toHaveBeenCalledTimes(1)
  }
})

it("a wake-up meant for a sleep leaves a nap alone", () => {
  const { producer, thread } = makeSides()
  thread.nap(1, () => {
    producer.rouseSleeping()
    return false
  })
  expect(waited()).toEqual(["timed-out"])
  expect(Atomics.notify).not.toHaveBeenCalled()
})
