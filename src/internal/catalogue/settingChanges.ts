/**
 * What changes in a metric that stays of its kind: what it measures, and how.
 */
import { both, type ChangeCode, type Found, sets, watched } from "./changes.ts"
import type { DescribedMetric, Exposed } from "./describedMetric.ts"

/** Without what is for people. */
export const measuredUnit = (unit = ""): string => unit.replaceAll(/\{[^}]*\}/g, "").replace(/^1$/, "")

export const settingChanges = (old: DescribedMetric, now: DescribedMetric): ReadonlyArray<Found> => [
  ...(old.measures === now.measures
    ? []
    : [
        {
          code: "measures-changed" as const,
          what: `measured ${old.measures ?? "1 for each event"} and measures ${now.measures ?? "1 for each event"}`,
          ...both(old.measures, now.measures)
        }
      ]),
  ...boundaries(old, now),
  ...sets("quantile", list(old.settings.quantiles), list(now.settings.quantiles), "shows"),
  ...sets("dimension", old.dimensions ?? [], now.dimensions ?? [], "shows"),
  ...Array.from(new Set([...Object.keys(old.settings), ...Object.keys(now.settings)])).flatMap((setting) =>
    ofSetting(setting, old.settings[setting], now.settings[setting])
  ),
  ...(measuredUnit(old.unit) === measuredUnit(now.unit) && old.name === now.name ? samples(old, now) : [])
]

const list = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

const boundaries = (old: DescribedMetric, now: DescribedMetric): ReadonlyArray<Found> => {
  const [before, after] = [old, now].map(({ exposed }) => exposed.flatMap(({ le = [] }) => le))
  // With another unit they are others in Prometheus, as its name is.
  const isSame = equal(before, after) || (old.unit !== now.unit && equal(scaleless(old), scaleless(now)))
  if (isSame) return []
  const gone = before!.filter((le) => !after!.includes(le))
  const come = after!.filter((le) => !before!.includes(le))
  return [
    {
      code: "boundaries-changed",
      what: `has other buckets in Prometheus${some(", without le=", gone)}${some(", with the new le=", come)}`,
      before,
      after
    }
  ]
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

/** Those that are compared above have none. */
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

const ofSetting = (setting: string, before: unknown, after: unknown): ReadonlyArray<Found> => {
  const code = Object.hasOwn(settingCodes, setting) ? settingCodes[setting] : "setting-changed"
  if (code === undefined || equal(before, after)) return []
  const what = `had ${setting} ${shown(before)} and has ${shown(after)}`
  return [{ code, subject: setting, what, ...both(before, after), ...(setting === "maxSeries" && watched) }]
}

const shown = (value: unknown): string => (value === undefined ? "unset" : JSON.stringify(value))

/** The same definition becomes something else where the library does. */
const samples = (old: DescribedMetric, now: DescribedMetric): ReadonlyArray<Found> => {
  const of = ({ sample, type }: Exposed, code: ChangeCode, what: string): Found => ({
    code,
    subject: sample,
    what: `${what} ${sample} (${type})`
  })
  return [
    ...old.exposed.flatMap((exposed): ReadonlyArray<Found> => {
      const other = now.exposed.find(({ sample }) => sample === exposed.sample)
      if (other === undefined) return [of(exposed, "sample-removed", "no longer shows")]
      return other.type === exposed.type ? [] : [of(other, "sample-type-changed", "shows with another type")]
    }),
    ...now.exposed.flatMap((exposed) =>
      old.exposed.some(({ sample }) => sample === exposed.sample) ? [] : [of(exposed, "sample-added", "shows")]
    )
  ]
}
