/**
 * The names of a runtime's metrics in Prometheus. Two metrics that would share a name cannot both be registered: the
 * author of the second one gets the error at registration, and no scrape fails.
 */
import type * as Metric from "../../metric/definition/metric.ts"
import { MetricNameCollision } from "../../model/registerErrors.ts"
import { familyOf, labelName } from "../../naming/names.ts"
import { oncePer } from "../../util/oncePer.ts"
import { emptyData } from "../fromMetric.ts"
import { shapeKey } from "../metricData.ts"

/** What a definition is in Prometheus. */
interface Shape {
  readonly name: string
  /** Equal for definitions that can coexist: same name, and same kinds of data and units. */
  readonly kind: string
  readonly exposed: ReadonlyArray<string>
  /** Two labels of the definition that would become one. */
  readonly sameLabels: readonly [label: string, other: string] | undefined
}

const shapeOf = oncePer((metric: Metric.Any): Shape => {
  const all = emptyData(metric)
  return {
    name: metric.name,
    kind: all.map(shapeKey).join(),
    exposed: all.flatMap((data) => familyOf(data).exposed),
    sameLabels: sameLabels(metric)
  }
})

const sameLabels = ({ instrument }: Metric.Any): readonly [string, string] | undefined => {
  const seen = new Map<string, string>()
  for (const [label] of instrument?.labels ?? []) {
    const other = seen.get(labelName(label))
    if (other !== undefined) return [label, other]
    seen.set(labelName(label), label)
  }
  return undefined
}

/** The metrics of one name. */
interface Claim {
  readonly shape: Shape
  /** How often it is registered. */
  count: number
}

export class ExpositionNames {
  /** Called with the first metric of a name, and when the last one is removed. */
  onChange: ((metric: Metric.Any, isThere: boolean) => void) | undefined
  readonly #byMetric = new Map<string, Claim>()
  readonly #byExposed = new Map<string, Claim>()

  /**
   * Claims the names of definitions, once for each recorder in which they are registered, and releases those of the
   * ones they replace. Returns why it cannot, or throws, leaving all names as they were.
   */
  claim(metrics: ReadonlyArray<Metric.Any>, replaced: ReadonlyArray<Metric.Any> = []): MetricNameCollision | undefined {
    const shapes = metrics.map(shapeOf)
    const before = replaced.map(shapeOf)
    const gone = replaced.filter((_, i) => this.#drop(before[i]!))
    const come: Array<Metric.Any> = []
    let claimed = 0
    let isDone = false
    try {
      for (const shape of shapes) {
        const collision = this.#whyNot(shape)
        if (collision !== undefined) return collision
        if (this.#take(shape)) come.push(metrics[claimed]!)
        claimed++
      }
      for (const metric of gone) this.onChange?.(metric, false)
      for (const metric of come) this.onChange?.(metric, true)
      isDone = true
      return undefined
    } finally {
      if (!isDone) {
        for (const shape of shapes.slice(0, claimed)) this.#drop(shape)
        for (const shape of before) this.#take(shape)
      }
    }
  }

  /** Releases what was claimed once. */
  release(metrics: ReadonlyArray<Metric.Any>): void {
    this.claim([], metrics)
  }

  #whyNot(shape: Shape): MetricNameCollision | undefined {
    if (shape.sameLabels !== undefined) {
      const [label, other] = shape.sameLabels.map((each) => `${shape.name}{${each}}`) as [string, string]
      return new MetricNameCollision({ metric: label, other, as: labelName(shape.sameLabels[0]) })
    }
    const own = this.#byMetric.get(shape.name)?.shape
    if (own?.kind === shape.kind) return undefined
    const as = own === undefined ? shape.exposed.find((name) => this.#byExposed.has(name)) : own.exposed[0]
    return as === undefined
      ? undefined
      : new MetricNameCollision({ metric: shape.name, other: this.#byExposed.get(as)!.shape.name, as })
  }

  /** Returns whether there was no metric of the name. */
  #take(shape: Shape): boolean {
    const own = this.#byMetric.get(shape.name)
    if (own !== undefined) {
      own.count++
      return false
    }
    const claim: Claim = { shape, count: 1 }
    this.#byMetric.set(shape.name, claim)
    for (const exposed of shape.exposed) this.#byExposed.set(exposed, claim)
    return true
  }

  /** Returns whether there is no metric of the name any more. */
  #drop({ name }: Shape): boolean {
    const own = this.#byMetric.get(name)
    if (own === undefined || --own.count > 0) return false
    this.#byMetric.delete(name)
    for (const exposed of own.shape.exposed) this.#byExposed.delete(exposed)
    return true
  }
}
