/** The changes in a metric that keeps its kind: what it measures, and how. */
import { both, type ChangeCode, type Found, sets, watched } from "./changes.ts"
import type { DescribedMetric, Exposed } from "./describedMetric.ts"

/** Without annotations. */
export const measuredUnit = (unit = ""): string => unit.replaceAll(/\{[^}]*\}/g, "").replace(/^1$/, "")

export function* settingChanges(old: DescribedMetric, now: DescribedMetric): Iterable<Found> {
  const [before, after] = [old.measures, now.measures]
  if (before !== after) {
    const what = `measured ${before ?? "1 for each event"} and measures ${after ?? "1 for each event"}`
    yield { code: "measures-changed", what, ...both(before, after) }
  }
  yield* boundaries(old, now)
  yield* sets("quantile", list(old.settings.quantiles), list(now.settings.quantiles), "shows")
  yield* sets("dimension", old.dimensions ?? [], now.dimensions ?? [], "shows")
  for (const setting of Object.keys({ ...old.settings, ...now.settings })) {
    yield* ofSetting(setting, old.settings[setting], now.settings[setting])
  }
  if (measuredUnit(old.unit) === measuredUnit(now.unit) && old.name === now.name) yield* samples(old, now)
}

const list = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

function* boundaries(old: DescribedMetric, now: DescribedMetric): Iterable<Found> {
  const [before, after] = [old, now].map(({ exposed }) => exposed.flatMap(({ le = [] }) => le))
  // With another unit they are different in Prometheus, like the name.
  if (equal(before, after) || (old.unit !== now.unit && equal(scaleless(old), scaleless(now)))) return
  const gone = before!.filter((le) => !after!.includes(le))
  const come = after!.filter((le) => !before!.includes(le))
  const what = `has other buckets in Prometheus${some(", without le=", gone)}${some(", with the new le=", come)}`
  yield { code: "boundaries-changed", what, before, after }
}

const scaleless = ({ settings: { boundaries, maxScale, maxSize, range } }: DescribedMetric): unknown => [
  boundaries,
  maxScale,
  maxSize,
  range
]

const some = (text: string, values: ReadonlyArray<unknown>): string =>
  values.length === 0 ? "" : `${text}${values.slice(0, 5).join(", ")}${values.length > 5 ? " …" : ""}`

const equal = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right)

/** Settings that are compared above have no code. */
const settingCodes: { readonly [setting: string]: ChangeCode | undefined } = {
  boundaries: undefined,
  quantiles: undefined,
  windowMillis: "window-changed",
  slots: "window-changed",
  mode: "mode-changed",
  maxScale: "resolution-changed",
  maxSize: "resolution-changed",
  range: "resolution-changed",
  precision: "resolution-changed",
  maxSeries: "limit-changed",
  maxValues: "limit-changed",
  maxLabelLength: "limit-changed",
  expireAfter: "expiry-changed",
  fromZero: "from-zero-changed",
  exemplar: "exemplar-changed",
  from: "sources-changed"
}

function* ofSetting(setting: string, before: unknown, after: unknown): Iterable<Found> {
  const code = Object.hasOwn(settingCodes, setting) ? settingCodes[setting] : "setting-changed"
  if (code === undefined || equal(before, after)) return
  const what = `had ${setting} ${shown(before)} and has ${shown(after)}`
  yield { code, subject: setting, what, ...both(before, after), ...(setting === "maxSeries" && watched) }
}

const shown = (value: unknown): string => (value === undefined ? "unset" : JSON.stringify(value))

/** The same definition is exposed differently after a change in the library. */
function* samples(old: DescribedMetric, now: DescribedMetric): Iterable<Found> {
  const of = ({ sample, type }: Exposed, code: ChangeCode, what: string): Found => ({
    code,
    subject: sample,
    what: `${what} ${sample} (${type})`
  })
  const [before, after] = [old, now].map(({ exposed }) => new Map(exposed.map((each) => [each.sample, each])))
  for (const [sample, exposed] of before!) {
    const other = after!.get(sample)
    if (other === undefined) yield of(exposed, "sample-removed", "no longer shows")
    else if (other.type !== exposed.type) yield of(other, "sample-type-changed", "shows with another type")
  }
  for (const [sample, exposed] of after!) if (!before!.has(sample)) yield of(exposed, "sample-added", "shows")
}
