import type * as Effect from "effect/Effect"
import type * as SchemaAST from "effect/SchemaAST"
import type { ExpositionNames } from "../formats/prometheus/nameRegistry.ts"
import type { WorkerCatalog } from "../link/workerCatalog.ts"
import { isDefinition, mustBeMetric } from "../metric/definition/define.ts"
import { describe, differences, fingerprint, isSame } from "../metric/definition/fingerprint.ts"
import { fieldsRead } from "../metric/definition/instrument.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { readsSpan } from "../metric/instruments/exemplars.ts"
import { aBoolean, refuse, whyInvalidOptions } from "../model/optionChecks.ts"
import {
  type MetricNameCollision,
  MetricNameTaken,
  MetricNotRegistered,
  RegisterError
} from "../model/registerErrors.ts"
import { InvalidArgument } from "../model/usageErrors.ts"
import { type Layout, layoutOf, type TagLayout } from "../stream/rows/layout.ts"
import { Interned } from "../util/interned.ts"
import { oncePer } from "../util/oncePer.ts"
import type { RegisterOptions } from "./options.ts"

/** Most recorders never replace a metric. */
const none: ReadonlyArray<Metric.Any> = []

/** What was read of a metric, with its definition at that time. */
export type OfMetric<A> = A & { readonly metric: Metric.Any }

/** The definitions registered in one recorder, by name. */
export class Registrations {
  readonly #recorderId: string
  readonly #catalog: WorkerCatalog | undefined
  readonly #names: ExpositionNames
  readonly #isRecorded: boolean
  readonly #metrics = new Map<string, Metric.Any>()
  /** Replaced definitions that the fold has not replaced yet: they still get the events accepted before. */
  #leaving: ReadonlyArray<Metric.Any> = none
  /** The definitions that the fold has been informed about. */
  readonly #told = new Map<string, Metric.Any>()
  /** The tags of events whose spans are read. `undefined` when the metrics have changed. */
  #spanTags: ReadonlySet<string> | undefined
  #cut: ReadonlyMap<string, Metric.Any> | undefined
  #released = false

  /**
   * `catalog`: the definitions of the fold, if it does not take them from here. `names`: the names taken by the metrics
   * of all recorders. `isRecorded`: whether events are also read by something other than the metrics.
   */
  constructor(recorderId: string, catalog: WorkerCatalog | undefined, names: ExpositionNames, isRecorded = false) {
    this.#recorderId = recorderId
    this.#isRecorded = isRecorded
    this.#catalog = catalog
    this.#names = names
  }

  /** Whether this definition, or an identical one, is registered. */
  has(metric: Metric.Any): boolean {
    const registered = this.#metrics.get(metric.name)
    return registered !== undefined && isSame(registered, metric)
  }

