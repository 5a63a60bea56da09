/**
 * The families of a scrape, the same in each format.
 *
 * Data of one name becomes one family, whatever its origin. Data that cannot be shown beside the existing data (a name
 * with another meaning) is omitted, so that one metric never breaks the scrape.
 */
import type * as Metric from "../../metric/definition/metric.ts"
import type { Selection } from "../../model/format.ts"
import { type Family, familyOf } from "../../naming/names.ts"
import type { BaseUnit } from "../../naming/units.ts"
import type { TakeMemory } from "../../util/pieces.ts"
import type { Duplicates } from "../duplicates.ts"
import { emptyData } from "../fromMetric.ts"
import type { Life, MetricData } from "../metricData.ts"

/** The origin of data. */
export interface Source {
  /** The attributes of all its points. */
  readonly attributes: { readonly [name: string]: string }
  /** When counting began, in milliseconds since the Unix epoch, if that is known. */
  readonly createdAt: number | undefined
  /** The same, for data that is shown without it. */
  readonly since?: number
  /** The numbers of its series with equal label texts. Default: they are assigned each time. */
  readonly duplicates?: Pick<Duplicates, "numbers"> | undefined
}

export const nobody: Source = { attributes: {}, createdAt: undefined }

/** The help text of a family. */
export const helpOf = ({ description, name }: MetricData): string => description?.trim() || `The metric ${name}.`

/** When a point began to count, at the latest `now`: the clock may have been set back since. */
export const createdOf = (
  { createdAt }: Source,
  { life }: { readonly life?: Life | undefined },
  now: number
): number | undefined => {
  const created = life?.since ?? createdAt
  return created === undefined ? undefined : Math.min(created, now)
}

/** What an exposition may be told. */
export interface ExpositionOptions {
  /** The time of the read, in milliseconds since the Unix epoch. */
  readonly now?: number
  /** Names of labels that no metric may have. */
  readonly reserved?: ReadonlyArray<string>
  /** The families to show. */
  readonly names?: ReadonlyArray<string> | undefined
  /** Allocates memory for long content. */
  readonly take?: TakeMemory | undefined
}

/** A value in the unit of its family. */
export const scale = (value: number, { divide, multiply }: BaseUnit): number => (value * multiply) / divide

/** The prefix of the library's own metrics. */
const OwnNames = "mvx_metrics_"

/** Whether a metric is part of a scrape. The library's own metrics about recorders include all of their metrics. */
export const wantedBy = ({ names, selfMetrics = true }: Selection): ((metric: Metric.Any) => boolean) => {
  if (names === undefined || (selfMetrics && names.some((name) => name.startsWith(OwnNames)))) return () => true
  return (metric) => emptyData(metric).some((data) => familyOf(data).exposed.some((name) => names.includes(name)))
}

/** What a format keeps of each family. */
interface Section {
  readonly family: Family
}

/** Where data is shown, and its unit. Data of one family may have different units of which the base unit is the same. */
interface Placed<S> {
  readonly section: S
  readonly unit: BaseUnit
}

export class Families<S extends Section> {
  readonly #begin: (family: Family, data: MetricData) => S
  readonly #names: ReadonlySet<string> | undefined
  readonly #sections = new Map<string, S>()
  /** By the name of the metric, which many recorders share: its previous data, and where that is shown. */
  readonly #known = new Map<string, readonly [data: MetricData, placed: Placed<S> | undefined]>()
  /** By sample name: the name of the family that uses it. */
  readonly #exposed = new Map<string, string>()

  /**
   * `begin` makes the section of a family from its first data. `names`: the families to show, or names of their
   * samples.
   */
  constructor(begin: (family: Family, data: MetricData) => S, names: ReadonlyArray<string> | undefined) {
    this.#begin = begin
    this.#names = names && new Set(names)
  }

  /** In the order in which they appeared. */
  get sections(): Iterable<S> {
    return this.#sections.values()
  }

  /** Where data is shown, or `undefined` if it has nothing to show, or cannot be shown. */
  placeOf(data: MetricData): Placed<S> | undefined {
    return data.points.length === 0 ? undefined : this.placeFor(data)
  }

  /** The same for data whose points are shown in another way. */
  placeFor(data: MetricData): Placed<S> | undefined {
    const [before, known] = this.#known.get(data.name) ?? []
    if (before !== undefined && before.type === data.type && before.unit === data.unit) {
      const isSame = data.type !== "sum" || (before as typeof data).monotonic === data.monotonic
      if (isSame) return known
    }
    const family = familyOf(data)
    const section = this.#sectionOf(family, data)
    const placed = section && { section, unit: family.unit }
    this.#known.set(data.name, [data, placed])
    return placed
  }

  #sectionOf(family: Family, data: MetricData): S | undefined {
    if (this.#names !== undefined && !family.exposed.some((name) => this.#names!.has(name))) return undefined
    const known = this.#sections.get(family.name)
    if (known !== undefined) return known.family.type === family.type ? known : undefined
    if (family.exposed.some((name) => this.#exposed.has(name))) return undefined
    for (const name of family.exposed) this.#exposed.set(name, family.name)
    const section = this.#begin(family, data)
    this.#sections.set(family.name, section)
    return section
  }
}
