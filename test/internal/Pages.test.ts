// What the header of a page says to the thread that completes or replaces another one.
import { afterEach, expect, it, vi } from "@effect/vitest"
import {
  clearPage,
  coverPages,
  fixedBytesOf,
  forgetPage,
  isRead,
  type Page,
  PageBytes,
  pagesInUse,
  pagesOf,
  publish,
  publishedEnd,
  setRead,
  turnOf
} from "../../src/internal/stream/rows/page.ts"
import { SharedAccesses } from "../support/sharedAccesses.ts"

afterEach(() => void vi.restoreAllMocks())

const written = (page: Page, turn: number): void => {
  clearPage(page, turn)
  publish(page, page.end)
}

/** Pages of a thread: never written, read, not read, and the one that is written after 3 others. */
const somePages = () => {
  const buffer = new SharedArrayBuffer(4 * PageBytes)
  const [untouched, read, unread, current] = pagesOf(0, buffer) as [Page, Page, Page, Page]
  written(read, 1)
  setRead(read)
  written(unread, 2)
  written(current, 3)
  return { buffer, pages: [untouched, read, unread, current], unread, current }
}

it("pages before a turn are marked as read, each after a look at `read` and then at its turn", () => {
  const { buffer, pages } = somePages()
  const accesses = new SharedAccesses()
  const words = ["publishedEnd", "read", "turn"]
  accesses.watch(buffer, (half) => `${words[half % (PageBytes / 4)]} ${Math.floor((half * 4) / PageBytes)}`)
  coverPages(pages, 3)
  expect(accesses.take()).toEqual([
    ...["load read 0", "load turn 0"],
    ...["load read 1"],
    ...["load read 2", "load turn 2", "store read 2"],
    ...["load read 3", "load turn 3"]
  ])
})

it("pages in use are those that are written or not read", () => {
  const { pages, unread } = somePages()
  expect(pagesInUse(pages)).toBe(2)
  setRead(unread)
  expect(pagesInUse(pages)).toBe(1)
})

it("a forgotten page is as if it had never been written", () => {
  const { current, pages } = somePages()
  forgetPage(current)
  expect([turnOf(current), isRead(current), publishedEnd(current)]).toEqual([-1, false, 0])
  expect(pagesInUse(pages)).toBe(1)
})

it("rows have two pages at least, so that one is written while the other is read", () => {
  expect([0, 1, PageBytes, 2 * PageBytes, 3 * PageBytes].map((bytes) => fixedBytesOf(bytes) / PageBytes)).toEqual([
    2, 2, 2, 2, 3
  ])
})
