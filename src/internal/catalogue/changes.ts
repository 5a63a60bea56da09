/**
 * The possible changes between two versions of definitions, and how severe they are for dashboards, rules and stored
 * series of the old version.
 */
import type { DescribedMetric } from "./describedMetric.ts"

/**
 * - `breaking`: a query finds nothing any more, finds other series, or adds up what does not belong together.
 * - `changed`: the series stay, with other numbers or another text.
 * - `added`: something new stands beside what was there.
 */
export type Severity = "breaking" | "changed" | "added"

/** The most severe first. */
export const severities: ReadonlyArray<Severity> = ["breaking", "changed", "added"]

interface Rule {
  readonly severity: Severity
  /** Why that is so, for who reads the report. */
  readonly why: string
}

const rule =
  (severity: Severity) =>
  (why: string): Rule => ({ severity, why })
const breaking = rule("breaking")
const changed = rule("changed")
const added = rule("added")

export const changeRules = {
  "metric-removed": breaking("Queries for it find nothing from now on."),
  "metric-renamed": breaking("Its stored series end, and others begin under the new name."),
  "metric-added": added("It has no series before this version."),
  "kind-changed": breaking(
    "Stored and new samples cannot be combined, and functions such as rate fit only one of them."
  ),
  "unit-changed": breaking("Stored and new values cannot be compared, and the name in Prometheus follows the unit."),
  "unit-annotation-changed": changed("Values and names in Prometheus stay; OTLP sends the new unit."),
  "sample-removed": breaking("Queries for it find nothing from now on."),
  "sample-type-changed": breaking("Stored and new samples cannot be combined."),
  "sample-added": added("It has no series before this version."),
  "label-removed": breaking("Each series is a new one. Queries that select or group by the label find nothing."),
  "label-added": breaking("Each series is a new one. Queries without the label find several series for one."),
  "label-renamed": breaking("Each series is a new one. Queries by the old name find nothing."),
  "label-value-removed": breaking("Queries for the value find nothing from now on."),
  "label-value-added": added("Sums over the label include it."),
  "label-opened": changed("Only maxSeries bounds the number of series, and none is shown at 0 before its first event."),
  "label-closed": changed("Values that are not in the schema are gone."),
  "label-source-changed": changed("Its values have another source and may differ."),
  "boundaries-changed": breaking(
    "Buckets of old and new series do not add up: sum by (le), and its quantiles, are wrong across both."
  ),
  "quantile-removed": breaking("Queries for it find nothing from now on."),
  "quantile-added": added("It has no series before this version."),
  "dimension-removed": breaking("Queries for this value of the label dimension find nothing from now on."),
  "dimension-added": added("Sums over the label dimension include it."),
  "help-changed": changed("The text for people changes."),
  "event-removed": changed("The numbers no longer include it."),
  "event-added": changed("The numbers include it from now on."),
  "measures-changed": changed("The numbers have another source."),
  "filter-changed": changed("The numbers include other events."),
  "window-changed": changed("The numbers cover another period."),
  "mode-changed": changed("An event changes the value in another way."),
  "resolution-changed": changed("The precision of the numbers changes."),
  "limit-changed": changed("Other series are cut or go to the overflow series."),
  "expiry-changed": changed("Series end at another time."),
  "from-zero-changed": changed("Series are shown at 0 before their first event, or no longer are."),
  "exemplar-changed": changed("Exemplars have another source, or none."),
  "sources-changed": changed("It is computed from other metrics."),
  "setting-changed": changed("A setting of the metric changes."),
  "state-incompatible": changed(
    "Durable state is reset, and states of processes with the old version cannot be merged with those of the new one."
  ),
  "state-reset": changed("Durable state is reset."),
  "metric-fails": breaking("These events quarantine it, so its series stop changing."),
  "series-removed": breaking("With these events, series are missing."),
  "series-added": added("With these events, there are new series."),
  "numbers-changed": changed("With these events, series have other values."),
  "events-unreadable": changed("Captured events of this kind are no longer events of the metrics.")
} as const satisfies { readonly [code: string]: Rule }

export type ChangeCode = keyof typeof changeRules

export interface Change extends Omit<Found, "what" | "alerts"> {
  readonly severity: Severity
  /** By its old name. */
  readonly metric: string
  /** What has changed, and what follows. */
  readonly message: string
  /** The names of samples in Prometheus, and of generated rules and panels, that it concerns. */
  readonly samples: ReadonlyArray<string>
  readonly rules: ReadonlyArray<string>
  readonly panels: ReadonlyArray<string>
}

/** What is known of a change besides its metric and its severity. */
export interface Found {
  readonly code: ChangeCode
  /** The part of the metric: a label, a value, a setting. */
  readonly subject?: string
  /** What has changed, as a sentence whose subject is the metric. */
  readonly what: string
  readonly before?: unknown
  readonly after?: unknown
  /** Generated rules that depend on it, in addition to those of the metric. */
  readonly alerts?: ReadonlyArray<string>
}

/** A change of a metric, with what was generated from the old metric. */
export const changeOf = (
  { exposed, name, panels, rules }: Pick<DescribedMetric, "exposed" | "name" | "panels" | "rules">,
  { alerts = [], what, ...found }: Found
): Change => ({
  ...found,
  severity: changeRules[found.code].severity,
  metric: name,
  message: `${what}. ${changeRules[found.code].why}`,
  samples: exposed.map(({ sample }) => sample),
  rules: [...rules, ...alerts],
  panels
})

/** The most severe first, otherwise in the same order. */
export const inOrder = (changes: ReadonlyArray<Change>): ReadonlyArray<Change> =>
  severities.flatMap((severity) => changes.filter((change) => change.severity === severity))

/** A missing value cannot be represented in JSON. */
export const both = (before: unknown, after: unknown): Pick<Found, "before" | "after"> => ({
  ...(before !== undefined && { before }),
  ...(after !== undefined && { after })
})

type Part = "event" | "quantile" | "dimension" | "label-value"

/** The entries that are in only one of two lists. */
export function* sets(
  part: Part,
  old: ReadonlyArray<unknown>,
  now: ReadonlyArray<unknown>,
  verb: string,
  of = ""
): Iterable<Found> {
  const [before, after] = [old, now].map((values) => new Set(values.map((value) => JSON.stringify(value))))
  const found = (code: ChangeCode, value: string, negation: string): Found => {
    const text = String(JSON.parse(value))
    // As in a query: outcome="FAILURE".
    const subject = of === "" ? text : `${of}${JSON.stringify(text)}`
    return { code, subject, what: `${negation}${verb} the ${part.replace("-", " ")} ${subject}` }
  }
  for (const value of before!) if (!after!.has(value)) yield found(`${part}-removed`, value, "no longer ")
  for (const value of after!) if (!before!.has(value)) yield found(`${part}-added`, value, "")
}

/**
 * The added entry that replaces a removed one: the only one with the same key, unless another removed entry has that
 * key.
 */
export const renamed = <A>(
  removed: ReadonlyArray<A>,
  added: ReadonlyArray<A>,
  keyOf: (one: A) => string | undefined
): ReadonlyMap<A, A> =>
  new Map(
    removed.flatMap((one) => {
      const key = keyOf(one)
      const others = added.filter((each) => keyOf(each) === key)
      const same = removed.filter((each) => keyOf(each) === key)
      return key !== undefined && others.length === 1 && same.length === 1 ? [[one, others[0]!] as const] : []
    })
  )

/** The generated rule that checks for metrics beyond their cardinality limit. */
export const watched = { alerts: ["MetricSeriesOverflow"] } as const
