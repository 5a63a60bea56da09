// A bundle has no packaged worker beside it, so the option metrics cannot work there, even if the module is there.
import { pathToFileURL } from "node:url"
import { MetricsRuntime } from "mvx-metrics/promise"

const metrics = pathToFileURL(process.argv[2] ?? "")

MetricsRuntime.start({ namespace: "example.metrics", logging: "silent", metrics }).then(
  () => console.log("started"),
  (error) => console.log(`${error._tag}: ${error.message}`)
)
