/**
 * Programs of all operations of a recorder, as lists of words.
 */
import fc from "fast-check"
import { makeMetrics } from "./model.metrics.ts"

/** Events of every form. Each has a number of its own, so that one that is lost, doubled or late is seen. */
export const makeEvents = {
  /** Of a fixed width. */
  tick: (n: number) => ({ _tag: "tick", n, queue: `queue ${n % 5}` }),
  /** Of which few fill a page. */
  longTick: (n: number) => ({ _tag: "tick", n, queue: `${n}`.repeat(6000) }),
  /** Of a fixed width by its schema, which it does not keep. */
  oddTick: (n: number) => ({ _tag: "tick", n, queue: "odd", more: [n] }),
  /** With an array and an object in it. */
  note: (n: number) => ({ _tag: "note", n, tags: Array.from({ length: n % 4 }, (_, i) => `tag ${i}`), at: { x: n } }),
  /** Of which few fill a page. */
  longNote: (n: number) => ({ _tag: "note", n, tags: [`${n}`.repeat(9000), "x"], at: { x: n } }),
  poison: (n: number) => ({ _tag: "poison", n }),
  /** That no metric reads. */
  foreign: (n: number) => ({ _tag: "unheard.of", n }),
  /** Not one. */
  invalid: (n: number) => (n % 2 === 0 ? null : { _tag: n }),
  /** Not plain data, in each field: one that no metric reads need not be looked at. */
  unclonable: (n: number) => ({ _tag: "tick", n: () => n, queue: () => n })
}
export type EventKind = keyof typeof makeEvents
const kinds = Object.keys(makeEvents) as ReadonlyArray<EventKind>

export type Name = keyof ReturnType<typeof makeMetrics>
const names = Object.keys(makeMetrics()) as ReadonlyArray<Name>

export type Step =
  | `emit ${EventKind}`
  | `emitUnsafe ${EventKind}`
  | `emitMany ${EventKind}`
  | `register ${Name}`
  | `replace ${Name}`
  | `reset ${Name}`
  | "reset all"
  | "read"
  | "read the states"
  | "hold the next start"
  | "let it start"
  | "hold the hook"
  | "let the hook go"
  | "start"
  | "stop"
  | "listen"
  | "let time pass"
  | "yield"

export interface Program {
  readonly capacity: number
  /** Whether events have the time of the system: then rows of one time lie together. */
  readonly systemClock: boolean
  /** Whether the first start is held. */
  readonly held: boolean
  /** Whether there is a hook `onMetricChanged`: then events are folded one by one. */
  readonly hook: boolean
  readonly steps: ReadonlyArray<Step>
}

const oneOf = <A>(...each: ReadonlyArray<A>) => fc.constantFrom(...each)
const [fitting, unfitting] = [kinds.slice(0, 7), kinds.slice(7)]

export const anyProgram: fc.Arbitrary<Program> = fc.record({
  capacity: oneOf(1, 2, 3, 8, 40),
  systemClock: fc.boolean(),
  held: fc.boolean(),
  hook: fc.boolean(),
  steps: fc.array(
    fc.oneof(
      {
        weight: 24,
        arbitrary: oneOf(...fitting.flatMap((kind): Array<Step> => [`emit ${kind}`, `emitUnsafe ${kind}`]))
      },
      {
        weight: 2,
        arbitrary: oneOf(...unfitting.flatMap((kind): Array<Step> => [`emit ${kind}`, `emitUnsafe ${kind}`]))
      },
      { weight: 6, arbitrary: oneOf(...names.map((name): Step => `register ${name}`)) },
      { weight: 2, arbitrary: oneOf(...names.flatMap((name): Array<Step> => [`replace ${name}`, `reset ${name}`])) },
      { weight: 4, arbitrary: oneOf<Step>("read", "read the states", "let time pass", "yield") },
      { weight: 2, arbitrary: oneOf<Step>("hold the next start", "let it start", "start", "stop") },
      { weight: 2, arbitrary: oneOf<Step>("hold the hook", "let the hook go") },
      { weight: 2, arbitrary: oneOf<Step>("reset all", "listen") },
      { weight: 2, arbitrary: oneOf(...fitting.map((kind): Step => `emitMany ${kind}`)) }
    ),
    { maxLength: 80, size: "max" }
  )
})
