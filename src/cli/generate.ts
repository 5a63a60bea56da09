/** Generates a dashboard, rules, or a catalogue from definitions. */
import * as Console from "effect/Console"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { dashboardOf } from "../internal/catalogue/dashboard.ts"
import { catalogueMarkdown } from "../internal/catalogue/markdown.ts"
import { rulesOf, rulesYaml } from "../internal/catalogue/rules.ts"
import { distinct } from "../internal/metric/definition/fingerprint.ts"
import { describedMetrics } from "./definitions.ts"
import { harmlessEscapes, harmlessJson, harmlessLines } from "./escapeControls.ts"
import { switchOf } from "./flags.ts"
import { metricsOf } from "./modules.ts"

export const modules = Argument.String("module").pipe(
  Argument.withDescription("A module that exports metrics: ./save.metrics.ts, or mvx-metrics/Http"),
  Argument.variadic({ min: 1 })
)

/** The metrics of several modules. */
export const metricsOfAll = (paths: ReadonlyArray<string>) =>
  Effect.map(Effect.forEach(paths, metricsOf), (all) => distinct(all.flat()))

const asJson = (value: unknown): string => harmlessJson(value, 2)

export const dashboard = Command.make(
  "dashboard",
  {
    modules,
    title: Flag.String("title").pipe(Flag.withDescription("The title of the dashboard"), Flag.withDefault("Metrics"))
  },
  Effect.fn("dashboard")(function* ({ modules, title }) {
    yield* Console.log(asJson(dashboardOf(yield* metricsOfAll(modules), title)))
  })
).pipe(
  Command.withDescription("Prints a Grafana dashboard for the metrics of modules"),
  Command.withExamples([
    {
      command: "mvx-metrics dashboard ./save.metrics.ts mvx-metrics/Http --title Saves > saves.json",
      description: "With the ready-made metrics of HTTP"
    }
  ])
)

export const rules = Command.make(
  "rules",
  {
    modules,
    json: switchOf("json", "Print JSON instead of YAML")
  },
  Effect.fn("rules")(function* ({ json, modules }) {
    const made = rulesOf(yield* metricsOfAll(modules))
    yield* Console.log(json ? asJson(made) : harmlessEscapes(rulesYaml(made).trimEnd()))
  })
).pipe(
  Command.withDescription("Prints Prometheus rules: alerts on problems with metrics, and recorded ratios"),
  Command.withExamples([
    { command: "mvx-metrics rules ./save.metrics.ts > saves.rules.yml", description: "For rule_files of Prometheus" }
  ])
)

export const catalogue = Command.make(
  "catalogue",
  {
    modules,
    json: switchOf("json", "Print JSON, which mvx-metrics diff compares with later versions")
  },
  Effect.fn("catalogue")(function* ({ json, modules }) {
    const metrics = yield* metricsOfAll(modules)
    yield* Console.log(json ? asJson(describedMetrics(metrics)) : harmlessLines(catalogueMarkdown(metrics).trimEnd()))
  })
).pipe(
  Command.withDescription("Prints the metrics of modules as a table in Markdown"),
  Command.withExamples([
    { command: "mvx-metrics catalogue ./save.metrics.ts > METRICS.md", description: "For people" },
    { command: "mvx-metrics catalogue ./save.metrics.ts --json > metrics.json", description: "For mvx-metrics diff" }
  ])
)
