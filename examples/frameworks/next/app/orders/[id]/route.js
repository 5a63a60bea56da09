import { setTimeout } from "node:timers/promises"
import { after } from "next/server"
import { startedMetrics } from "../../../lib/metrics.js"

/** Stands for a database, in which the orders are numbered. One has so many items that it takes long to read. */
const read = async (id) => {
  if (!/^\d+$/.test(id)) return undefined
  const items = Number(id)
  await setTimeout(items)
  return { id, items }
}

export async function GET(_request, { params }) {
  const { id } = await params
  const { flushAtEnd, metrics } = await startedMetrics()
  after(flushAtEnd)
  const order = await metrics.track(
    () => read(id),
    (result, { seconds }) => ({
      _tag: "order.lookup",
      outcome: result.status === "fulfilled" && result.value !== undefined ? "FOUND" : "MISSING",
      seconds
    })
  )
  return order === undefined ? Response.json({ error: "not found" }, { status: 404 }) : Response.json(order)
}
