/**
 * What the page knows of the runtime: the update that is shown, the part that passes the filter, and the last minutes.
 */
import { History, type MetricView } from "../model/history.ts"
import { recorderProblems } from "../model/problems.ts"
import type { LiveHead, LiveRecorder } from "../model/update.ts"
import type { RecorderView } from "./views.ts"

/** The state while an update is read. */
interface Reading {
  readonly head: LiveHead
  readonly recorders: Array<RecorderView>
  filtered: Array<RecorderView>
  readonly accepted: Map<string, number>
}

export class State {
  readonly history: History
  /** `undefined`: nothing has arrived yet. */
  head: LiveHead | undefined
  recorders: ReadonlyArray<RecorderView> = []
  /** What passes the filter: metrics, each with its recorder, and recorders that match themselves. */
  filtered: ReadonlyArray<RecorderView> = []
  #words: ReadonlyArray<string> = []
  #accepted: ReadonlyMap<string, number> = new Map()
  #reading: Reading | undefined

  /** `length`: how many updates it remembers. */
  constructor(length: number) {
    this.history = new History(length)
  }

  filter(text: string): void {
    this.#words = wordsOf(text)
    this.filtered = this.recorders.flatMap((view) => this.#filtered(view))
    const reading = this.#reading
    if (reading !== undefined) reading.filtered = reading.recorders.flatMap((view) => this.#filtered(view))
  }

  begin(head: LiveHead): void {
    this.history.begin(head.at)
    this.#reading = { head, recorders: [], filtered: [], accepted: new Map() }
  }

  recorder(recorder: LiveRecorder): void {
    const { accepted, filtered, head, recorders } = this.#reading!
    const { recorderId, stats } = recorder
    const before = this.#accepted.get(recorderId)
    const seconds = (head.at - (this.head?.at ?? head.at)) / 1000
    const view: RecorderView = {
      recorder,
      acceptedPerSecond: before === undefined || seconds <= 0 ? 0 : Math.max(0, (stats.accepted - before) / seconds),
      metrics: this.history.read(recorder),
      problems: recorderProblems(recorder)
    }
    accepted.set(recorderId, stats.accepted)
    recorders.push(view)
    filtered.push(...this.#filtered(view))
  }

  end(): void {
    const { accepted, filtered, head, recorders } = this.#reading!
    this.history.end()
    this.#reading = undefined
    this.#accepted = accepted
    this.head = head
    this.recorders = recorders
    this.filtered = filtered
  }

  #filtered(view: RecorderView): ReadonlyArray<RecorderView> {
    if (this.#words.length === 0) return [view]
    const metrics = view.metrics.filter((each) => matches(this.#words, each))
    return metrics.length > 0 || matchesRecorder(this.#words, view.recorder) ? [{ ...view, metrics }] : []
  }
}

/** The text filter: all words must occur in the description of a metric. */
const wordsOf = (text: string): ReadonlyArray<string> => text.toLowerCase().split(/\s+/).filter(Boolean)

/** Whether the recorder itself matches, regardless of its metrics. */
const matchesRecorder = (words: ReadonlyArray<string>, { entityId, recorderId }: LiveRecorder): boolean =>
  words.every((word) => `${recorderId}\n${entityId}`.toLowerCase().includes(word))

const matches = (words: ReadonlyArray<string>, { metric, recorderId, rows }: MetricView): boolean => {
  if (words.length === 0) return true
  const labels = rows.flatMap((row) => row.labels.map(([name, value]) => `${name}=${value}`))
  const text = [recorderId, metric.name, metric.description ?? "", metric.kind, metric.unit ?? "", ...labels]
    .join("\n")
    .toLowerCase()
  return words.every((word) => text.includes(word))
}
