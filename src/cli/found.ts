/**
 * The findings of `check` and `diff`: which of them are accepted (`--accept CODE`, `--accept CODE:PLACE`), how the
 * others are printed, and the exit code.
 */

import * as Console from "effect/Console"
import type * as CliError from "effect/cli/CliError"
import * as Flag from "effect/cli/Flag"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import { didYouMean } from "../internal/util/didYouMean.ts"
import { failed, harmless, harmlessJson } from "./escapeControls.ts"

export const accept = Flag.String("accept").pipe(
  Flag.withDescription(
    "Leave out what has this code, or code:PLACE to leave it out of one metric or event. Can be repeated"
  ),
  Flag.atLeast(0)
)

/** The exit codes. 1 is an error, as for all commands. */
export const exitCodes = { fine: 0, notable: 2, grave: 3 } as const

/** The end of a command that has completed and printed findings. */
export class HasFound extends Data.TaggedError("HasFound")<{ readonly code: number }> {
  override readonly [Runtime.errorExitCode] = this.code
  override readonly [Runtime.errorReported] = false
}

interface Graded {
  readonly code: string
  readonly severity: string
}

interface Accepted<A> {
  /** The remaining findings. */
  readonly items: ReadonlyArray<A>
  /** The number of accepted findings. */
  readonly count: number
  /** Accepted codes without a finding. */
  readonly unused: ReadonlyArray<string>
}

/** Fails for an unknown code, which would silently accept nothing. */
const acceptedIn = Effect.fnUntraced(function* <A extends Graded>(
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

/** How a command reports its findings. */
interface Telling<A extends Graded> {
  /** Their name in JSON. */
  readonly name: string
  /** All possible codes. */
  readonly codes: object
  /** By severity, the most severe first. */
  readonly exits: { readonly [S in A["severity"]]: number }
  readonly nounOf: (severity: string, count: number) => string
  readonly placeOf: (item: A) => string
  readonly linesOf: (item: A) => ReadonlyArray<string>
}

/**
 * Prints the findings that are not accepted, as JSON or as lines followed by a summary, and ends with the exit code of
 * the most severe one.
 */
export const tell = Effect.fnUntraced(function* <A extends Graded>(
  all: ReadonlyArray<A>,
  { codes, exits, linesOf, name, nounOf, placeOf }: Telling<A>,
  { accept, json }: { readonly accept: ReadonlyArray<string>; readonly json: boolean }
): Effect.fn.Return<void, CliError.UserError | HasFound> {
  const { count: accepted, items, unused } = yield* acceptedIn(all, placeOf, accept, Object.keys(codes))
  const sums = Object.entries<number>(exits).map(([severity, exit]) => {
    const count = items.filter((item) => item.severity === severity).length
    return { severity, count, exit: count > 0 ? exit : exitCodes.fine }
  })
  if (json) {
    const counts = Object.fromEntries(sums.map(({ count, severity }) => [nounOf(severity, 2), count]))
    yield* Console.log(harmlessJson({ counts, accepted, unusedAccepts: unused, [name]: items }, 2))
  } else {
    for (const line of items.flatMap(linesOf)) yield* Console.log(harmless(line))
    const texts = sums.map(({ count, severity }) => `${count} ${nounOf(severity, count)}`)
    yield* Console.log([...texts, ...(accepted === 0 ? [] : [`${accepted} accepted`])].join(", "))
    for (const entry of unused) yield* Console.error(harmless(`--accept ${entry} accepts nothing here`))
  }
  const code = Math.max(...sums.map(({ exit }) => exit))
  if (code !== exitCodes.fine) return yield* new HasFound({ code })
})
