/**
 * Folds rows in place with kernels: one loop for all the kernels of a layout, as JavaScript generated for them. Without
 * code generation there are no rows, and the kernels take events.
 */

import { addCode } from "../../metric/instruments/sumRests.ts"
import type { Rows } from "../../stream/rows/format.ts"
import { Interned } from "../../util/interned.ts"
import { lookUp, partsOf } from "./codeIndex.ts"
import type { PlannedKernel } from "./kernel.ts"

/** Folds `count` rows of one layout, starting at word `at`, all emitted at `time`. */
export type RowsFold = (rows: Rows, at: number, count: number, time: number) => void

type Compiled = (planned: ReadonlyArray<PlannedKernel>, rows: Rows, at: number, count: number, time: number) => void

/** The code by its inputs, so that recorders with the same metrics share it. */
const compiled = new Interned<Compiled>()

/** The index of the half of a double that contains its sign and exponent. */
const HighHalf = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0

const scratch = new Float64Array(1)
const scratchHalves = new Int32Array(scratch.buffer)

/** That half of a number that is not stored as a double in the row. */
const highOf = (value: number): number => {
  scratch[0] = value
  return scratchHalves[HighHalf]!
}

/** `undefined` if no kernel takes rows. */
export const rowsFold = (planned: ReadonlyArray<PlannedKernel>, words: number): RowsFold | undefined => {
  if (planned.length === 0) return undefined
  // Sliced to remove the spare room of growing arrays, because each lane has these.
  const runs = planned.filter(takesRuns).slice()
  const others = planned.filter((each) => !takesRuns(each)).slice()
  const rowByRow = others.length === 0 ? undefined : compileRows(others, words)
  return (rows, at, count, time) => {
    for (let i = 0; i < runs.length; i++) addRun(runs[i]!, rows, at, at + (count - 1) * words, count, time)
    rowByRow?.(others, rows, at, count, time)
  }
}

const compileRows = (planned: ReadonlyArray<PlannedKernel>, words: number): Compiled => {
  const any = compile(anyRows(planned, words))
  return planned.every(hasCode) ? compile(knownRows(planned, words), any) : any
}

/**
 * Whether a run is a single value for the kernel, and no row can be rejected: a count, or the last integer, without
 * labels.
 */
const takesRuns = ({ kernel: { points }, finder, value }: PlannedKernel): boolean =>
  finder.half === -1 && (value === "one" ? points.together === "sum" : "half" in value && points.together === "last")

const addRun = (
  { kernel: { points }, finder, value }: PlannedKernel,
  rows: Rows,
  first: number,
  last: number,
  count: number,
  time: number
): void => {
  const known = finder.index.codes[0]!
  const one = value === "one" ? count : rows.i32[last * 2 + ("half" in value ? value.half : 0)]!
  points.add(known < 0 ? finder.find(rows, first) : known, one as never, time)
}

const compile = (source: string, any?: Compiled): Compiled =>
  compiled.get(source, () => new Function("highOf", "any", source)(highOf, any) as Compiled)

/** Whether the label of a row is a code by which its series is looked up. */
const hasCode = ({ finder }: PlannedKernel): boolean => finder.half !== -2

const head = `"use strict";
return function fold(planned, rows, at, count, time) {
  const i32 = rows.i32, f64 = rows.f64;`

/**
 * Rows whose series exist. The loop calls nothing and changes only its own variables, so that the compiler reads what
 * all rows share once. Rows whose series do not exist are left to `any`, and so are all rows while there are copies
 * that get a series only when it changes.
 */
const knownRows = (planned: ReadonlyArray<PlannedKernel>, words: number): string => {
  const sums = [...planned.entries()].filter(([, { kernel }]) => kernel.points.sum !== undefined)
  return `${head}
  ${planned.map(declare).join("\n  ")}
  ${planned.map((each, i) => (isKept(each) ? `if (isCopied${i}) return any(planned, rows, at, count, time);` : "")).join("")}
  for (let i = 0, p = at | 0; i < count; i = i + 1 | 0, p = p + ${words} | 0) {
    ${planned.map((_, i) => `const a${i} = points${i}.a, b${i} = points${i}.b, ${partsOf(`index${i}`, i).join(", ")};`).join("\n    ")}
    i32[at]; f64[at]; ${planned.map(lookAt).join(" ")}
    ${sums.map(([i]) => `let late${i} = -1;`).join(" ")}
    for (; i < count; i = i + 1 | 0, p = p + ${words} | 0) {
      ${planned.map(seriesOf).join("\n      ")}
      if (${planned.map((_, i) => `s${i} < 0`).join(" || ")}) break;
      ${sums
        .slice(0, -1)
        .map(([i, each]) => addToKnown(each, i))
        .join("\n      ")}
      ${planned.map((each, i) => (each.kernel.points.sum === undefined ? addTo(each, i, `const s = s${i};`) : "")).join("\n      ")}
      ${sums
        .slice(-1)
        .map(([i, each]) => addToKnown(each, i, "break;"))
        .join("")}
      ${sums
        .slice(0, -1)
        .map(([i]) => `if (late${i} >= 0) break;`)
        .join(" ")}
    }
    if (i < count${sums.map(([i]) => ` && late${i} < 0`).join("")}) any(planned, rows, p, 1, time);
    ${sums.map(([i, each]) => `if (late${i} >= 0) { const s = late${i}, v = ${readOf(each)[0]}, points = points${i}; if (${inRange(each)}) points.add(s, v, time); else kernel${i}.rejected++; }`).join("\n    ")}
  }
};`
}

