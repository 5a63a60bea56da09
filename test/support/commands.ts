/**
 * A command of `mvx-metrics`, run in the process of the test.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Console, Effect, Exit, Runtime } from "effect"
import { Command } from "effect/cli"

export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command with these arguments to its end. */
export const outcomeOf = <Name extends string, Input, Parent, E, R>(
  command: Command.Command<Name, Input, Parent, E, R>,
  args: ReadonlyArray<string>
): Effect.Effect<Outcome, never, Exclude<R, NodeServices.NodeServices>> =>
  Effect.gen(function* () {
    let [stdout, stderr] = ["", ""]
    const out = (...texts: ReadonlyArray<unknown>) => {
      stdout += `${texts.join(" ")}\n`
    }
    const err = (...texts: ReadonlyArray<unknown>) => {
      stderr += `${texts.join(" ")}\n`
    }
    const console = { ...globalThis.console, log: out, error: err } as Console.Console
    const exit = yield* Command.runWith(command, { version: "0" })(args).pipe(
      Effect.provideService(Console.Console, console),
      Effect.provide(NodeServices.layer),
      Effect.exit
    )
    const code = Exit.isSuccess(exit) ? 0 : Runtime.getErrorExitCode(Cause.squash(exit.cause))
    return { code, stdout, stderr }
  }) as never
