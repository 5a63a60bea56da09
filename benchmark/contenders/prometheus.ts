/** The clients of Prometheus, which have one interface: prom-client, and its successor. */
import type * as PromClient from "prom-client"
import type { Contender } from "../contender.ts"
import { boundaries } from "../document.metrics.ts"
import { bytesOf, durationOf, outcomeOf } from "../documentSave.ts"

export interface Prometheus {
  readonly inc: Contender
  readonly three: Contender
}

/**
 * A client's contenders, from a copy of this module of its own: two clients in the same loops would share what the
 * compiler learns of them, and slow each other down.
 */
export const prometheus = async (client: "prom-client" | "@prometheus-io/client"): Promise<Prometheus> => {
  const copy: { readonly contendersOf: typeof contendersOf } = await import(`./prometheus.ts?${client}`)
  return copy.contendersOf(client, await import(client))
}

export const contendersOf = (
  client: string,
  { Counter, Gauge, Histogram, Registry }: typeof PromClient
): Prometheus => {
  const options = (name: string) => ({ name, help: name, registers: [new Registry()] })
  const labelNames = ["outcome"] as const
  const totalOf = async (counter: PromClient.Counter<"outcome">): Promise<number> =>
    (await counter.get()).values.reduce((total, { value }) => total + value, 0)

  const alone = new Counter({ ...options("saves"), labelNames })
  const saves = new Counter({ ...options("saves"), labelNames })
  const durations = new Histogram({ ...options("durations"), labelNames, buckets: [...boundaries] })
  const bytes = new Gauge(options("bytes"))
  return {
    inc: {
      name: `${client}, one inc`,
      work: (events) => {
        for (let i = 0; i < events; i++) alone.inc({ outcome: outcomeOf(i) })
      },
      counted: () => totalOf(alone)
    },
    three: {
      name: `${client}, three metrics`,
      work: (events) => {
        for (let i = 0; i < events; i++) {
          const labels = { outcome: outcomeOf(i) }
          saves.inc(labels)
          durations.observe(labels, durationOf(i))
          bytes.set(bytesOf(i))
        }
      },
      counted: () => totalOf(saves)
    }
  }
}
