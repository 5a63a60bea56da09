import { startedMetrics } from "../../lib/metrics.js"

export async function GET(request) {
  const { scrape } = await startedMetrics()
  return scrape(request)
}
