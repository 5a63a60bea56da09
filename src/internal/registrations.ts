import type * as SchemaAST from "effect/SchemaAST"
import * as Metric from "../Metric.ts"
import {
  DefinitionMismatch,
  InvalidArgument,
  MetricNameTaken,
  MetricNotRegistered,
  UnknownMetric
} from "../MetricsError.ts"
import { describe, differences, type Fingerprint, fingerprint } from "./fingerprint.ts"
import { type Layout, layoutOf, type TagLayout } from "./layout.ts"
import { aBoolean, whyInvalidOptions } from "./options.ts"
import type { RegisterOptions } from "./recorderModel.ts"

/** The definitions registered in one recorder, by name. */
export class Registrations {
  readonly #recorderId: string
  readonly #catalog: ReadonlyMap<string, Fingerprint> | undefined
  readonly #metrics = new Map<string, Metric.Any>()

  /** `catalog`: the definitions that the fold has, where it does not take them from here. */
  constructor(recorderId: string, catalog: ReadonlyMap<string, Fingerprint> | undefined) {
    this.#recorderId = recorderId
    this.#catalog = catalog
  }

  /** Whether this very definition is registered. */
  has(metric: Metric.Any): boolean {
    return this.#metrics.get(metric.name) === metric
  }

  add(metric: Metric.Any): void {
    this.#metrics.set(metric.name, metric)
  }

  /** How the events of a tag cross, as things stand. */
  layoutOf(tag: string): TagLayout {
    let found: TagLayout = "foreign"
    for (const { events } of this.#metrics.values()) {
      if (!Object.hasOwn(events.cases, tag)) continue
      const layout = layoutOfCase(tag, events.cases[tag]!.ast)
      if (layout === undefined) return "clone"
      // Families that know the same event in different ways: no one layout has the fields of both.
      if (found !== "foreign" && found !== layout && describe(found) !== describe(layout)) return "clone"
      if (found === "foreign") found = layout
    }
    return found
  }

  /** Why `metric` cannot be registered, or `undefined`. It may be anything. */
  whyNot(metric: unknown, options: RegisterOptions | undefined) {
    if (!Metric.isMetric(metric)) {
      return new InvalidArgument({ argument: "metric", reason: "must be a definition made by Metric.make" })
    }
    const invalid = whyInvalidOptions(options, { replace: aBoolean })
    if (invalid !== undefined) return invalid
    const { name } = metric
    if (this.#metrics.has(name) && !this.has(metric) && options?.replace !== true) {
      return new MetricNameTaken({ name, recorderId: this.#recorderId })
    }
    if (this.#catalog === undefined) return undefined
    const known = this.#catalog.get(name)
    if (known === undefined) return new UnknownMetric({ name, known: [...this.#catalog.keys()] })
    const different = differences(known, fingerprint(metric))
    return different.length === 0 ? undefined : new DefinitionMismatch({ name, differences: different })
  }

  /** Why `metric` cannot be read, or `undefined`. It may be anything. */
  whyNotRead(metric: unknown) {
    if (!Metric.isMetric(metric)) {
      return new InvalidArgument({ argument: "metric", reason: "must be a definition made by Metric.make" })
    }
    if (this.has(metric)) return undefined
    const registered = [...this.#metrics.keys()]
    return new MetricNotRegistered({ name: metric.name, recorderId: this.#recorderId, registered })
  }
}

/** One layout for a schema, so that all recorders of a runtime share its encoder. */
const layouts = new WeakMap<SchemaAST.AST, Layout | "none">()

const layoutOfCase = (tag: string, ast: SchemaAST.AST): Layout | undefined => {
  let layout = layouts.get(ast)
  if (layout === undefined) {
    layout = layoutOf(tag, ast) ?? "none"
    layouts.set(ast, layout)
  }
  return layout === "none" ? undefined : layout
}
