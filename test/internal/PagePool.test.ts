// The pages that a pool hands out after a failure: a stack overflow can end any call.
import { expect, it } from "@effect/vitest"
import type { Carrier } from "../../src/internal/stream/carrier.ts"
import { PagePool } from "../../src/internal/stream/pagePool.ts"
import { isRead, type Page, PageBytes, publish, publishedEnd, setRead } from "../../src/internal/stream/rows/page.ts"

const carrier: Carrier = {
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
}

/** A pool of this many pages, each of which was written to its end. */
const fullPool = (count: number) => {
  const pool = new PagePool(carrier, count * PageBytes)
  const pages: Array<Page> = []
  const goOn = (forCommand = false): Page | undefined => {
    const page = pool.take(0, true, forCommand)
    pool.taken = undefined
    return page
  }
  for (let page = goOn(); page !== undefined; page = goOn()) {
    pages.push(page)
    publish(page, page.end)
    pool.seal(page)
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
