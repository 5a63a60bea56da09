// The live page, from the package as it is installed and from inside a bundle: all of it is there.
import { MetricsRuntime } from "mvx-metrics/promise"

const runtime = await MetricsRuntime.start({ namespace: "example.metrics", inProcess: true, logging: "silent" })
const { handler } = await runtime.livePage()
for (const path of ["", "/page.js", "/page.css", "/data"]) {
  const response = await handler(new Request(`http://localhost/metrics/live${path}`))
  const body = await response.text()
  console.log(response.status, response.headers.get("content-type"), body.length > 50)
}
await runtime.shutdown()
