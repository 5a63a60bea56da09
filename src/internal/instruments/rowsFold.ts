/**
 * Folds rows with kernels, where they lie: one loop for all the kernels of a layout, as JavaScript made for them. Without
 * code generation the kernels take events instead.
 */

import { canGenerate } from "../rowCodegen.ts"
import type { Rows } from "../rowFormat.ts"
import type { Kernel, RowsPlan } from "./kernel.ts"

/** Folds `count` rows of one layout from word `at` on, all emitted at `time`. */
export type RowsFold = (rows: Rows, at: number, count: number, time: number) => void

export interface PlannedKernel {
  readonly kernel: Kernel
  readonly plan: RowsPlan
}

type Compiled = (planned: ReadonlyArray<PlannedKernel>, rows: Rows, at: number, count: number, time: number) => void

/** Code by what it was made from: recorders with the same metrics share it. */
const compiled = new Map<string, Compiled>()

/** The half of a double that has its sign and exponent. */
const HighHalf = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0

const scratch = new Float64Array(1)
const scratchHalves = new Int32Array(scratch.buffer)

/** That half of a number that does not lie in a row as a double. */
const highOf = (value: number): number => {
  scratch[0] = value
  return scratchHalves[HighHalf]!
}

/** `undefined` where code generation is forbidden. */
export const rowsFold = (planned: ReadonlyArray<PlannedKernel>, words: number): RowsFold | undefined => {
  if (!canGenerate || planned.length === 0) return undefined
  const source = `"use strict";
return function fold(planned, rows, at, count, time) {
  const i32 = rows.i32, f64 = rows.f64;
  ${planned.map(declare).join("\n  ")}
  for (let i = 0, p = at; i < count; i++, p += ${words}) {
    ${planned.map(step).join("\n    ")}
  }
};`
  let fold = compiled.get(source)
  if (fold === undefined) {
    fold = new Function("highOf", source)(highOf) as Compiled
    compiled.set(source, fold)
  }
  const run = fold
  return (rows, at, count, time) => run(planned, rows, at, count, time)
}

const declare = (_: PlannedKernel, i: number): string =>
  `const kernel${i} = planned[${i}].kernel, points${i} = kernel${i}.points, k${i} = points${i}.constants, finder${i} = planned[${i}].plan.finder;
  const codes${i} = finder${i}.codes;
  let a${i} = points${i}.a, b${i} = points${i}.b;`

const step = ({ kernel: { points }, plan: { finder, value } }: PlannedKernel, i: number): string => {
  const known = finder.half === -1 ? "0" : `i32[p * 2 + ${finder.half}]`
  const find = `s = finder${i}.find(rows, p); a${i} = points${i}.a; b${i} = points${i}.b;`
  const series =
    finder.half === -2
      ? `let s; ${find}`
      : `const code = ${known}; let s = code < codes${i}.length ? codes${i}[code] : -1; if (s < 0) { ${find} }`
  const add = (high: string): string =>
    `${series} const points = points${i}, a = a${i}, b = b${i}, k = k${i}; ${points.code!(high)}`
  if (value === "one") return `{ const v = 1; ${add(String(0x3ff00000))} }`
  const [read, high] =
    "half" in value
      ? [`i32[p * 2 + ${value.half}]`, "highOf(v)"]
      : [`f64[p + ${value.word}]`, `i32[(p + ${value.word}) * 2 + ${HighHalf}]`]
  return `{ const v = ${read}; if (v >= ${points.least} && v <= ${Number.MAX_VALUE}) { ${add(high)} } else kernel${i}.rejected++; }`
}
