/** The changes in the labels of a metric. */
import { both, type Found, renamed, sets, watched } from "./changes.ts"
import type { DescribedMetric, Label } from "./describedMetric.ts"

/** By name. The counted values of a frequency may have the name of a label, and come after it. */
const labelsOf = ({ labels }: DescribedMetric): ReadonlyMap<string, Label> =>
  new Map(
    labels.map((label, at) => {
      const isSecond = labels.findIndex(({ name }) => name === label.name) < at
      return [JSON.stringify([label.name, isSecond]), label]
    })
  )

export function* labelChanges(old: DescribedMetric, now: DescribedMetric): Iterable<Found> {
  const [before, after] = [labelsOf(old), labelsOf(now)]
  const removed = Array.from(before).flatMap(([key, label]) => (after.has(key) ? [] : [label]))
  const added = Array.from(after).flatMap(([key, label]) => (before.has(key) ? [] : [label]))
  const others = renamed(removed, added, ({ source }) => (source.startsWith("the field ") ? source : undefined))
  const names = ({ labels }: DescribedMetric) => labels.map(({ name }) => name)
  const all = both(names(old), names(now))
  for (const label of removed) {
    const subject = label.name
    const other = others.get(label)
    if (other === undefined)
      yield { code: "label-removed", subject, what: `no longer has the label ${subject}`, ...all }
    else yield { code: "label-renamed", subject, what: `has the label ${other.name} in place of ${subject}`, ...all }
  }
  const isNew = new Set(others.values())
  for (const label of added) {
    if (isNew.has(label)) continue
    yield { code: "label-added", subject: label.name, what: `has the new label ${label.name}`, ...all }
  }
  for (const [key, label] of before) {
    const other = after.get(key) ?? others.get(label)
    if (other !== undefined) yield* ofLabel(label, other)
  }
}

function* ofLabel(old: Label, now: Label): Iterable<Found> {
  const subject = old.name
  if (old.source !== now.source) {
    const what = `had the label ${subject} from ${old.source} and has it from ${now.source}`
    yield { code: "label-source-changed", subject, what, before: old.source, after: now.source }
  }
  if (old.values !== undefined && now.values !== undefined) {
    yield* sets("label-value", old.values, now.values, "has", `${subject}=`)
    return
  }
  const values = both(old.values, now.values)
  if (old.values !== undefined) {
    yield { code: "label-opened", subject, what: `may have any value in the label ${subject}`, ...values, ...watched }
  } else if (now.values !== undefined) {
    yield { code: "label-closed", subject, what: `has in the label ${subject} only what the schema lists`, ...values }
  }
}
