/**
 * `check MODULE...`: what could be better about definitions.
 */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { findingsOf } from "../internal/catalogue/check.ts"
import { type Finding, findingGravity, type Gravity, gravities } from "../internal/catalogue/findings.ts"
import { accept, acceptedIn, print } from "./accepted.ts"
import { endWith, exitCodes } from "./exit.ts"
import { switchOf } from "./flags.ts"
import { metricsOfAll, modules } from "./generate.ts"

const codeOf: { readonly [G in Gravity]: number } = {
  error: exitCodes.grave,
  warning: exitCodes.notable,
  note: exitCodes.fine
}

const linesOf = ({ advice, code, message, place, severity }: Finding): ReadonlyArray<string> => [
  `${severity.padEnd(7)}  ${code}  ${place} ${message}.`,
  `${" ".repeat(9)}${advice}.`
]

export const check = Command.make(
  "check",
  {
    modules,
    json: switchOf("json", "Print the findings as JSON"),
    accept
  },
  Effect.fn("check")(function* ({ accept, json, modules }) {
    const found = findingsOf(yield* metricsOfAll(modules))
    const accepted = yield* acceptedIn(found, ({ place }) => place, accept, Object.keys(findingGravity))
    const findings = accepted.items
    const count = (severity: Gravity) => findings.filter((finding) => finding.severity === severity).length
    const counts = { errors: count("error"), warnings: count("warning"), notes: count("note") }
    const sum = Object.entries(counts).map(([what, n]) => `${n} ${n === 1 ? what.slice(0, -1) : what}`)
    yield* print(accepted, { json, name: "findings", counts, linesOf, sum })
    yield* endWith(Math.max(0, ...gravities.filter((each) => count(each) > 0).map((each) => codeOf[each])))
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
