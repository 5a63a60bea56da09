/**
 * `--accept CODE` and `--accept CODE:PLACE`: what is known, and does not count.
 */

import * as Console from "effect/Console"
import type * as CliError from "effect/cli/CliError"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { didYouMean } from "../internal/util/didYouMean.ts"
import { failed, harmless, harmlessJson } from "./escapeControls.ts"

export const accept = Flag.String("accept").pipe(
  Flag.withDescription(
    "Leave out what has this code, or code:PLACE to leave it out of one metric or event. Can be repeated"
  ),
  Flag.atLeast(0)
)

interface Coded {
  readonly code: string
}

export interface Accepted<A> {
  /** What is left. */
  readonly items: ReadonlyArray<A>
  /** How many were accepted. */
  readonly count: number
  /** What was accepted and is not there. */
  readonly unused: ReadonlyArray<string>
}

/** Fails for a code that there is not: it would accept nothing, and nobody would be told. */
export const acceptedIn = Effect.fnUntraced(function* <A extends Coded>(
  items: ReadonlyArray<A>,
  placeOf: (item: A) => string,
  accepted: ReadonlyArray<string>,
  codes: ReadonlyArray<string>
): Effect.fn.Return<Accepted<A>, CliError.UserError> {
  const entries = accepted.map((text) => {
    const colon = text.indexOf(":")
    return colon < 0
      ? { text, code: text, place: undefined }
      : { text, code: text.slice(0, colon), place: text.slice(colon + 1) }
  })
  for (const { code } of entries) {
    if (codes.includes(code)) continue
    return yield* failed(
      `--accept: there is no code ${JSON.stringify(code)}.${didYouMean(code, codes)} The codes are: ${codes.join(", ")}`
    )
  }
  const fits = (item: A, { code, place }: (typeof entries)[number]) =>
    item.code === code && (place === undefined || placeOf(item) === place)
  const left = items.filter((item) => !entries.some((entry) => fits(item, entry)))
  const unused = entries.filter((entry) => !items.some((item) => fits(item, entry))).map(({ text }) => text)
  return { items: left, count: items.length - left.length, unused }
})

/** Prints what is left: as JSON under `name`, or as lines with the sum of all behind them. */
export const print = Effect.fnUntraced(function* <A>(
  { count, items, unused }: Accepted<A>,
  as: {
    readonly json: boolean
    readonly name: string
    readonly counts: { readonly [severity: string]: number }
    readonly linesOf: (item: A) => ReadonlyArray<string>
    readonly sum: ReadonlyArray<string>
  }
) {
  if (as.json) {
    const found = { counts: as.counts, accepted: count, unusedAccepts: unused, [as.name]: items }
    return yield* Console.log(harmlessJson(found, 2))
  }
  for (const line of items.flatMap(as.linesOf)) yield* Console.log(harmless(line))
  yield* Console.log([...as.sum, ...(count === 0 ? [] : [`${count} accepted`])].join(", "))
  for (const entry of unused) yield* Console.error(harmless(`--accept ${entry} accepts nothing here`))
})
