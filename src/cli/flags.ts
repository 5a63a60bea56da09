/**
 * The flags of commands, with what the help says of them.
 */
import * as Flag from "effect/cli/Flag"

/** `false`, unless it is there. */
export const switchOf = (name: string, description: string): Flag.Flag<boolean> =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(false))

export const optional = <A>(flag: Flag.Flag<A>, description: string) =>
  Flag.optional(flag.pipe(Flag.withDescription(description)))

export const metrics = Flag.String("metrics").pipe(
  Flag.withDescription("A module that exports metrics: ./cache.metrics.ts")
)
