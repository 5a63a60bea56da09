import { Console, Effect } from "effect"

/** What an effect prints, line by line. */
export const onConsole = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<ReadonlyArray<string>, E, R> =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const console = yield* Console.Console
    const log = (...line: ReadonlyArray<unknown>) => void lines.push(line.join(" "))
    yield* Effect.provideService(effect, Console.Console, { ...console, log })
    return lines
  })
