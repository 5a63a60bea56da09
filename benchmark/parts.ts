/** The parts by name, in the order in which they run. */
import { median } from "./measure.ts"
import { type Effort, type Figures, inFreshProcess, mostOutstanding, type Run, withoutCodegen } from "./part.ts"
import { spreadTable, title } from "./report.ts"

/** In how many processes a part runs. */
interface Processes {
  readonly quick: number
  readonly full: number
}

const once: Processes = { quick: 1, full: 1 }

/** The compiler decides anew in every process what it inlines, and so how fast a hand-off and the fold are. */
const several: Processes = { quick: 1, full: 3 }

/** Runs a part in processes of its own, and gives the median of each figure over them. */
const alone =
  (part: string, processes: Processes, ...flags: ReadonlyArray<string>): Run =>
  async (effort) => {
    const all: Array<Figures> = []
    while (all.length < (effort.quick ? processes.quick : processes.full)) {
      all.push(await inFreshProcess(part, effort, flags))
    }
    const [first] = all
    if (all.length === 1) return first!
    const valuesOf = (key: string) => all.map((figures) => figures[key] as number)
    const values = Object.fromEntries(Object.keys(first!).map((key) => [key, valuesOf(key)]))
    title(`Figures of "${part}" over ${all.length} processes`)
    spreadTable(values)
    return Object.fromEntries(
      Object.entries(values).map(([key, own]) => [key, key === mostOutstanding ? Math.max(...own) : median(own)])
    )
  }

/** Emission alone, with generated code and with closures. */
const closures = async (effort: Effort): Promise<Figures> => {
  const codegen = await alone("emission", several)(effort)
  const without = await alone("emission", several, withoutCodegen)(effort)
  const ratioIn = (figures: Figures) => figures.emissionVsInc as number
  return { ...codegen, closuresOverCodegen: ratioIn(without) / ratioIn(codegen) }
}

export const parts: { readonly [name: string]: Run } = {
  handoff: alone("handoff", several),
  emitter: alone("emitter", several),
  paced: alone("paced", several),
  metricsPerEvent: alone("metricsPerEvent", several),
  burst: alone("burst", several),
  fold: alone("fold", once),
  effect: alone("effect", once),
  scale: alone("scale", once, "--expose-gc"),
  closures,
  firstBurst: alone("firstBurst", { quick: 1, full: 7 }),
  latency: alone("latency", once),
  scrape: alone("scrape", once)
}

export const soak: Run = alone("soak", once, "--expose-gc")
