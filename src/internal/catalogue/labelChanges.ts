/**
 * What changes in the labels of a metric.
 */
import { both, type Found, sets, watched } from "./changes.ts"
import type { DescribedMetric, Label } from "./describedMetric.ts"

export const labelChanges = (old: DescribedMetric, now: DescribedMetric): ReadonlyArray<Found> => {
  const removed = old.labels.filter(({ name }) => !now.labels.some((label) => label.name === name))
  const added = now.labels.filter(({ name }) => !old.labels.some((label) => label.name === name))
  const names = ({ labels }: DescribedMetric) => labels.map(({ name }) => name)
  const renamed = new Map(
    removed.flatMap((label) => {
      const others = added.filter((each) => isSameSource(each, label))
      const same = removed.filter((each) => isSameSource(each, label))
      return others.length === 1 && same.length === 1 ? [[label, others[0]!] as const] : []
    })
  )
  const isNew = new Set(renamed.values())
  const all = both(names(old), names(now))
  return [
    ...removed.map((label): Found => {
      const other = renamed.get(label)
      return other === undefined
        ? { code: "label-removed", subject: label.name, what: `no longer has the label ${label.name}`, ...all }
        : {
            code: "label-renamed",
            subject: label.name,
            what: `has the label ${other.name} in place of ${label.name}`,
            ...all
          }
    }),
    ...added.flatMap(
      (label): ReadonlyArray<Found> =>
        isNew.has(label)
          ? []
          : [{ code: "label-added", subject: label.name, what: `has the new label ${label.name}`, ...all }]
    ),
    ...old.labels.flatMap((label) => {
      const other = now.labels.find(({ name }) => name === label.name) ?? renamed.get(label)
      return other === undefined ? [] : ofLabel(label, other)
    })
  ]
}

const isSameSource = (left: Label, right: Label): boolean =>
  left.source === right.source && left.source.startsWith("the field ")

const ofLabel = (old: Label, now: Label): ReadonlyArray<Found> => {
  const { name } = old
  const source: ReadonlyArray<Found> =
    old.source === now.source
      ? []
      : [
          {
            code: "label-source-changed",
            subject: name,
            what: `had the label ${name} from ${old.source} and has it from ${now.source}`,
            before: old.source,
            after: now.source
          }
        ]
  if (old.values !== undefined && now.values !== undefined) {
    return [...source, ...sets("label-value", old.values, now.values, "has", `${name}=`)]
  }
  if (old.values === now.values) return source
  const [code, what] =
    now.values === undefined
      ? (["label-opened", `may have any value in the label ${name}`] as const)
      : (["label-closed", `has in the label ${name} only what the schema lists`] as const)
  return [
    ...source,
    { code, subject: name, what, ...both(old.values, now.values), ...(code === "label-opened" && watched) }
  ]
}
