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
    while (all.length < countOf(processes, effort)) all.push(await inFreshProcess(part, effort, flags))
    return medianOf(part, all)
  }

const countOf = (processes: Processes, { quick }: Effort): number => (quick ? processes.quick : processes.full)

const medianOf = (part: string, all: ReadonlyArray<Figures>): Figures => {
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

/** Emission alone, with code generation and without, in turn. */
const codegen: Run = async (effort) => {
  const all: Array<Figures> = []
  while (all.length < countOf(several, effort)) {
    const generated = await inFreshProcess("emission", effort)
    const generic = await inFreshProcess("emission", effort, [withoutCodegen])
    const ratioIn = (figures: Figures) => figures.emissionVsInc as number
    all.push({ ...generated, genericOverCodegen: ratioIn(generic) / ratioIn(generated) })
  }
  return medianOf("codegen", all)
}

export const parts: { readonly [name: string]: Run } = {
  handoff: alone("handoff", several),
  emitter: alone("emitter", several),
  streamed: alone("streamed", several),
  paced: alone("paced", several),
  metricsPerEvent: alone("metricsPerEvent", several),
  burst: alone("burst", several),
  fold: alone("fold", once),
  sums: alone("sums", several),
  checkpoints: alone("checkpoints", once),
  effect: alone("effect", once),
  scale: alone("scale", once, "--expose-gc"),
  codegen,
  irregular: alone("irregular", several),
  inProcess: alone("inProcess", several),
  firstBurst: alone("firstBurst", { quick: 1, full: 7 }),
  latency: alone("latency", once),
  scrape: alone("scrape", once),
  reading: alone("reading", once),
  start: alone("start", once),
  threads: alone("threads", once)
}

export const soak: Run = alone("soak", once, "--expose-gc")