/**
 * Reads the arrays of a kernel up front, so that the compiler knows where they are and how long they are. In a loop
 * with an inner loop, like that of a histogram, it would otherwise look that up for every row.
 */
const lookAt = ({ kernel: { points } }: PlannedKernel, i: number): string =>
  [
    `a${i}`,
    `b${i}`,
    `codes${i}`,
    `places${i}`,
    `bits${i}`,
    ...Object.keys(points.constants ?? {}).map((table) => `k${i}.${table}`)
  ]
    .map((array) => `${array}[0];`)
    .join(" ")

/** Rows of all kinds. */
const anyRows = (planned: ReadonlyArray<PlannedKernel>, words: number): string => `${head}
  ${planned.map(declare).join("\n  ")}
  ${planned.map((_, i) => `let a${i} = points${i}.a, b${i} = points${i}.b, ${partsOf(`index${i}`, i).join(", ")};`).join("\n  ")}
  for (let i = 0, p = at | 0; i < count; i = i + 1 | 0, p = p + ${words} | 0) {
    ${planned.map((each, i) => addTo(each, i, find(each, i))).join("\n    ")}
  }
};`

const isKept = ({ kernel: { points } }: PlannedKernel): boolean => points.keep !== undefined

const declare = (planned: PlannedKernel, i: number): string =>
  `const ${isKept(planned) ? `isCopied${i} = planned[${i}].kernel.points.copies !== undefined, ` : ""}kernel${i} = planned[${i}].kernel, points${i} = kernel${i}.points, k${i} = points${i}.constants, finder${i} = planned[${i}].finder, index${i} = finder${i}.index;`

const seriesOf = ({ finder }: PlannedKernel, i: number): string =>
  `const code${i} = ${finder.half === -1 ? "0" : `i32[(p << 1) + ${finder.half} | 0]`}, s${i} = ${lookUp(`code${i}`, i)};`

const find = (planned: PlannedKernel, i: number): string => {
  const keep = isKept(planned) ? ` if (isCopied${i}) points${i}.keep(s);` : ""
  const found = `s = finder${i}.find(rows, p); a${i} = points${i}.a; b${i} = points${i}.b; ${partsOf(`index${i}`, i).join("; ")};`
  return hasCode(planned)
    ? `${seriesOf(planned, i)} let s = s${i}; if (s < 0) { ${found} }${keep}`
    : `let s; ${found}${keep}`
}

/** Adds the value of the row to the series found by `series`, if it is in range. */
const addTo = (planned: PlannedKernel, i: number, series: string): string =>
  `{ const v = ${readOf(planned)[0]}; if (${inRange(planned)}) { ${series} ${add(planned, i, "points.add(s, v, time);")} } else kernel${i}.rejected++; }`

/**
 * The same for an existing series. An exact sum is in range. Other values are left for later, like those that the sum
 * of the series has no room for.
 */
const addToKnown = (planned: PlannedKernel, i: number, after = ""): string =>
  `{ const v = ${readOf(planned)[0]}, s = s${i}; ${add(planned, i, `late${i} = s; ${after}`)} }`

/** `otherwise`: the code to run if the sum has no room. */
const add = (planned: PlannedKernel, i: number, otherwise: string): string => {
  const { points } = planned.kernel
  const code = points.code!(readOf(planned)[1])
  return `const points = points${i}, a = a${i}, b = b${i}, k = k${i};
    ${points.sum === undefined ? code : addCode(points.sum, points.least, code, otherwise)}`
}

const inRange = ({ kernel: { points } }: PlannedKernel): string => `v >= ${points.least} && v <= ${Number.MAX_VALUE}`

/** The value of the row, and its upper half. */
const readOf = ({ value }: PlannedKernel): readonly [value: string, high: string] => {
  if (value === "one") return ["1", String(0x3ff00000)]
  if ("half" in value) return [`i32[(p << 1) + ${value.half} | 0]`, "highOf(v)"]
  return [`f64[p + ${value.word} | 0]`, `i32[(p << 1) + ${2 * value.word + HighHalf} | 0]`]
}
