// Long work runs in slices, in turn, and releases its resources however it ends.
import { expect, it, vi } from "@effect/vitest"
import { Slices, type WorkSteps } from "../../src/internal/fold/slices.ts"

/** Each look at the clock is a millisecond later: a slice has a few steps. */
const withClock = <A>(run: () => A): A => {
  let now = 0
  const clock = vi.spyOn(performance, "now").mockImplementation(() => now++)
  try {
    return run()
  } finally {
    clock.mockRestore()
  }
}

const working = (name: string, steps: number, said: Array<string>) =>
  function* (): WorkSteps {
    try {
      for (let i = 1; i <= steps; i++) {
        said.push(`${name}${i}`)
        yield
      }
    } finally {
      said.push(`${name} ends`)
    }
  }

it("short work is done at once", () => {
  const slices = new Slices()
  const said: Array<string> = []
  withClock(() => slices.begin(working("a", 1, said)()))
  expect(said).toEqual(["a1", "a ends"])
  expect(slices.isPending).toBe(false)
})

it("long work is done in turn", () => {
  const slices = new Slices()
  const said: Array<string> = []
  withClock(() => {
    slices.begin(working("a", 6, said)())
    slices.begin(working("b", 6, said)())
    for (let i = 0; i < 100 && slices.isPending; i++) slices.goOn()
  })
  expect(slices.isPending).toBe(false)
  const [first, second] = [said.indexOf("a ends"), said.indexOf("b ends")]
  expect(said.slice(0, Math.min(first, second)).filter((each) => each.startsWith("b")).length).toBeGreaterThan(2)
  expect(said.filter((each) => each.startsWith("a"))).toEqual([...[1, 2, 3, 4, 5, 6].map((i) => `a${i}`), "a ends"])
})

it("work that begins next to other work takes a single step", () => {
  const slices = new Slices()
  const said: Array<string> = []
  withClock(() => {
    slices.begin(working("a", 9, said)())
    const first = said.length
    for (const name of ["b", "c", "d"]) slices.begin(working(name, 9, said)())
    expect(said.slice(first)).toEqual(["b1", "c1", "d1"])
  })
})

it("waiting work blocks nothing, and reports when there is something to do again", () => {
  const slices = new Slices()
  const onPending = vi.fn()
  slices.onPending = onPending
  let has = false
  let ended = false
  const work = slices.begin(
    (function* (): WorkSteps {
      while (!has) yield "wait"
      ended = true
    })()
  )
  expect([slices.isPending, onPending.mock.calls.length]).toEqual([false, 0])
  work.goOn()
  expect([slices.isPending, onPending.mock.calls.length]).toEqual([true, 1])
  slices.goOn()
  expect([slices.isPending, ended]).toEqual([false, false])
  has = true
  work.goOn()
  slices.goOn()
  expect([slices.isPending, ended]).toEqual([false, true])
})

it.each(["waits", "is running"])("resources of work that is dropped while it %s are released", (when) => {
  const slices = new Slices()
  let released = 0
  const work = withClock(() =>
    slices.begin(
      (function* (): WorkSteps {
        try {
          for (;;) {
            if (when === "waits") yield "wait"
            else yield
          }
        } finally {
          released++
        }
      })()
    )
  )
  expect(slices.isPending).toBe(when !== "waits")
  work.drop()
  work.drop()
  work.goOn()
  expect([slices.isPending, released]).toEqual([false, 1])
})
