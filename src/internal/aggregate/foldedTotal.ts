/** The counts of retired sources: a total for each recorder id, and one for ids that are not kept. */
import { storedKey } from "../store/entries.ts"
import { type EventCounts, noEventCounts } from "./eventCounts.ts"
import type { FoldedMetrics } from "./foldedMetrics.ts"
import { FoldedRecorder } from "./foldedRecorder.ts"
import type { FoldedSource } from "./foldedSource.ts"
import { type Parts, storedIn } from "./storedRecorder.ts"

/** The prefix of the key of an id's total. */
const OfTotal = "t:"
const OfOthers = "others"
const OfCounts = "counts"

/** How many sources were retired, and how many ids were merged into the others. */
interface Counts {
  readonly sources: number
  readonly others: number
}

export class FoldedTotal {
  readonly #of: FoldedMetrics
  readonly #byId = new Map<string, FoldedRecorder>()
  #others: FoldedRecorder | undefined
  #counts: Counts = { sources: 0, others: 0 }
  readonly #changed = new Set<string>()

  constructor(of: FoldedMetrics, parts: Parts) {
    this.#of = of
    for (const [key, bytes] of parts) {
      if (key === OfCounts) this.#counts = JSON.parse(Buffer.from(bytes).toString()) as Counts
      else if (key === OfOthers) this.#others = FoldedRecorder.load(storedIn(bytes), of)
      else {
        const recorder = FoldedRecorder.load(storedIn(bytes), of)
        this.#byId.set(recorder.recorderId, recorder)
      }
    }
  }

  /** Takes over the counts of a source. `most`: the number of ids to keep, those with the latest events. */
  absorb(source: FoldedSource, most: number): void {
    this.#counts = { ...this.#counts, sources: this.#counts.sources + 1 }
    this.#changed.add(OfCounts)
    for (const [id, recorder] of source.totals()) {
      const total = this.#byId.get(id) ?? new FoldedRecorder(id, this.#of)
      total.absorb(recorder)
      this.#byId.set(id, total)
      this.#changed.add(`${OfTotal}${id}`)
    }
    const excess = this.#byId.size - most
    if (excess <= 0) return
    const oldest = [...this.#byId].sort(([, one], [, other]) => one.latest - other.latest).slice(0, excess)
    for (const [id, recorder] of oldest) {
      this.#others ??= new FoldedRecorder(OfOthers, this.#of)
      this.#others.absorb(recorder)
      this.#byId.delete(id)
      this.#changed.add(OfOthers).add(`${OfTotal}${id}`)
      this.#counts = { ...this.#counts, others: this.#counts.others + 1 }
    }
  }

  changes(): ReadonlyMap<string, Uint8Array | undefined> {
    return new Map(Array.from(this.#changed, (key) => [storedKey(key), this.#part(key)]))
  }

  #part(key: string): Uint8Array | undefined {
    if (key === OfCounts) return Buffer.from(JSON.stringify(this.#counts))
    return key === OfOthers ? this.#others?.save() : this.#byId.get(key.slice(OfTotal.length))?.save()
  }

  get recorders(): Iterable<FoldedRecorder> {
    return this.#byId.values()
  }

  /** The number of retired sources. */
  get ended(): number {
    return this.#counts.sources
  }

  /** The counts of ids that are not kept, if there are any. */
  get others(): { readonly recorder: FoldedRecorder; readonly ids: number } | undefined {
    return this.#others && { recorder: this.#others, ids: this.#counts.others }
  }

  get counts(): EventCounts {
    return this.#others?.counts ?? noEventCounts
  }
}
