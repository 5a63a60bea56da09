import * as Schema from "effect/Schema"
import type { Family } from "../model/event.ts"

/** A family with the events of all families. If several define the same event, the last definition counts. */
export const familyOfAll = (families: ReadonlyArray<Family>): Family => {
  const [first, ...others] = families
  if (others.every((family) => family === first)) return first!
  const cases = Object.assign({}, ...families.map((family) => family.cases)) as { [tag: string]: Schema.Top }
  return Schema.Union(Object.values(cases)).pipe(Schema.toTaggedUnion("_tag") as never) as unknown as Family
}
