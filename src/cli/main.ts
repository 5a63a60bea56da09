#!/usr/bin/env node
/**
 * The command `mvx-metrics`.
 */
import { createRequire } from "node:module"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { check } from "./check.ts"
import { diff } from "./diff.ts"
import { catalogue, dashboard, rules } from "./generate.ts"
import { replay } from "./replay.ts"
import { report } from "./report.ts"
import { watch } from "./watch.ts"

const { version } = createRequire(import.meta.url)("mvx-metrics/package.json") as { readonly version: string }

// The reader of the pipe has closed it: `| head -1`.
for (const output of [process.stdout, process.stderr]) {
  output.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0)
    throw error
  })
}

Command.make("mvx-metrics").pipe(
  Command.withDescription(
    "Shows the metrics of a running process, and works with definitions of metrics and captured events"
  ),
  Command.withSubcommands([watch, report, replay, dashboard, rules, catalogue, diff, check]),
  Command.run({ version }),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