  /**
   * The metrics that a registration adds. For an identical definition the functions registered first stay in use. With
   * `replace` the caller wants the functions of this definition, so only the very same object is left out.
   */
  fresh(metrics: ReadonlyArray<Metric.Any>, options: RegisterOptions | undefined): ReadonlyArray<Metric.Any> {
    return options?.replace === true
      ? metrics.filter((metric) => this.#metrics.get(metric.name) !== metric)
      : metrics.filter((metric) => !this.has(metric))
  }

  /** Records that the fold is informed about a definition, which replaces one of the same name if there is one. */
  tell(metric: Metric.Any): void {
    this.#told.set(metric.name, metric)
    this.#cut = undefined
  }

  /**
   * The definitions of the fold after everything sent so far. A read sent now refers to them, whatever is registered
   * before its answer.
   */
  get cut(): ReadonlyMap<string, Metric.Any> {
    this.#cut ??= new Map(this.#told)
    return this.#cut
  }

  /** The definition of this name. */
  find(name: string): Metric.Any | undefined {
    return this.#metrics.get(name)
  }

  get all(): ReadonlyArray<Metric.Any> {
    return [...this.#metrics.values()]
  }

  /** Whether a metric reads the events of a tag. */
  reads(tag: string): boolean {
    for (const { reduce } of this.#metrics.values()) if (Object.hasOwn(reduce, tag)) return true
    return false
  }

  /** Claims the names of these metrics, replacing definitions of the same names, or returns why it claims none. */
  claim(metrics: ReadonlyArray<Metric.Any>): MetricNameCollision | undefined {
    return this.#names.claim(metrics, this.replacedBy(metrics))
  }

  /** Adds metrics. Those that they replace leave when the fold knows: see {@link left}. */
  add(metrics: ReadonlyArray<Metric.Any>): void {
    const replaced = this.replacedBy(metrics)
    if (replaced.length > 0) this.#leaving = [...this.#leaving, ...replaced]
    for (const metric of metrics) this.#metrics.set(metric.name, metric)
    this.#spanTags = undefined
  }

  /**
   * Undoes {@link claim} and {@link add}, at whatever point the latter failed. The fold was not informed and will not
   * be.
   */
  takeBack(metrics: ReadonlyArray<Metric.Any>, replaced: ReadonlyArray<Metric.Any>): void {
    for (const { name } of metrics) this.#metrics.delete(name)
    for (const before of replaced) {
      this.#metrics.set(before.name, before)
      this.left(before)
    }
    this.#names.claim(replaced, metrics)
  }

  /** The definitions that these metrics replace. */
  replacedBy(metrics: ReadonlyArray<Metric.Any>): ReadonlyArray<Metric.Any> {
    return metrics.flatMap(({ name }) => this.#metrics.get(name) ?? [])
  }

  /** Releases the names of a removed recorder's metrics for others. */
  release(): void {
    if (this.#released) return
    this.#released = true
    this.#names.release(this.all)
  }

  /** Forgets a metric that was replaced and gets no more events. */
  left(metric: Metric.Any): void {
    this.#leaving = this.#leaving.filter((each) => each !== metric)
    this.#spanTags = undefined
  }

  /** How the events of a tag cross at present. Fields that are not read are left out. */
  layoutOf(tag: string): TagLayout {
    const concerned = [...this.#metrics.values(), ...this.#leaving].filter(({ events }) =>
      Object.hasOwn(events.cases, tag)
    )
    const fields = this.#isRecorded ? undefined : fieldsOf(tag, concerned)
    const spans = this.readsSpan(tag)
    let found: TagLayout = "foreign"
    for (const { events } of concerned) {
      const layout = layoutOfCase(tag, events.cases[tag]!.ast, fields, spans)
      if (layout === undefined) return "generic"
      // Families that describe the same event in different ways: no single layout has the fields of both.
      if (found !== "foreign" && found !== layout && describe(found) !== describe(layout)) return "generic"
      if (found === "foreign") found = layout
    }
    return found
  }

  /** Whether a metric uses the spans of the events of a tag as exemplars. */
  readsSpan(tag: string): boolean {
    this.#spanTags ??= new Set(
      [...this.#metrics.values(), ...this.#leaving].flatMap(({ instrument }) =>
        instrument !== undefined && readsSpan(instrument) ? instrument.tags : []
      )
    )
    return this.#spanTags.has(tag)
  }

  /** Why `metric` cannot be registered, alone or as a part of `given`, or `undefined`. It can be any value. */
  whyNot(metric: unknown, options: RegisterOptions | undefined, given: Metric.Any | Metric.MetricSet) {
    if (!isDefinition(metric)) {
      return new InvalidArgument({ argument: "metric", reason: mustBeMetric })
    }
    const invalid = whyInvalidOptions(options, { replace: aBoolean })
    if (invalid !== undefined) return invalid
    const { name } = metric
    if (this.#metrics.has(name) && !this.has(metric) && options?.replace !== true) {
      return new MetricNameTaken({ metric: name, recorderId: this.#recorderId })
    }
    if (this.#catalog === undefined) return undefined
    const known = this.#catalog.get(name)
    if (known === undefined) return this.#catalog.whyUnknown(metric, given)
    const different = differences(known, fingerprint(metric))
    return different.length === 0 ? undefined : this.#catalog.whyDifferent(metric, different)
  }

  /** Fails a registration, or dies if the input is bad. */
  refuse(reason: InvalidArgument | RegisterError["reason"]): Effect.Effect<never, RegisterError> {
    return refuse(
      reason instanceof InvalidArgument ? reason : new RegisterError({ recorderId: this.#recorderId, reason })
    )
  }

  /** Why `metric` cannot be read, or `undefined`. It can be any value. */
  whyNotRead(metric: unknown) {
    if (!isDefinition(metric)) {
      return new InvalidArgument({ argument: "metric", reason: mustBeMetric })
    }
    return this.has(metric) ? undefined : this.notRegistered(metric)
  }

  /** The same for several. */
  whyNotAll(metrics: ReadonlyArray<unknown>) {
    for (const metric of metrics) {
      const refusal = this.whyNotRead(metric)
      if (refusal !== undefined) return refusal
    }
    return undefined
  }

  notRegistered({ name }: Metric.Any): MetricNotRegistered {
    const registered = [...this.#metrics.keys()]
    return new MetricNotRegistered({ metric: name, recorderId: this.#recorderId, registered })
  }
}

/**
 * The fields of the events of a tag that the metrics read. `undefined` means all: because a user's function may read
 * any of them, or because none of the metrics reads such events.
 */
const fieldsOf = (tag: string, metrics: ReadonlyArray<Metric.Any>): ReadonlySet<string> | undefined => {
  const fields = new Set<string>()
  const readers = metrics.filter(({ reduce }) => Object.hasOwn(reduce, tag))
  for (const reader of readers) {
    const own = fieldsRead(reader)
    if (own === undefined) return undefined
    for (const field of own) fields.add(field)
  }
  return readers.length === 0 ? undefined : fields
}

/** The layouts by content, so that families created anew for each recorder share encoders, whose number is limited. */
const distinctLayouts = new Interned<Layout>()

const interned = (layout: Layout | undefined): Layout | undefined =>
  layout && distinctLayouts.get(describe(layout), () => layout)

/** One layout for a schema and the fields that are read, so that all recorders of a runtime share its encoder. */
const layoutsOf = oncePer((_ast: SchemaAST.AST) => new Map<string, Layout | "none">())

const layoutOfCase = (
  tag: string,
  ast: SchemaAST.AST,
  fields: ReadonlySet<string> | undefined,
  spans: boolean
): Layout | undefined => {
  const key = JSON.stringify([fields === undefined ? "all" : [...fields].sort(), spans])
  const known = layoutsOf(ast)
  let layout = known.get(key)
  if (layout === undefined) {
    layout = interned(layoutOf(tag, ast, fields, spans)) ?? "none"
    known.set(key, layout)
  }
  return layout === "none" ? undefined : layout
}
