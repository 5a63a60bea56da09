import { documents } from "../../../lib/metrics.js"

export async function POST(request) {
  const { outcome } = await request.json()
  const { metrics } = await documents()
  metrics.emit({ _tag: "document.save", outcome })
  return new Response(null, { status: 204 })
}

export async function GET() {
  const { recorder } = await documents()
  return Response.json(await recorder.getMetricSnapshots())
}
