/** `check MODULE...`: suggests improvements to definitions. */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { findingsOf } from "../internal/catalogue/check.ts"
import { type Finding, findingGravity } from "../internal/catalogue/findings.ts"
import { switchOf } from "./flags.ts"
import { accept, exitCodes, tell } from "./found.ts"
import { metricsOfAll, modules } from "./generate.ts"

const linesOf = ({ advice, code, message, place, severity }: Finding): ReadonlyArray<string> => [
  `${severity.padEnd(7)}  ${code}  ${place} ${message}.`,
  `${" ".repeat(9)}${advice}.`
]

const telling = {
  name: "findings",
  codes: findingGravity,
  exits: { error: exitCodes.grave, warning: exitCodes.notable, note: exitCodes.fine },
  nounOf: (severity: string, count: number) => (count === 1 ? severity : `${severity}s`),
  placeOf: ({ place }: Finding) => place,
  linesOf
}

export const check = Command.make(
  "check",
  {
    modules,
    json: switchOf("json", "Print the findings as JSON"),
    accept
  },
  Effect.fn("check")(function* ({ modules, ...flags }) {
    yield* tell(findingsOf(yield* metricsOfAll(modules)), telling, flags)
  })
).pipe(
  Command.withDescription("Checks definitions: names, units, labels, boundaries, and events that no metric reads"),
  Command.withExamples([
    { command: "mvx-metrics check ./save.metrics.ts", description: "One module" },
    {
      command: "mvx-metrics check ./save.metrics.ts --accept label-open:document.saves --accept name-namespace",
      description: "Without what is known"
    }
  ])
)
