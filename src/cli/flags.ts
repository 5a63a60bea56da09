/** The flags of commands, with their help texts. */
import * as Flag from "effect/cli/Flag"

/** `false` by default. */
export const switchOf = (name: string, description: string): Flag.Flag<boolean> =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(false))

export const optional = <A>(flag: Flag.Flag<A>, description: string) =>
  Flag.optional(flag.pipe(Flag.withDescription(description)))

export const metrics = Flag.String("metrics").pipe(
  Flag.withDescription("A module that exports metrics: ./cache.metrics.ts")
)
