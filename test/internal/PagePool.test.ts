// The pages that a pool hands out: in which order, and after a failure, because a stack overflow can end any call.
import { expect, it } from "@effect/vitest"
import type { Carrier } from "../../src/internal/stream/carrier.ts"
import { PagePool } from "../../src/internal/stream/pagePool.ts"
import { isRead, type Page, PageBytes, publish, publishedEnd, setRead } from "../../src/internal/stream/rows/page.ts"

const carrier = {
  pagesInTurn: { least: 4, most: 4 },
  fixedMemory: true,
  allocate: (bytes) => new SharedArrayBuffer(bytes),
  opened: () => {},
  attach: () => {},
  rouse: () => {},
  letSleep: () => {},
  wake: () => {},
  turned: () => {},
  soon: () => {}
} satisfies Carrier

/** A pool of this many pages, each of which was written to its end. */
const fullPool = (count: number, pagesInTurn = carrier.pagesInTurn) => {
  const pool = new PagePool({ ...carrier, pagesInTurn }, count * PageBytes)
  const pages: Array<Page> = []
  const goOn = (forCommand = false): Page | undefined => {
    const page = pool.take(0, true, forCommand)
    pool.taken = undefined
    return page
  }
  for (let page = goOn(); page !== undefined; page = goOn()) {
    pages.push(page)
    publish(page, page.end)
    // Again, as if the call that was to publish it had failed the first time.
    for (let i = 0; i < 2; i++) pool.seal(page)
  }
  return { goOn, pages, pool }
}

/** Runs `action`, in which the n-th call of an array's method of this name finds no stack. */
const withoutStack = (name: "push" | "shift" | "splice", n: number, action: () => void): void => {
  const original = Array.prototype[name] as (...args: Array<unknown>) => unknown
  let calls = 0
  const failing = function (this: unknown, ...args: Array<unknown>): unknown {
    if (++calls === n) throw new RangeError("Maximum call stack size exceeded")
    return original.apply(this, args)
  }
  Array.prototype[name] = failing as never
  try {
    action()
  } catch {
  } finally {
    Array.prototype[name] = original as never
  }
}

it.each(["push", "shift", "splice"] as const)("no page is handed out twice if %s fails", (name) => {
  for (let n = 1; n <= 4; n++) {
    const { goOn, pages, pool } = fullPool(4)
    for (const page of pages) setRead(page)
    withoutStack(name, n, () => pool.take(0, true, false))
    const given = Array.from({ length: 5 }, () => goOn()?.number)
    expect(given.toSorted(), `call ${n}`).toEqual([0, 1, 2, 3, undefined])
  }
})

it("a page taken in a failed call is empty when it is handed out", () => {
  const { pages, pool } = fullPool(2)
  for (const page of pages) setRead(page)
  const taken = pool.take(0, true, false)!
  // As if the call that clears it had failed.
  publish(taken, taken.end)
  const again = pool.take(0, true, false)!
  expect(again.number).toBe(taken.number)
  expect([publishedEnd(again), isRead(again)]).toEqual([again.first, false])
})

it("an event does not get a page that a command took beyond the bound and failed to use", () => {
  const { goOn, pages, pool } = fullPool(2)
  const spare = pool.take(0, true, true)!
  expect(pool.holdsRows(spare)).toBe(false)
  expect(pool.take(0, true, false)?.number).toBeUndefined()
  setRead(pages[0]!)
  expect([goOn()?.number, goOn(true)?.number]).toEqual([0, spare.number])
})

it.each([
  { pagesInTurn: { least: 0, most: 0 }, leastInTurn: 0, burst: true, order: [0, 1, 0, 1, 0] },
  { pagesInTurn: { least: 2, most: 3 }, leastInTurn: 0, burst: false, order: [0, 1, 0, 1, 0] },
  { pagesInTurn: { least: 2, most: 3 }, leastInTurn: 0, burst: true, order: [0, 1, 2, 0, 1] },
  { pagesInTurn: { least: 0, most: 0 }, leastInTurn: 3, burst: false, order: [0, 1, 2, 0, 1] },
  { pagesInTurn: { least: 0, most: 0 }, leastInTurn: 3, burst: true, order: [0, 1, 2, 0, 1] }
])("pages are written in turn, for $pagesInTurn and $leastInTurn, in a burst: $burst", (options) => {
  const { burst, leastInTurn, order, pagesInTurn } = options
  const pool = new PagePool({ ...carrier, pagesInTurn }, 4 * PageBytes, leastInTurn)
  let last: Page | undefined
  const given = order.map((_, turn) => {
    const page = pool.take(turn, burst, false)!
    pool.taken = undefined
    // The one before was read while this one is written.
    if (last !== undefined) setRead(last)
    pool.seal(page)
    last = page
    return page.number
  })
  expect(given).toEqual(order)
})

it("the page that was read last, which the caches still have, is reused first if none are written in turn", () => {
  const { goOn, pages } = fullPool(3, { least: 0, most: 0 })
  for (const page of pages) setRead(page)
  expect([goOn()?.number, goOn()?.number, goOn()?.number]).toEqual([2, 1, 0])
})

it("pages that were read are not in use, within and beyond the bound", () => {
  const { goOn, pages, pool } = fullPool(2)
  const spare = goOn(true)!
  pool.seal(spare)
  expect(pool.memory).toEqual({ used: 3 * PageBytes, limit: 2 * PageBytes })
  setRead(pages[0]!)
  expect(pool.memory.used).toBe(2 * PageBytes)
  setRead(pages[1]!)
  setRead(spare)
  expect(pool.memory.used).toBe(0)
})

it("pages before a turn are released in place of a reader that is gone", () => {
  const { pages, pool } = fullPool(4)
  pool.cover(2)
  expect(pages.map(isRead)).toEqual([true, true, false, false])
  // It collects them.
  expect(pool.memory.used).toBe(2 * PageBytes)
  pool.cover(1)
  expect(pages.map(isRead)).toEqual([true, true, false, false])
})
