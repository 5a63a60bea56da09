// To be bundled: the URL that should name a module of definitions names the bundle, which is the whole application.
// Each thread that runs it says so.
import { writeSync } from "node:fs"
import { MetricsRuntime } from "mvx-metrics/promise"

const say = (line: string): void => void writeSync(1, `${line}\n`)

say("the application runs")
await MetricsRuntime.start({ namespace: "consumer", logging: "silent", metrics: new URL(import.meta.url) }).then(
  () => say("started"),
  (error) => say(`refused with ${error._tag}, ${error instanceof Error ? "an Error" : "not an Error"}`)
)
