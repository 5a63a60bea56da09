/**
 * The names that the metrics of a runtime have in Prometheus. Two metrics that would have one in common cannot both be
 * registered: found out then, it is found by the one who can mend it, and no scrape fails for it.
 */
import type * as Metric from "../../metric/definition/metric.ts"
import { MetricNameCollision } from "../../model/errors.ts"
import { familyOf, labelName } from "../../naming/names.ts"
import { emptyData, shapeKey } from "../fromMetric.ts"

/** What a definition is in Prometheus. */
interface Shape {
  readonly name: string
  /** The same for definitions that can stand side by side: of one name, of the same kinds of data and units. */
  readonly kind: string
  readonly exposed: ReadonlyArray<string>
  /** Two labels of the definition that would be one. */
  readonly sameLabels: readonly [label: string, other: string] | undefined
}

const shapes = new WeakMap<Metric.Any, Shape>()

const shapeOf = (metric: Metric.Any): Shape => {
  let shape = shapes.get(metric)
  if (shape === undefined) {
    const all = emptyData(metric)
    const families = all.map(familyOf)
    shape = {
      name: metric.name,
      kind: all.map(shapeKey).join(),
      exposed: families.flatMap(({ exposed }) => exposed),
      sameLabels: sameLabels(metric)
    }
    shapes.set(metric, shape)
  }
  return shape
}

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
  /** Is told of a metric that is there when there was none of its name, and when it is there no more. */
  onChange: ((metric: Metric.Any, isThere: boolean) => void) | undefined
  readonly #byMetric = new Map<string, Claim>()
  readonly #byExposed = new Map<string, Claim>()

  /** Takes the names of a definition, once for each recorder that it is registered in, or says why it cannot. */
  claim(metric: Metric.Any): MetricNameCollision | undefined {
    const shape = shapeOf(metric)
    if (shape.sameLabels !== undefined) {
      const [label, other] = shape.sameLabels.map((each) => `${shape.name}{${each}}`) as [string, string]
      return new MetricNameCollision({ metric: label, other, as: labelName(shape.sameLabels[0]) })
    }
    const own = this.#byMetric.get(shape.name)
    if (own !== undefined && own.shape.kind === shape.kind) {
      own.count++
      return undefined
    }
    const as = own === undefined ? shape.exposed.find((name) => this.#byExposed.has(name)) : own.shape.exposed[0]
    if (as !== undefined) {
      return new MetricNameCollision({ metric: shape.name, other: this.#byExposed.get(as)!.shape.name, as })
    }
    const claim: Claim = { shape, count: 1 }
    this.#byMetric.set(shape.name, claim)
    for (const exposed of shape.exposed) this.#byExposed.set(exposed, claim)
    this.onChange?.(metric, true)
    return undefined
  }

  /** Gives back what was taken once. */
  release(metric: Metric.Any): void {
    const claim = this.#byMetric.get(metric.name)
    if (claim === undefined || --claim.count > 0) return
    this.#byMetric.delete(metric.name)
    for (const exposed of claim.shape.exposed) this.#byExposed.delete(exposed)
    this.onChange?.(metric, false)
  }
}
