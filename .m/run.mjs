import { MetricsRuntime } from "mvx-metrics/promise"
import * as Otlp from "mvx-metrics/Otlp"
import { fork } from "node:child_process"
import { monitorEventLoopDelay } from "node:perf_hooks"
const { Reqs, Dur } = await import("./x.metrics.mjs")
if (process.argv[2] === "server") {
  const http = await import("node:http")
  let n=0, bytes=0
  http.createServer((q, r) => { n++; q.on("data", c=>bytes+=c.length); q.on("end", ()=>{ r.end() ; process.send?.({n,bytes}) }) }).listen(0, function(){ process.send({ port: this.address().port }) })
} else {
  const child = fork(import.meta.filename, ["server"], { execArgv: process.execArgv })
  const port = await new Promise(r=>child.once("message", m=>r(m.port)))
  let last; child.on("message", m=>last=m)
  const rt = await MetricsRuntime.start({ namespace: "x", metrics: new URL("./x.metrics.mjs", import.meta.url) })
  const ex = await Otlp.start(rt, { url: `http://127.0.0.1:${port}/v1/metrics`, exportInterval: "1 hour", temporality: process.argv[2]||"cumulative", compression: process.argv[3]||"none" })
  const r = await rt.createRecorder("svc", { capacity: 100000 })
  await r.registerMetric(Reqs); await r.registerMetric(Dur)
  for (let i=0;i<50000;i++) { r.registerEvent({ _tag:"req", route:"/r/"+i, ms: i%500 }); if (i%2000===0) await r.getMetricSnapshot(Reqs) }
  for (let k=0;k<4;k++) {
    for (let i=0;i<50000;i++) { r.registerEvent({ _tag:"req", route:"/r/"+i, ms: i%500 }); if (i%2000===0) await r.getMetricSnapshot(Reqs) }
    await new Promise(s=>setTimeout(s,200))
    const h = monitorEventLoopDelay({resolution:1}); h.enable(); const t=performance.now()
    await ex.flush(); await new Promise(s=>setTimeout(s,30)); h.disable()
    console.log("export", (performance.now()-t).toFixed(0), "ms, stall", (h.max/1e6).toFixed(1), JSON.stringify(last))
  }
  await rt.shutdown(); child.kill()
}
