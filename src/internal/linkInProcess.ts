import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { makeFold } from "./fold.ts"
import { type Link, makeLink } from "./link.ts"

const holdNothing = () => () => {}

/** A link to a fold in the same thread, which lives as long as the scope. */
export const makeInProcessLink: Effect.Effect<Link, never, Scope.Scope> = Effect.gen(function* () {
  const control = makeLink({ catalog: undefined, transport: () => ({ ...fold, hold: holdNothing }) })
  const fold = yield* makeFold(control.deliver, control.fail)
  return control.link
})
