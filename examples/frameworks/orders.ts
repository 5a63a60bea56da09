// The application, which is independent of the framework that serves it.
import { setTimeout } from "node:timers/promises"
import { orderMetrics } from "./metrics.ts"

export interface Order {
  readonly id: string
  readonly items: number
}

/** Stands for a database, in which the orders are numbered. One has so many items that it takes long to read. */
const read = async (id: string): Promise<Order | undefined> => {
  if (!/^\d+$/.test(id)) return undefined
  const items = Number(id)
  await setTimeout(items)
  return { id, items }
}

export const findOrder = (id: string): Promise<Order | undefined> =>
  orderMetrics.track(
    () => read(id),
    (result, { seconds }) => ({
      _tag: "order.lookup",
      outcome: result.status === "fulfilled" && result.value !== undefined ? "FOUND" : "MISSING",
      seconds
    })
  )
